/**
 * The reactor of one thread: the table of its registrations, and the backend that waits for them. The
 * {@linkcode Scheduler} decides when.
 *
 * @module
 */

import { BackendSelector } from "./backends/selector.ts";
import { causeOf, waitError } from "./errors.ts";
import type { IdlePolicy } from "./idle_policy.ts";
import { Registration, type RegistrationHost } from "./registration.ts";
import { type Pollable, Scheduler } from "./scheduler.ts";
import {
  type Backend,
  type BackendName,
  type EventLoop,
  type Interest,
  type Opener,
  READABLE,
  type Sink,
  type Watched,
  WRITABLE,
} from "./types.ts";

/** What a {@linkcode Reactor} is made of. */
export interface ReactorOptions {
  /** Returns the backends to try, best first. Called by the first wait. */
  choose: () => readonly Opener[];
  /** Begin with the last of them, and go over to the best one when the program has waited often. */
  beginWithLast?: boolean;
  /** The clock and the event loop. */
  loop: EventLoop;
  /** What is tried before the thread sleeps. */
  idle: IdlePolicy;
}

/** One thread's reactor. */
export class Reactor implements RegistrationHost, Sink, Pollable {
  readonly watched: (Registration | undefined)[] = [];
  waits = 0;
  readonly #scheduler: Scheduler;
  readonly #selector: BackendSelector;
  #backend: Backend | undefined = undefined;
  #free: number[] = [];
  #token = 0;
  #holding = 0;
  #isReferenced = false;

  constructor(options: ReactorOptions) {
    this.#scheduler = new Scheduler(this, options.loop, options.idle);
    this.#selector = new BackendSelector(this, options.choose, options.beginWithLast);
  }

  /** Register a descriptor. The kernel is not called before the first wait. */
  register(fd: number): Registration {
    return new Registration(fd, this);
  }

  /** Name the best backend that works here, opening it if need be. */
  backend(): BackendName {
    const backend = this.#backend ??= this.#selector.openBest();
    this.#upgrade(true);
    return (this.#backend ?? backend).name;
  }

  /** Count an operation that went through: now and then, return a promise of a later turn of the event loop. */
  yieldIfBudgetSpent(): Promise<void> | undefined {
    return this.#scheduler.yieldIfBudgetSpent();
  }

  /** Note that an operation succeeded, outside of any turn's budget. */
  progressed(): void {
    this.#scheduler.progressed();
  }

  /** Release every open file and close what was opened; pending waits never end. */
  dispose(): void {
    this.#backend?.dispose(true);
    this.#backend = undefined;
    this.#selector.end();
  }

  /** Release every open file and close what was opened, for now: pending waits go on when {@linkcode resume} is called. */
  suspend(): void {
    this.#backend?.dispose(true);
    this.#backend = undefined;
    this.#isReferenced = false;
    this.#selector.startAnew();
    this.#forgetRegistered();
  }

  /** Wait again, for all that is pending. What began to wait meanwhile is registered already. */
  resume(): void {
    this.#prepareAll();
    this.#scheduler.parkSoon();
  }

  // What registrations call.

  prepare(registration: Registration, interest: Interest): Error | undefined {
    try {
      const result = this.#ask(registration, interest);
      if (result < 0) return waitError(registration.fd, result);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
    this.#scheduler.pollSoon(registration.busyPoll, interest === WRITABLE);
    return undefined;
  }

  #ask(registration: Registration, interest: Interest): number {
    for (;;) {
      const backend = this.#backend ??= this.#selector.open();
      if (registration.slot < 0) this.#enter(registration);
      const result = backend.register(registration, interest);
      // The backend may have failed in this call.
      if (backend === this.#backend) return result;
    }
  }

  #enter(registration: Registration): void {
    registration.slot = this.#free.pop() ?? this.watched.length;
    registration.readToken = this.token();
    this.watched[registration.slot] = registration;
  }

  count(waits: number, holding: number): void {
    this.waits += waits;
    this.#holding += holding;
    if (this.isHeld !== this.#isReferenced && this.#backend) this.#scheduler.parkSoon();
  }

  deregister(registration: Registration): void {
    if (registration.slot < 0) return;
    if (registration.registered !== 0 && this.#backend) {
      this.#backend.deregister(registration);
      this.#scheduler.parkSoon();
    }
    registration.registered = 0;
    this.watched[registration.slot] = undefined;
    this.#free.push(registration.slot);
    registration.slot = -1;
  }

  // What backends call.

  token(): number {
    return this.#token = (this.#token + 1) | 0;
  }

  deliver(watched: Watched, events: number): void {
    if ((watched as Registration).deliver(events)) watched.unclaimed = 0;
    else watched.unclaimed++;
  }

  reject(watched: Watched, error: Error): void {
    (watched as Registration).rejectWaits(error);
  }

  wake(): void {
    this.#scheduler.wake();
  }

  fail(error: Error): void {
    this.#backend?.dispose();
    this.#backend = undefined;
    if (this.#selector.hasNext) {
      this.#registerAll();
    } else {
      this.#selector.startAnew();
      this.#rejectAll(causeOf(error));
    }
    this.#isReferenced = false;
    this.#scheduler.parkSoon();
  }

  #rejectAll(error: Error): void {
    for (const registration of this.watched) {
      if (registration === undefined) continue;
      registration.registered = 0;
      registration.rejectWaits(error);
    }
  }

  /** Register every pending wait with a new backend. */
  #registerAll(): void {
    this.#forgetRegistered();
    this.#prepareAll();
  }

  /** Note that the kernel waits for nothing any more. */
  #forgetRegistered(): void {
    for (const registration of this.watched) {
      if (registration !== undefined) registration.registered = 0;
    }
  }

  #prepareAll(): void {
    for (const registration of this.watched) {
      if (registration === undefined) continue;
      for (const interest of [READABLE, WRITABLE] as const) {
        if ((registration.awaited & interest) === 0) continue;
        const failed = this.prepare(registration, interest);
        if (failed) registration.rejectWaits(failed);
      }
    }
  }

  // What the scheduler calls.

  get isHeld(): boolean {
    return this.#holding > 0;
  }

  get isIdle(): boolean {
    return this.waits === 0 && !this.#isReferenced;
  }

  poll(limit: number): number {
    return this.#backend === undefined ? 0 : this.#backend.poll(limit);
  }

  park(): boolean {
    if (this.#backend === undefined) return true;
    if (this.waits > 0 && this.#upgrade(false)) return false;
    const { isHeld } = this;
    if (isHeld !== this.#isReferenced) {
      this.#isReferenced = isHeld;
      if (isHeld) this.#backend.ref();
      else this.#backend.unref();
    }
    return this.#backend.park();
  }

  /** Change to a better backend, if it is time or `now`. Returns whether there was one. */
  #upgrade(now: boolean): boolean {
    const better = this.#selector.openBetter(now);
    if (better === undefined) return false;
    this.#backend?.dispose();
    this.#backend = better;
    this.#isReferenced = false;
    this.#registerAll();
    this.#scheduler.parkSoon();
    return true;
  }
}
