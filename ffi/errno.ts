/**
 * The calling thread's `errno`, as a view over the C library's own variable. It is right when read in
 * the same step as the call that failed; a second foreign call made to fetch it may come too late.
 *
 * @module
 */

let view = new Int32Array(1);

/** Lay the view over the variable at `location`. Each isolate stays on the thread it started on. */
export function attachErrno(location: Deno.PointerValue): void {
  if (location === null) throw new Deno.errors.NotSupported("The C library has no errno location");
  view = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(location, 4));
}

/** Return the error number that the last failed call on this thread left. */
export function errno(): number {
  return view[0] ?? 0;
}
