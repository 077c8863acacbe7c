/**
 * The pending waits of one descriptor.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { type Interest, READABLE, type Watched, WRITABLE } from "./types.ts";

/** What a {@linkcode Registration} needs from its reactor. */
export interface RegistrationHost {
  /** Ask the kernel for `interest` before a wait is added: the error, if that fails. */
  prepare(registration: Registration, interest: Interest): Error | undefined;
  /** The numbers of pending waits changed: of all, and of those that keep the process alive. */
  count(waits: number, holding: number): void;
  /** Make the kernel release the open file: the descriptor is about to be closed. */
  deregister(registration: Registration): void;
}

/** One pending wait, in a linked list: there is rarely a second. */
class Waiter {
  next: Waiter | undefined = undefined;
  signal: AbortSignal | undefined = undefined;
  onAbort: (() => void) | undefined = undefined;

  constructor(
    readonly resolve: () => void,
    readonly reject: (reason: unknown) => void,
  ) {}

  /** Take the listener off the signal. */
  release(): void {
    if (this.onAbort) this.signal?.removeEventListener("abort", this.onAbort);
  }
}

// Errors and hang-ups are always reported, and end the waits of both directions.
const { POLLERR, POLLHUP, POLLNVAL, POLLRDHUP } = platform;
const READ_EVENTS = READABLE | POLLERR | POLLHUP | POLLNVAL | POLLRDHUP;
const WRITE_EVENTS = WRITABLE | POLLERR | POLLHUP | POLLNVAL;

/** One descriptor in the reactor of the current thread. It refers to its pending waits and to nothing of the user's. */
export class Registration implements Watched {
  slot = -1;
  readToken = 0;
  writeToken = 0;
  registered = 0;
  unclaimed = 0;
  /** For how many microseconds a wait polls before it lets the thread sleep; 0: not at all. */
  busyPoll = 0;
  /** Set this where the descriptor is an eventfd(2), or may have one in it, as an epoll(7) set. */
  isEvent = false;
  #readers: Waiter | undefined = undefined;
  #writers: Waiter | undefined = undefined;
  #waits = 0;
  #holds = true;
  #error: Error | undefined = undefined;

  constructor(readonly fd: number, readonly host: RegistrationHost) {}

  get awaited(): number {
    return (this.#readers ? READABLE : 0) | (this.#writers ? WRITABLE : 0);
  }

  /**
   * Resolve when the descriptor may have become ready. The caller then repeats its non-blocking call and,
   * when that still says EAGAIN, waits again: a wait may end early, never too late.
   *
   * Call it in the same step in which the non-blocking call said EAGAIN, with no `await` in between.
   * Readiness that came before that step and was not used up is not announced again.
   *
   * @throws {unknown} If `signal` aborts or {@linkcode cancel} is called: the reason that was given.
   */
  wait(interest: Interest, signal?: AbortSignal): Promise<void> {
    if (this.#error) return Promise.reject(this.#error);
    if (signal?.aborted) return Promise.reject(signal.reason);
    const failed = this.host.prepare(this, interest);
    if (failed) return Promise.reject(failed);
    return new Promise((resolve, reject) =>
      this.#add(interest, new Waiter(resolve, reject), signal)
    );
  }

  #add(interest: Interest, waiter: Waiter, signal: AbortSignal | undefined): void {
    if (interest === READABLE) {
      waiter.next = this.#readers;
      this.#readers = waiter;
    } else {
      waiter.next = this.#writers;
      this.#writers = waiter;
    }
    this.#waits++;
    this.host.count(1, this.#holds ? 1 : 0);
    if (signal) this.#listen(waiter, signal);
  }

  #listen(waiter: Waiter, signal: AbortSignal): void {
    waiter.signal = signal;
    waiter.onAbort = (): void => {
      this.#readers = without(this.#readers, waiter);
      this.#writers = without(this.#writers, waiter);
      waiter.release();
      this.#ended(1);
      waiter.reject(signal.reason);
    };
    signal.addEventListener("abort", waiter.onAbort);
  }

  #ended(waits: number): void {
    this.#waits -= waits;
    this.host.count(-waits, this.#holds ? -waits : 0);
  }

  /** End the waits that `events` satisfies: whether there were any. */
  deliver(events: number): boolean {
    let ended = 0;
    if (this.#readers && (events & READ_EVENTS)) {
      const readers = this.#readers;
      this.#readers = undefined;
      ended += resolveAll(readers);
    }
    if (this.#writers && (events & WRITE_EVENTS)) {
      const writers = this.#writers;
      this.#writers = undefined;
      ended += resolveAll(writers);
    }
    if (ended === 0) return false;
    this.#ended(ended);
    return true;
  }

  /** End all waits with an error that later ones do not see. */
  rejectWaits(error: Error): void {
    const lists = [this.#readers, this.#writers];
    this.#readers = this.#writers = undefined;
    if (this.#waits > 0) this.#ended(this.#waits);
    for (const list of lists) rejectAll(list, error);
  }

  /**
   * End every wait with `error` and make the kernel release the open file. Call it before close(2): a pending wait
   * would keep the open file, and the peer would not see its end. Later waits are rejected with the error of the
   * first call.
   */
  cancel(error: Error): void {
    if (this.#error) return;
    this.#error = error;
    this.host.deregister(this);
    if (this.#waits > 0) this.rejectWaits(error);
  }

  /** Make pending waits keep the process alive, which is the default. */
  ref(): void {
    if (!this.#holds) this.host.count(0, this.#waits);
    this.#holds = true;
  }

  /** Let the process end although waits are pending. */
  unref(): void {
    if (this.#holds) this.host.count(0, -this.#waits);
    this.#holds = false;
  }
}

function resolveAll(list: Waiter): number {
  let ended = 0;
  for (let it: Waiter | undefined = list; it; it = it.next) {
    ended++;
    it.release();
    it.resolve();
  }
  return ended;
}

function rejectAll(list: Waiter | undefined, error: Error): void {
  for (let it = list; it; it = it.next) {
    it.release();
    it.reject(error);
  }
}

function without(list: Waiter | undefined, waiter: Waiter): Waiter | undefined {
  if (list === waiter) return waiter.next;
  for (let it = list; it; it = it.next) {
    if (it.next === waiter) it.next = waiter.next;
  }
  return list;
}
