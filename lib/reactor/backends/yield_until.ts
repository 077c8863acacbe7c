/**
 * Waiting for a call in Deno's thread pool that was woken.
 *
 * @module
 */

import { schedYield } from "../../../ffi/syscalls/readiness.ts";
import { now } from "../../event_loop.ts";

/** How long to wait, in milliseconds. */
const LIMIT = 50;

/**
 * Yield the processor until `isDone`, which takes microseconds if the other thread gets one. The limit is a time: a
 * number of yields takes none where this processor has nothing else to do.
 */
export function yieldUntil(isDone: () => boolean): void {
  const limit = now() + LIMIT;
  while (!isDone() && now() < limit) schedYield();
}
