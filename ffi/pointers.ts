/**
 * Whether this program may follow pointers. `--allow-ffi=` with a path grants calls into that library, but
 * no look at memory that the library owns: what needs that is left out then, without a question.
 *
 * @module
 */

/** Whether pointers may be followed. Never asks. */
export function mayFollowPointers(): boolean {
  return Deno.permissions.querySync({ name: "ffi" }).state === "granted";
}
