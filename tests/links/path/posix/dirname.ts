/**
 * A local stand-in for `jsr:@std/path/posix/dirname`.
 *
 * @module
 */

import { withoutEnd } from "./without_end.ts";

/** Return the directory part of a path. */
export function dirname(path: string): string {
  const whole = withoutEnd(path);
  const slash = whole.lastIndexOf("/");
  if (slash < 0) return path.startsWith("/") ? "/" : ".";
  return withoutEnd(whole.slice(0, slash)) || "/";
}
