/**
 * A local stand-in for the functions of `jsr:@std/path/posix` that this project uses, on Deno's own
 * `node:path`, for machines that cannot reach JSR.
 *
 * @module
 */

import type { PlatformPath } from "node:path";

let loaded: PlatformPath | undefined;

/** A static import of `node:path` would cost every program some milliseconds, and few get to use it. */
function posix(): PlatformPath {
  return loaded ??= globalThis.process.getBuiltinModule("node:path").posix;
}

/** Return the last portion of a path. */
export function basename(path: string, suffix = ""): string {
  return posix().basename(path, suffix);
}

/** Return the directory path of a path. */
export function dirname(path: string): string {
  return posix().dirname(path);
}

/** Join all given path segments, then normalise the result. */
export function join(path: string, ...paths: string[]): string {
  return posix().join(path, ...paths);
}

/** Resolve path segments into an absolute path. */
export function resolve(...segments: string[]): string {
  return posix().resolve(...segments);
}
