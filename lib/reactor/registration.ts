/**
 * One descriptor's waits.
 *
 * @module
 */

import type { Interest, Registration, Watched } from "./types.ts";

/** What an {@linkcode Entry} needs of its reactor. */
export interface Keeper {
  /** Ask for `interest` before a wait is added: 0, or `-errno`. */
  prepare(entry: Entry, interest: Interest): Error | undefined;
  /** A wait was added (1), has ended (-1), or waits changed sides. */
  count(waits: number, holding: number): void;
  /** The descriptor is about to be closed. */
  forget(entry: Entry): void;
}

/** One pending wait, in a list as there is rarely a second. */
class Waiter {
  next: Waiter | undefined = undefined;
  signal: AbortSignal | undefined = undefined;
  onAbort: (() => void) | undefined = undefined;

  constructor(
    readonly resolve: () => void,
    readonly reject: (reason: unknown) => void,
  ) {}

  release(): void {
    if (this.onAbort) this.signal?.removeEventListener("abort", this.onAbort);
  }
}

// POLLERR, POLLHUP, POLLNVAL and POLLRDHUP, which need not be asked for, are for both sides.
const READ_EVENTS = 0x1 | 0x8 | 0x10 | 0x20 | 0x2000;
const WRITE_EVENTS = 0x4 | 0x8 | 0x10 | 0x20;

/** The registration of one descriptor. It refers to its pending waits and to nothing else of the user's. */
export class Entry implements Registration, Watched {
  slot = -1;
  readToken = 0;
  writeToken = 0;
  armed = 0;
  unclaimed = 0;
  busyPoll = 0;
  isEvent = false;
  #readers: Waiter | undefined = undefined;
  #writers: Waiter | undefined = undefined;
  #waits = 0;
  #holds = true;
  #error: Error | undefined = undefined;

  constructor(readonly fd: number, readonly keeper: Keeper) {}

  get awaited(): number {
    return (this.#readers ? 1 : 0) | (this.#writers ? 4 : 0);
  }

  wait(interest: Interest, signal?: AbortSignal): Promise<void> {
    if (this.#error) return Promise.reject(this.#error);
    if (signal?.aborted) return Promise.reject(signal.reason);
    const failed = this.keeper.prepare(this, interest);
    if (failed) return Promise.reject(failed);
    return new Promise((resolve, reject) =>
      this.#add(interest, new Waiter(resolve, reject), signal)
    );
  }

  #add(interest: Interest, waiter: Waiter, signal: AbortSignal | undefined): void {
    if (interest === 1) {
      waiter.next = this.#readers;
      this.#readers = waiter;
    } else {
      waiter.next = this.#writers;
      this.#writers = waiter;
    }
    this.#waits++;
    this.keeper.count(1, this.#holds ? 1 : 0);
    if (signal) this.#listen(waiter, signal);
  }

  #listen(waiter: Waiter, signal: AbortSignal): void {
    waiter.signal = signal;
    waiter.onAbort = (): void => {
      this.#readers = without(this.#readers, waiter);
      this.#writers = without(this.#writers, waiter);
      this.#ended(1);
      waiter.reject(signal.reason);
    };
    signal.addEventListener("abort", waiter.onAbort, { once: true });
  }

  #ended(waits: number): void {
    this.#waits -= waits;
    this.keeper.count(-waits, this.#holds ? -waits : 0);
  }

  /** End the waits that `events` is good for: whether there were any. */
  fire(events: number): boolean {
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

  cancel(error: Error): void {
    if (this.#error) return;
    this.#error = error;
    this.keeper.forget(this);
    if (this.#waits > 0) this.rejectWaits(error);
  }

  ref(): void {
    if (!this.#holds) this.keeper.count(0, this.#waits);
    this.#holds = true;
  }

  unref(): void {
    if (this.#holds) this.keeper.count(0, -this.#waits);
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
