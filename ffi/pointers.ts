/**
 * Whether this program may read memory through pointers. `--allow-ffi=` with a path grants calls into that
 * library, but not to its memory: what needs that is left out then, and Deno is not asked to prompt.
 *
 * @module
 */

/** Whether pointers may be followed. Never asks. */
export function mayFollowPointers(): boolean {
  return Deno.permissions.querySync({ name: "ffi" }).state === "granted";
}
