/**
 * Waiting for readiness, for programs that make the system calls themselves.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { fcntl, poll } from "../../ffi/syscalls/files.ts";
import { check, closedError, requireOptions, shown } from "../errors.ts";
import { READABLE, WRITABLE, yieldIfBudgetSpent } from "../reactor/mod.ts";
import type { Descriptor } from "./descriptor.ts";
import { requireSignal } from "./signal.ts";

/**
 * How `ready` works.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 * import { assertRejects } from "@std/assert";
 *
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * const options = { signal: AbortSignal.timeout(20) };
 * await assertRejects(() => a.ready("read", options), DOMException);
 * console.log(b.type);
 * ```
 */
export interface ReadyOptions {
  /** Ends the wait; the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Check the arguments of `ready`. Returns the signal.
 *
 * @throws {TypeError} If `interest` is neither `"read"` nor `"write"`, or the options are none.
 * @throws {unknown} If the signal has aborted: its reason.
 */
export function checkedReady(
  interest: "read" | "write",
  options: ReadyOptions,
): AbortSignal | undefined {
  requireOptions(options, "wait");
  const { signal } = options;
  requireSignal(signal);
  if (interest === "read" || interest === "write") return signal;
  throw new TypeError(`Cannot wait for ${shown(interest)}: give "read" or "write"`);
}

/**
 * Wait until poll(2) reports `interest`, a hang-up or an error. Nothing is read, and other operations on the
 * descriptor go on meanwhile.
 *
 * @param hasUnread Whether bytes were taken before that the next read returns: poll(2) does not know of them. Putting
 * some back ends the waits of the descriptor.
 * @throws {Deno.errors.BadResource} If the descriptor is closed, also while waiting, or was opened with `O_PATH`.
 */
export async function waitUntilReady(
  descriptor: Descriptor,
  interest: "read" | "write",
  signal?: AbortSignal,
  hasUnread: () => boolean = () => false,
): Promise<void> {
  const events = interest === "read" ? READABLE : WRITABLE;
  for (;;) {
    signal?.throwIfAborted();
    const found = check(poll(descriptor.fd, events, 0), "poll");
    if ((found & platform.POLLNVAL) !== 0) throw refusedByPoll(descriptor);
    if (found !== 0 || hasUnread()) break;
    await descriptor.wait(events, signal);
  }
  await yieldIfBudgetSpent();
}

/** Return the error for a descriptor that poll(2) calls invalid: foreign code closed it, or it refers to a path only. */
function refusedByPoll({ fd, owner }: Descriptor): Error {
  if (fcntl(fd, platform.F_GETFL, 0) < 0) return closedError(owner);
  return new Deno.errors.BadResource(
    `Cannot wait for the ${owner}: poll(2) refuses it, as it does each one with O_PATH; open the file without that flag`,
  );
}
