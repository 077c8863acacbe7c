/**
 * Waiting for readiness, for programs that make the system calls themselves.
 *
 * @module
 */

import { requireSignal } from "./signal.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { fcntl, poll } from "../../ffi/syscalls/files.ts";
import { check, closedError } from "../errors.ts";
import { READABLE, WRITABLE, yieldIfBudgetSpent } from "../reactor/mod.ts";
import type { Descriptor } from "./descriptor.ts";

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
 * Wait until poll(2) reports `interest`, a hang-up or an error. Nothing is read, and other operations on the
 * descriptor go on meanwhile.
 *
 * @param unread Whether bytes were taken before that the next read returns: poll(2) does not know of them.
 * @throws {TypeError} If `interest` is neither `"read"` nor `"write"`.
 * @throws {Deno.errors.BadResource} If the descriptor is closed, also while waiting, or was opened with `O_PATH`.
 */
export async function waitUntilReady(
  descriptor: Descriptor,
  interest: "read" | "write",
  signal?: AbortSignal,
  unread = false,
): Promise<void> {
  if (interest !== "read" && interest !== "write") {
    throw new TypeError(
      `Cannot wait for ${JSON.stringify(interest)}: give "read" or "write"`,
    );
  }
  const events = interest === "read" ? READABLE : WRITABLE;
  for (;;) {
    requireSignal(signal);
    const found = check(poll(descriptor.fd, events, 0), "poll");
    if ((found & platform.POLLNVAL) !== 0) throw refusedByPoll(descriptor);
    if (found !== 0 || unread) break;
    await descriptor.wait(events, signal);
  }
  await yieldIfBudgetSpent();
}

/** Return the error for a descriptor that poll(2) calls invalid: foreign code closed it, or it refers to a path only. */
function refusedByPoll({ fd, owner }: Descriptor): Error {
  if (fcntl(fd, platform.F_GETFL, 0) < 0) return closedError(owner);
  return new Deno.errors.BadResource(
    `Cannot wait for the ${owner}: poll(2) refuses it although it is open, as one with O_PATH, which can be neither read nor written; open the file without that`,
  );
}
