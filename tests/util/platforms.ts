/**
 * The tables of single systems, wherever the tests run.
 *
 * @module
 */

import * as darwin from "../../ffi/platform/darwin.ts";
import * as linux from "../../ffi/platform/linux.ts";
import type { Platform } from "../../ffi/platform/mod.ts";

export const linuxX64: Platform = linux.linuxX64();
export const darwinX64: Platform = darwin.darwinX64();
export const darwinArm64: Platform = darwin.darwinArm64();
