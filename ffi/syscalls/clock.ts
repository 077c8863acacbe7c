/**
 * The system's clocks.
 *
 * @module
 */

import { libc } from "../libc.ts";

const CLOCK_MONOTONIC = 1; // <linux/time.h>

const timespec = new Uint8Array(16); // struct timespec: time_t tv_sec; long tv_nsec;

/** clock_gettime(2) of the monotonic clock, in microseconds. Linux, where it does not fail for this clock. */
export function monotonicMicroseconds(): bigint {
  libc().clock_gettime(CLOCK_MONOTONIC, timespec);
  const view = new DataView(timespec.buffer);
  return view.getBigInt64(0, true) * 1_000_000n + view.getBigInt64(8, true) / 1000n;
}
