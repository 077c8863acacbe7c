/**
 * Advisory locks on whole files, by flock(2).
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { flock } from "../../ffi/syscalls/files.ts";
import type { Descriptor } from "../descriptor/descriptor.ts";
import { check, checkedFlag } from "../errors.ts";

/** The longest time between two attempts, in milliseconds. The kernel reports no event when a lock is free. */
const LONGEST_PAUSE = 32;

/** Try to take the lock. Returns whether it was taken. */
export function tryLock(fd: number, exclusive: boolean): boolean {
  const result = flock(fd, modeOf(exclusive) | platform.LOCK_NB);
  return result !== -platform.EAGAIN && check(result, "flock") === 0;
}

/** Retry with pauses, so that `close` ends the wait and no thread of the pool is blocked. */
export async function lock(descriptor: Descriptor, exclusive: boolean): Promise<void> {
  for (let pause = 1; !tryLock(descriptor.fd, exclusive);) {
    await descriptor.delay(pause);
    pause = Math.min(LONGEST_PAUSE, pause * 2);
  }
}

/** Block the thread until the lock is taken. */
export function lockSync(fd: number, exclusive: boolean): void {
  check(flock(fd, modeOf(exclusive)), "flock");
}

function modeOf(exclusive: boolean): number {
  return checkedFlag("exclusive", exclusive) ? platform.LOCK_EX : platform.LOCK_SH;
}

/** Release the lock. */
export function unlock(fd: number): void {
  check(flock(fd, platform.LOCK_UN), "flock");
}
