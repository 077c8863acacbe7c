/**
 * The scheduler: when a reactor polls, yields to the event loop, and parks.
 *
 * A wait polls right after the code that runs now (a microtask), which is when the other end of a socket in
 * the same process has just written. When no code is left to run, the scheduler polls once more and parks: only
 * then does the backend ask the event loop for a call. Events and operations share one budget per turn of the
 * event loop, so that busy sockets cannot starve timers.
 *
 * @module
 */

import type { IdlePolicy, Traffic } from "./idle_policy.ts";
import type { EventLoop } from "./types.ts";

/** Events delivered and operations done in one turn of the event loop. */
export const BUDGET = 128;

/** What a {@linkcode Scheduler} drives. */
export interface Pollable {
  /** Number of pending waits. */
  readonly waits: number;
  /** Whether pending waits keep the process alive. */
  readonly isHeld: boolean;
  /** Whether nothing waits, and the process is not kept alive for waits. */
  readonly isIdle: boolean;
  /** Deliver at most `limit` events: their number. */
  poll(limit: number): number;
  /** Have the event loop call when something happens. False: poll again. */
  park(): boolean;
}

/** Decides when to poll, yield and park. It has no waits of its own and makes no system call. */
export class Scheduler {
  readonly #target: Pollable;
  readonly #loop: EventLoop;
  readonly #idle: IdlePolicy;
  readonly #traffic: Traffic = { busyPoll: 0, bulkTransfer: false };
  #budget = BUDGET;
  #isPollQueued = false;
  #isParkQueued = false;
  #nextTurn: Promise<void> | undefined = undefined;

  constructor(target: Pollable, loop: EventLoop, idle: IdlePolicy) {
    this.#target = target;
    this.#loop = loop;
    this.#idle = idle;
  }

  /**
   * Count an operation that went through at once: now and then, return a promise of a later turn. Without a
   * wait that keeps the process alive, what was just written is still to reach those that do not.
   */
  yieldIfBudgetSpent(): Promise<void> | undefined {
    if (--this.#budget <= 0) return this.#yield(true);
    this.progressed();
    return undefined;
  }

  /** Note that an operation succeeded: if no wait keeps the process alive, poll before it ends. */
  progressed(): void {
    if (this.#target.waits > 0 && !this.#target.isHeld) this.#yield();
  }

  /** Begin a wait: poll right after the code that runs now. */
  pollSoon(busyPoll: number, bulkTransfer: boolean): void {
    if (busyPoll > this.#traffic.busyPoll) this.#traffic.busyPoll = busyPoll;
    if (bulkTransfer) this.#traffic.bulkTransfer = true;
    if (this.#isPollQueued) return;
    this.#isPollQueued = true;
    this.#loop.inMicrotask(this.#pollNow);
  }

  /** Park at the end of this turn. */
  parkSoon(): void {
    if (this.#isParkQueued) return;
    this.#isParkQueued = true;
    this.#loop.atEndOfTurn(this.#park);
  }

  /** Called by the event loop: a new turn has begun. */
  wake(): void {
    this.#beginTurn();
    this.#poll();
  }

  #beginTurn(): void {
    this.#budget = BUDGET;
    this.#idle.newTurn();
  }

  readonly #pollNow = (): void => {
    this.#isPollQueued = false;
    this.#poll();
  };

  /** Poll, or leave it to the next turn when this one has done enough. */
  #poll(): void {
    if (this.#nextTurn) return;
    if (this.#budget <= 0) {
      this.#yield(true);
      return;
    }
    this.#budget -= this.#target.poll(this.#budget);
    this.#parkAfterMicrotasks();
  }

  /**
   * Park after the operations whose waits have just ended have made their next attempt, and most often wait again.
   * Callbacks for the end of the turn run before their microtasks if they are queued outside of one. Where nothing waits
   * there is nothing to park for: the next wait begins with a poll, and so comes here again.
   */
  #parkAfterMicrotasks(): void {
    if (this.#isParkQueued || this.#target.isIdle) return;
    this.#isParkQueued = true;
    this.#loop.inMicrotask(this.#parkAtEnd);
  }

  readonly #parkAtEnd = (): void => this.#loop.atEndOfTurn(this.#park);

  readonly #park = (): void => {
    this.#isParkQueued = false;
    if (this.#isPollQueued || this.#nextTurn) return;
    if (this.#budget <= 0) {
      this.#yield(true);
      return;
    }
    const found = this.#pollBeforeSleep();
    if (found > 0) {
      this.#budget -= found;
      this.#parkAfterMicrotasks();
    } else if (this.#nextTurn === undefined && !this.#target.park()) {
      this.#budget--;
      this.parkSoon();
    }
  };

  readonly #pollOnce = (): number => this.#target.poll(this.#budget);

  /** Poll, and try the mechanisms that may avoid a sleep. Returns the number of events. */
  #pollBeforeSleep(): number {
    const found = this.#pollOnce();
    const traffic = this.#traffic;
    if (found === 0 && this.#target.waits > 0) return this.#beIdle(traffic);
    traffic.bulkTransfer = false;
    return found;
  }

  #beIdle(traffic: Traffic): number {
    const found = this.#idle.beforeSleep(traffic, this.#pollOnce);
    const goesOn = found === 0 && traffic.busyPoll > 0 && this.#idle.goesOn;
    traffic.bulkTransfer = false;
    if (goesOn && this.#target.isHeld) this.#yield();
    else traffic.busyPoll = 0;
    return found;
  }

  /**
   * Go on in the next turn, and return a promise of it.
   *
   * @param isBusy Whether this turn has spent its budget.
   */
  #yield(isBusy = false): Promise<void> {
    return this.#nextTurn ??= new Promise((resolve) => {
      this.#loop.inNextTurn(() => {
        this.#nextTurn = undefined;
        this.#beginTurn();
        this.#poll();
        resolve();
      }, isBusy);
    });
  }
}
