/**
 * All decoders.
 *
 * @module
 */

import type { Protocol } from "./decoder.ts";
import { dbus } from "./dbus.ts";
import { http } from "./http.ts";
import { jsonLines } from "./json_lines.ts";
import { postgres } from "./postgres.ts";
import { redis } from "./redis.ts";
import { wayland } from "./wayland.ts";

export type { Decoder, DecoderOptions, Protocol } from "./decoder.ts";

/** In the order in which they look at the first bytes. */
export const PROTOCOLS: readonly Protocol[] = [http, jsonLines, dbus, wayland, postgres, redis];
