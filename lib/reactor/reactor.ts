/**
 * The reactor of one thread: a table of descriptors somebody waits for, and when to look at them.
 *
 * A wait looks at the kernel's list of events right after the code that runs now (a microtask), which is
 * when the other end of a socket in the same process has just written. When nothing is left to run, the
 * reactor looks once more and parks: only then is Deno's event loop asked to call. Looking, delivering
 * and {@linkcode Reactor.yieldIfBudgetSpent} share one budget per turn of the event loop, so that busy sockets
 * cannot starve timers.
 *
 * @module
 */

import { Entry, type Keeper } from "./registration.ts";
import { atEndOfTurn, inMicrotask, inNextTurn, now } from "../event_loop.ts";
import { causeOf, passing, waitError } from "./errors.ts";
import { Courtesy, LONGEST_PAUSE, Spin } from "./idle_policy.ts";
import type {
  Backend,
  BackendName,
  Interest,
  Opener,
  Registration,
  Sink,
  Watched,
} from "./types.ts";

/** Events delivered and operations done in one turn of the event loop. */
const BUDGET = 128;

/** Milliseconds of one turn of the event loop that may go into looking again and again. */
const LONGEST_SPIN = 1;

/**
 * Microseconds to look before sleeping even without `busyPoll`, where that has paid lately: about what it
 * takes to wake a sleeping processor.
 */
const LINGER = 50;

/** One thread's reactor. */
export class Reactor implements Keeper, Sink {
  readonly watched: (Entry | undefined)[] = [];
  waits = 0;
  readonly #choose: () => readonly Opener[];
  #openers: Opener[] | undefined = undefined;
  #backend: Backend | undefined = undefined;
  #free: number[] = [];
  #token = 0;
  #holding = 0;
  #held = false;
  #budget = BUDGET;
  #lookQueued = false;
  #parkQueued = false;
  #turn: Promise<void> | undefined = undefined;
  readonly #courtesy = new Courtesy();
  readonly #spin = new Spin();
  readonly #linger = new Spin(LONGEST_PAUSE);
  #busyPoll = 0;
  #wantsRoom = false;
  #spun = 0;

  /** @param choose returns the backends to try, best first; called by the first wait */
  constructor(choose: () => readonly Opener[]) {
    this.#choose = choose;
  }

  /** Make a place for a descriptor. Nothing is asked of the kernel before the first wait. */
  register(fd: number): Registration {
    return new Entry(fd, this);
  }

  /** Name the backend in use, opening it if need be. */
  backend(): BackendName {
    return (this.#backend ??= this.#open()).name;
  }

  /** Return, now and then, a promise of a later turn of the event loop. */
  yieldIfBudgetSpent(): Promise<void> | undefined {
    return --this.#budget > 0 ? undefined : this.#nextTurn();
  }

  /** Give everything back; pending waits never end. For tests, which open reactors of their own. */
  dispose(): void {
    this.#backend?.dispose();
    this.#backend = undefined;
    this.#openers = [];
  }

  // What entries call.

  prepare(entry: Entry, interest: Interest): Error | undefined {
    try {
      const result = this.#arm(entry, interest);
      if (result < 0) return waitError(entry.fd, result);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
    if (entry.busyPoll > this.#busyPoll) this.#busyPoll = entry.busyPoll;
    if (interest === 4) this.#wantsRoom = true;
    if (!this.#lookQueued) {
      this.#lookQueued = true;
      inMicrotask(this.#lookNow);
    }
    return undefined;
  }

  #arm(entry: Entry, interest: Interest): number {
    for (;;) {
      const backend = this.#backend ??= this.#open();
      if (entry.slot < 0) this.#enter(entry);
      const result = backend.arm(entry, interest);
      // The backend may have failed over this very call.
      if (backend === this.#backend) return result;
    }
  }

  count(waits: number, holding: number): void {
    this.waits += waits;
    this.#holding += holding;
    if (this.#holding > 0 !== this.#held) this.#queuePark();
  }

  forget(entry: Entry): void {
    if (entry.slot < 0) return;
    if (entry.armed !== 0) {
      this.#backend?.disarm(entry);
      this.#queuePark();
    }
    entry.armed = 0;
    this.watched[entry.slot] = undefined;
    this.#free.push(entry.slot);
    entry.slot = -1;
  }

  // What backends call.

  token(): number {
    return this.#token = (this.#token + 1) | 0;
  }

  deliver(watched: Watched, events: number): void {
    const entry = watched as Entry;
    if (entry.fire(events)) entry.unclaimed = 0;
    else entry.unclaimed++;
  }

  reject(watched: Watched, error: Error): void {
    (watched as Entry).rejectWaits(error);
  }

  awake(): void {
    this.#newTurn();
    this.#look();
  }

  #newTurn(): void {
    this.#budget = BUDGET;
    this.#spun = 0;
  }

  fail(error: Error): void {
    this.#backend?.dispose();
    this.#backend = undefined;
    const isLast = this.#openers?.length === 0;
    // What failed once may work again: the next wait starts with the best one.
    if (isLast) this.#openers = undefined;
    for (const entry of this.watched) {
      if (!entry) continue;
      if (isLast) this.#drop(entry, causeOf(error));
      else this.#rearm(entry);
    }
    this.#held = false;
    this.#queuePark();
  }

  #drop(entry: Entry, error: Error): void {
    entry.armed = 0;
    entry.rejectWaits(error);
  }

  #rearm(entry: Entry): void {
    entry.armed = 0;
    for (const interest of [1, 4] as const) {
      if ((entry.awaited & interest) === 0) continue;
      const failed = this.prepare(entry, interest);
      if (failed) return entry.rejectWaits(failed);
    }
  }

  #open(): Backend {
    const reasons: string[] = [];
    const openers = this.#openers ??= [...this.#choose()];
    let shortage: Error | undefined;
    for (const [i, open] of openers.entries()) {
      try {
        const backend = open(this);
        this.#openers = openers.slice(i + 1);
        return backend;
      } catch (error) {
        if (error instanceof Deno.errors.NotCapable) throw error;
        shortage ??= passing(error);
        reasons.push(error instanceof Error ? error.message : String(error));
      }
    }
    throw shortage ?? new Deno.errors.NotSupported(
      `Cannot wait for descriptors on this system: ${
        reasons.join("; ") || "the reactor has ended"
      }`,
    );
  }

  #enter(entry: Entry): void {
    entry.slot = this.#free.pop() ?? this.watched.length;
    entry.readToken = this.token();
    this.watched[entry.slot] = entry;
  }

  // When to look.

  readonly #lookNow = (): void => {
    this.#lookQueued = false;
    this.#look();
  };

  /** Look, or leave it to the next turn when this one has done enough. */
  #look(): void {
    if (this.#turn) return;
    if (this.#budget <= 0) {
      this.#nextTurn();
      return;
    }
    this.#budget -= this.#backend?.look() ?? 0;
    this.#parkAfterwards();
  }

  /**
   * Park when those whose waits have just ended have done what they can, which most often is to wait again.
   * What is queued for the end of the turn comes before their microtasks, where it is queued outside of one.
   */
  #parkAfterwards(): void {
    if (this.#parkQueued || !this.#backend) return;
    this.#parkQueued = true;
    inMicrotask(this.#parkAtEnd);
  }

  readonly #parkAtEnd = (): void => atEndOfTurn(this.#park);

  #queuePark(): void {
    if (this.#parkQueued || !this.#backend) return;
    this.#parkQueued = true;
    atEndOfTurn(this.#park);
  }

  readonly #park = (): void => {
    this.#parkQueued = false;
    if (this.#lookQueued || this.#turn || !this.#backend) return;
    if (this.#budget <= 0) {
      this.#nextTurn();
      return;
    }
    const found = this.#lookHard();
    if (found > 0) {
      this.#budget -= found;
      return this.#parkAfterwards();
    }
    if (this.#turn) return;
    const hold = this.#holding > 0;
    if (hold !== this.#held) {
      this.#held = hold;
      this.#backend?.hold(hold);
    }
    if (this.#backend?.park() !== false) return;
    this.#budget--;
    this.#queuePark();
  };

  readonly #lookOnce = (): number => this.#backend?.look() ?? 0;

  /** Look before the thread sleeps: the number of events. */
  #lookHard(): number {
    let found = this.#lookOnce();
    // Who waits for room has sent a lot: that is no conversation, in which the answer comes at once.
    const inFlow = this.#wantsRoom;
    this.#wantsRoom = false;
    if (found === 0 && this.waits > 0 && !inFlow) found = this.#courtesy.try(this.#lookOnce);
    if (found > 0 || this.waits === 0) return found;
    const busyPoll = this.#busyPoll;
    this.#busyPoll = 0;
    if (busyPoll === 0 && inFlow) return 0;
    const started = now();
    found = busyPoll > 0
      ? this.#spin.try(busyPoll, this.#lookOnce, LONGEST_SPIN * 1000)
      : this.#linger.try(LINGER, this.#lookOnce);
    // Timers are due in the meantime: a turn of the event loop may not be spent on spinning.
    this.#spun += now() - started;
    if (found > 0 && this.#spun > LONGEST_SPIN) this.#budget = 0;
    if (busyPoll > 0 && this.#spin.goesOn && this.#holding > 0) {
      this.#busyPoll = busyPoll;
      this.#nextTurn();
    }
    return found;
  }

  #nextTurn(): Promise<void> {
    return this.#turn ??= new Promise((resolve) => {
      inNextTurn(() => {
        this.#turn = undefined;
        this.#newTurn();
        this.#look();
        resolve();
      });
    });
  }
}
