/**
 * A local stand-in for the functions of `jsr:@std/path` that this project uses. The project runs on
 * POSIX systems only, so both entry points are the same.
 *
 * @module
 */

export * from "./posix.ts";
