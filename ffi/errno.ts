/**
 * The calling thread's `errno`, as a view over the C library's own variable. It is right when read in
 * the same step as the call that failed; a second foreign call to fetch it may come too late. Where the
 * permission does not allow a view, a second call has to do.
 *
 * @module
 */

import { mayFollowPointers } from "./pointers.ts";

/** memcpy(3). */
type Copy = (to: Uint8Array<ArrayBuffer>, from: Deno.PointerValue, length: bigint) => unknown;

let view = new Int32Array(0);
let fetch: (() => void) | undefined;

/**
 * Lay the view over the variable at `location`, or have it copied by what `openCopy` returns where no view is
 * permitted. Each isolate stays on the thread it started on.
 */
export function attachErrno(location: Deno.PointerValue, openCopy: () => Copy): void {
  if (location === null) {
    throw new Deno.errors.NotSupported(
      "Cannot use the C library: it has no errno location; use glibc, musl or that of macOS",
    );
  }
  if (mayFollowPointers()) {
    view = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(location, 4));
    return;
  }
  const copy = openCopy();
  view = new Int32Array(1);
  const bytes = new Uint8Array(view.buffer);
  fetch = (): void => {
    copy(bytes, location, 4n);
  };
}

/** Return the error number as it stands, whether a call has failed or not: next to no work. */
export function errnoAtHand(): number {
  return view[0] ?? 0;
}

/** Return the error number that the last failed call on this thread left, seen right after it. */
export function errno(seen: number = errnoAtHand()): number {
  if (fetch === undefined) return seen;
  fetch();
  return errnoAtHand();
}
