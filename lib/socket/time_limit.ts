/**
 * Time limits of blocking calls.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import type { Channel } from "../descriptor/descriptor.ts";
import { type Outcome, performSync } from "../descriptor/perform.ts";
import { shown, systemError } from "../errors.ts";
import { READABLE } from "../reactor/mod.ts";
import { pollTimeout } from "./options.ts";

/**
 * How a blocking form of an operation works.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 * import { assertThrows } from "@std/assert";
 *
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * const options: unix.SyncOptions = { timeout: 10 };
 * assertThrows(() => a.readSync(new Uint8Array(1), options), Deno.errors.TimedOut);
 * console.log(b.type);
 * ```
 */
export interface SyncOptions {
  /** How long to wait at most, in milliseconds; then `Deno.errors.TimedOut` is thrown. The default is the socket's own limit. */
  timeout?: number;
}

/** The longest limit, in milliseconds. */
const MAX_TIMEOUT = 2 ** 31;

/**
 * Check a limit that is given with a call, in milliseconds.
 *
 * @throws {RangeError} If it is out of range.
 */
export function checkedTimeout(timeout: number | undefined): number | undefined {
  if (timeout === undefined) return undefined;
  if (typeof timeout === "number" && timeout >= 0 && timeout <= MAX_TIMEOUT) return timeout;
  throw new RangeError(
    `Cannot wait for ${shown(timeout)} ms: give a number from 0 to ${MAX_TIMEOUT}`,
  );
}

/**
 * Perform an operation, blocking the thread.
 *
 * @param timeout The limit given with the call, in milliseconds; without one that of the socket counts, and
 * exceeding that is `WouldBlock`.
 * @throws {Deno.errors.TimedOut} If the limit given with the call is over.
 */
export function performWithin<T>(
  channel: Channel,
  operation: Outcome<T>,
  timeout: number | undefined,
): T {
  if (timeout === undefined) return performSync(channel, operation, ownLimit);
  try {
    return performSync(channel, operation, () => timeout);
  } catch (error) {
    if (!(error instanceof Deno.errors.WouldBlock)) throw error;
    throw timedOut(channel.interest === READABLE ? "recvmsg" : "sendmsg", timeout);
  }
}

/** Look up how long a blocking operation may wait, in the form that poll(2) takes. */
function ownLimit({ descriptor, interest }: Channel): number {
  const option = interest === READABLE ? platform.SO_RCVTIMEO : platform.SO_SNDTIMEO;
  return pollTimeout(descriptor.fd, option);
}

/** Return the error for a call whose time is over. */
export function timedOut(syscall: string, timeout: number, address?: string): Error {
  const errno = platform.errnoNames.indexOf("ETIMEDOUT");
  return systemError(errno, syscall, address, `nothing changed within ${timeout} ms`);
}
