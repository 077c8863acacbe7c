/**
 * Busy turns of the event loop, and what Deno does in them for its own sockets.
 *
 * Deno asks the system about its own sockets before a turn that an event begins, but only in each 61st turn that
 * `setImmediate` begins. Beside busy sockets of this module an HTTP request of the same program took 130 turns of the
 * second kind; it takes two of the first. So now and then an event begins a busy turn: an eventfd(2) in Deno's event
 * loop is signalled.
 *
 * @module
 */

import { inMicrotask, inNextTurn, now, startTimer } from "../event_loop.ts";
import { LoopWaker } from "./backends/loop_waker.ts";

/** The time between two turns that events begin, in milliseconds: such a turn takes 10 microseconds more. */
const EVENT_INTERVAL = 2;

/**
 * How many busy turns come before the eventfd is opened, some 100 ms of them: that takes 20 ms where Node's `process`
 * has not been used before. Where there is none, as many come before each pause.
 */
const TURNS_BEFORE_EVENTS = 256;

/** What begins a turn by an event. */
export interface TurnWaker {
  /** Have the event loop call back. */
  set(): void;
  /** Keep the process alive. */
  ref(): void;
  /** Let the process end. */
  unref(): void;
  /** Close what was opened. */
  dispose(): void;
}

/** The clock, and what begins turns. */
export interface TurnSystem {
  /** Milliseconds of a clock that only goes forwards. */
  now(): number;
  /** Run `callback` right after the code that runs now. */
  inMicrotask(callback: () => void): void;
  /** Begin the next turn without an event. */
  inNextTurn(callback: () => void): void;
  /** Begin a turn by a timer: as the event loop waits for it, other sockets have their turn. Throws if there are none. */
  startTimer(callback: () => void, milliseconds: number): void;
  /** Return what calls `callback` in turns that events begin, or throw if there is nothing of that kind. */
  openWaker(callback: () => void): TurnWaker;
}

const SYSTEM: TurnSystem = {
  now,
  inMicrotask,
  inNextTurn,
  startTimer,
  openWaker(callback: () => void): TurnWaker {
    const waker = new LoopWaker(callback);
    waker.keep();
    return waker;
  },
};

/** Begins the busy turns of one thread. */
export class IoTurns {
  readonly #system: TurnSystem;
  #waker: TurnWaker | undefined = undefined;
  #callback: (() => void) | undefined = undefined;
  /** The number of turns since the last pause, or the first one. */
  #turns = 0;
  #lastEvent = -Infinity;

  constructor(system: TurnSystem = SYSTEM) {
    this.#system = system;
  }

  /** Run `callback` in the next turn. One at a time. */
  next(callback: () => void): void {
    if (!this.#isEventDue()) return this.#system.inNextTurn(callback);
    const waker = this.#opened();
    if (waker === undefined) return this.#pause(callback);
    this.#callback = callback;
    waker.ref();
    // While the event loop calls back, it would take the next event without asking the system about anything else.
    this.#system.inMicrotask(() => {
      if (this.#waker === waker) waker.set();
    });
  }

  #isEventDue(): boolean {
    if (this.#waker === undefined) {
      this.#turns = (this.#turns + 1) % TURNS_BEFORE_EVENTS;
      return this.#turns === 0;
    }
    const time = this.#system.now();
    if (time - this.#lastEvent < EVENT_INTERVAL) return false;
    this.#lastEvent = time;
    return true;
  }

  /** Open what begins turns by events now, and not after many busy turns. */
  open(): void {
    this.#opened();
  }

  /** Return what begins turns by events. After a failure it is tried again: a shortage of descriptors passes. */
  #opened(): TurnWaker | undefined {
    try {
      return this.#waker ??= this.#system.openWaker(() => this.#woken());
    } catch {
      return undefined;
    }
  }

  #woken(): void {
    const callback = this.#callback;
    this.#callback = undefined;
    this.#waker?.unref();
    callback?.();
  }

  #pause(callback: () => void): void {
    try {
      this.#system.startTimer(callback, 0);
    } catch {
      this.#system.inNextTurn(callback);
    }
  }

  /** Close what was opened. A turn that is to come begins without an event. */
  dispose(): void {
    const callback = this.#callback;
    this.#callback = undefined;
    this.#waker?.dispose();
    this.#waker = undefined;
    if (callback !== undefined) this.#system.inNextTurn(callback);
  }
}
