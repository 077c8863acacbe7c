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
 * Yield the processor until `isDone`, which takes microseconds if the other thread gets one, for at most `limit`
 * milliseconds: a number of yields takes none where this processor has nothing else to do.
 */
export function yieldUntil(isDone: () => boolean, limit = LIMIT): void {
  const end = now() + limit;
  while (!isDone() && now() < end) schedYield();
}
