/**
 * The table of the platform this process runs on. The only file that reads `Deno.build`.
 *
 * @module
 */

import { darwinArm64, darwinX64 } from "./darwin.ts";
import { linuxArm64, linuxX64 } from "./linux.ts";
import type { Platform } from "./types.ts";

export { MISSING } from "./types.ts";
export type { Constants, Field, Platform, StatLayout, Struct, Structs } from "./types.ts";

/** What makes each table, by its name: making one takes long enough to make only the one in force. */
export const platforms: Readonly<Record<string, (isMusl?: boolean) => Platform>> = {
  "linux-x86_64": linuxX64,
  "linux-aarch64": linuxArm64,
  "darwin-x86_64": darwinX64,
  "darwin-aarch64": darwinArm64,
};

function select(): Platform {
  const name = `${Deno.build.os}-${Deno.build.arch}`;
  const known = platforms[name];
  const isMusl = Deno.build.target.endsWith("musl");
  // Importing must work everywhere: an unknown platform gets a table that nothing can be loaded with.
  return known?.(isMusl) ??
    { ...linuxX64(), name, supported: false, libc: [], abstractNames: false };
}

/** The table in force. */
export let platform: Platform = select();

/**
 * Put another table in force, and return the one that was: for tests, which run the paths of other
 * systems by pretending that something is missing. Modules that look a constant up once, when they are
 * loaded, keep it.
 */
export function replacePlatform(table: Platform): Platform {
  const previous = platform;
  platform = table;
  return previous;
}
