/**
 * Waiting for readiness: one reactor per thread, started by the first wait.
 *
 * @module
 */

import { schedYield } from "../../ffi/syscalls/readiness.ts";
import { atEndOfTurn, atUnload, inMicrotask, inNextTurn, now } from "../event_loop.ts";
import { mechanisms, openers } from "./backends/select.ts";
import { IdlePolicy } from "./idle_policy.ts";
import { IoTurns } from "./io_turns.ts";
import { Reactor } from "./reactor.ts";
import type { Registration } from "./registration.ts";
import type { BackendName } from "./types.ts";

export { READABLE, WRITABLE } from "./types.ts";
export type { BackendName, Interest } from "./types.ts";
export type { Registration, WaitFailure } from "./registration.ts";

let current: Reactor | undefined;

/** The busy turns of this thread. */
const busyTurns = new IoTurns();

function reactor(): Reactor {
  return current ??= start();
}

/** Start this thread's reactor, and release at its end what the kernel would keep. */
function start(): Reactor {
  const reactor = new Reactor({
    choose: openers,
    beginWithLast: true,
    loop: {
      now,
      inMicrotask,
      atEndOfTurn,
      inNextTurn: (callback, isBusy) => isBusy ? busyTurns.next(callback) : inNextTurn(callback),
    },
    idle: new IdlePolicy({ now, schedYield }, mechanisms()),
  });
  atUnload(() => {
    reactor.dispose();
    busyTurns.dispose();
  });
  return reactor;
}

/**
 * Register a descriptor with this thread's reactor. It may be anything that poll(2) supports, and
 * should be non-blocking or used with `MSG_DONTWAIT`. The kernel is not called before the first wait.
 */
export function register(fd: number): Registration {
  return reactor().register(fd);
}

/**
 * Keep a busy descriptor from starving the rest: every operation that succeeded without a wait calls
 * this, and awaits what it returns now and then, a promise of a later turn of the event loop.
 */
export function yieldIfBudgetSpent(): Promise<void> | undefined {
  return reactor().yieldIfBudgetSpent();
}

/** Note that an operation succeeded at once: others of this thread may wait for what it wrote or ended. */
export function progressed(): void {
  current?.progressed();
}

/** Have the kernel release every open file that it waits for, until the function that this returns is called. */
export function suspend(): () => void {
  const reactor = current;
  reactor?.suspend();
  busyTurns.dispose();
  return () => reactor?.resume();
}

/**
 * Return the backend that this thread waits with, the best one that the machine allows. Until this is
 * called, or until it has slept 128 times, a thread waits in the thread pool, which costs least to begin with.
 * The environment variable `DENET_UNIX_REACTOR` forces one of the three, if the program may read it.
 *
 * - `"io_uring"`: Linux's ring of events, shared with the kernel, which wakes Deno's own event loop. Not in
 *   Workers, as a ring outlives its thread: there, `"aio"` stands in.
 * - `"aio"`: epoll(7), which wakes Deno's own event loop through Linux's asynchronous I/O.
 * - `"pool"`: one call in Deno's thread pool, on any system.
 *
 * @throws {Error} If the one that `DENET_UNIX_REACTOR` names does not work here; the message names the others.
 * @throws {Deno.errors.NotCapable} If there is no FFI permission.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 *
 * console.log(unix.reactorBackend());
 * ```
 */
export function backend(): BackendName {
  return reactor().backend();
}

/** Open all that waiting and busy turns need, which is otherwise opened when it is needed. */
export function openAll(): void {
  backend();
  busyTurns.open();
}
