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

/** Why a wait ended before the descriptor may have become ready. */
export interface WaitFailure {
  readonly reason: unknown;
}

/** Called once at the end of a wait, with the failure if there was one. */
export type WaitEnd = (failure?: WaitFailure) => void;

/** One pending wait, in a linked list: there is rarely a second. */
class Waiter {
  next: Waiter | undefined = undefined;
  /** Takes the listener off the signal, where there is one. */
  release: (() => void) | undefined = undefined;

  constructor(readonly end: WaitEnd) {}
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
  #holds = true;
  #error: Error | undefined = undefined;

  constructor(public fd: number, readonly host: RegistrationHost) {}

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
    return new Promise((resolve, reject) => {
      const end: WaitEnd = (failure) => failure ? reject(failure.reason) : resolve();
      this.begin(interest, end, signal);
    });
  }

  /** Begin a wait as {@linkcode wait} does, and call `end` at its end: one function takes less memory than two. */
  begin(interest: Interest, end: WaitEnd, signal?: AbortSignal): void {
    if (this.#error) return end({ reason: this.#error });
    if (signal?.aborted) return end({ reason: signal.reason });
    const failed = this.host.prepare(this, interest);
    if (failed) return end({ reason: failed });
    const waiter = new Waiter(end);
    if (interest === READABLE) {
      waiter.next = this.#readers;
      this.#readers = waiter;
    } else {
      waiter.next = this.#writers;
      this.#writers = waiter;
    }
    this.host.count(1, this.#holds ? 1 : 0);
    if (signal) Registration.#listen(this, waiter, signal);
  }

  // Static: with a private method, each registration would take memory for the mark of its class.

  static #listen(registration: Registration, waiter: Waiter, signal: AbortSignal): void {
    const abort = (): void => {
      registration.#readers = without(registration.#readers, waiter);
      registration.#writers = without(registration.#writers, waiter);
      waiter.release?.();
      Registration.#ended(registration, 1);
      waiter.end({ reason: signal.reason });
    };
    waiter.release = () => signal.removeEventListener("abort", abort);
    signal.addEventListener("abort", abort);
  }

  static #ended(registration: Registration, waits: number): void {
    registration.host.count(-waits, registration.#holds ? -waits : 0);
  }

  static #pending(registration: Registration): number {
    return lengthOf(registration.#readers) + lengthOf(registration.#writers);
  }

  /** End the waits that `events` satisfies: whether there were any. */
  deliver(events: number): boolean {
    let ended = 0;
    if (this.#readers && (events & READ_EVENTS)) {
      const readers = this.#readers;
      this.#readers = undefined;
      ended += endAll(readers);
    }
    if (this.#writers && (events & WRITE_EVENTS)) {
      const writers = this.#writers;
      this.#writers = undefined;
      ended += endAll(writers);
    }
    if (ended === 0) return false;
    Registration.#ended(this, ended);
    return true;
  }

  /** End all waits with an error that later ones do not see. */
  rejectWaits(error: Error): void {
    const [readers, writers] = [this.#readers, this.#writers];
    this.#readers = this.#writers = undefined;
    const failure = { reason: error };
    const ended = endAll(readers, failure) + endAll(writers, failure);
    if (ended > 0) Registration.#ended(this, ended);
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
    this.rejectWaits(error);
  }

  /** Make pending waits keep the process alive, which is the default. */
  ref(): void {
    if (!this.#holds) this.host.count(0, Registration.#pending(this));
    this.#holds = true;
  }

  /** Let the process end although waits are pending. */
  unref(): void {
    if (this.#holds) this.host.count(0, -Registration.#pending(this));
    this.#holds = false;
  }
}

/** End all waits of a list: how many there were. */
function endAll(list: Waiter | undefined, failure?: WaitFailure): number {
  let ended = 0;
  for (let it = list; it; it = it.next) {
    ended++;
    it.release?.();
    it.end(failure);
  }
  return ended;
}

function lengthOf(list: Waiter | undefined): number {
  let length = 0;
  for (let it = list; it; it = it.next) length++;
  return length;
}

function without(list: Waiter | undefined, waiter: Waiter): Waiter | undefined {
  if (list === waiter) return waiter.next;
  for (let it = list; it; it = it.next) {
    if (it.next === waiter) it.next = waiter.next;
  }
  return list;
}
