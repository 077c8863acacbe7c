/**
 * A local stand-in for `jsr:@std/path/posix/basename`. It stands on nothing of Node's: that would be
 * loaded with every import of this project, and take longer than all the rest of it.
 *
 * @module
 */

import { withoutEnd } from "./without_end.ts";

/** Return the last portion of a path, without separators behind it. */
export function basename(path: string, suffix = ""): string {
  const whole = withoutEnd(path);
  if (whole === "") return path === "" ? "" : "/";
  const name = whole.slice(whole.lastIndexOf("/") + 1);
  return name !== suffix && name.endsWith(suffix)
    ? name.slice(0, name.length - suffix.length)
    : name;
}
