/**
 * How a system call reports here: its value, or the negated error number.
 *
 * @module
 */

import { errno, errnoAtHand } from "../errno.ts";
import { platform } from "../platform/mod.ts";

// The error number is read before the result is looked at: where V8 has not seen a call fail yet, it gives up
// its optimized code for the first that does, and what it calls for that may leave another number.

/** Turn what a C function returned into a value or `-errno`. Call it in the same expression. */
export function checked(result: number | bigint): number {
  const seen = errnoAtHand();
  return result < 0 ? -errno(seen) : Number(result);
}

const wide = new BigInt64Array(1);
const narrow = new Int32Array(wide.buffer);

/**
 * The same for a count of bytes (`ssize_t`), which fits 32 bits: one call transfers less than 2 GiB. Stored
 * like this, the result never becomes a BigInt object, which takes longer to make and to collect than
 * everything else in JavaScript that a call needs.
 */
export function checkedCount(result: bigint): number {
  const seen = errnoAtHand();
  wide[0] = result;
  const count = narrow[0] ?? -1;
  return count < 0 ? -errno(seen) : count;
}

/** Repeat the call while a signal handler interrupts it: for calls that may safely be repeated. */
export function retried(call: () => number | bigint): number {
  for (;;) {
    const result = checked(call());
    if (result !== -platform.EINTR) return result;
  }
}

/** What a function that this system lacks reports. */
export function missing(): number {
  return -platform.ENOSYS;
}
