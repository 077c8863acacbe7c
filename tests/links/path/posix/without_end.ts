/**
 * What the stand-ins here share.
 *
 * @module
 */

/** Return a path without the separators at its end. */
export function withoutEnd(path: string): string {
  let end = path.length;
  while (end > 0 && path[end - 1] === "/") end--;
  return path.slice(0, end);
}
