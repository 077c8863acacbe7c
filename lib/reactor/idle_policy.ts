/**
 * What a thread tries before it sleeps. Each mechanism costs time and pays only if the peer answers at once, so
 * each measures whether it pays. All of them together have a bound in measured time for each turn of the event
 * loop. None changes a result, and each can be switched off.
 *
 * @module
 */

/** Milliseconds of one turn of the event loop that may be spent before sleeping, over all sockets. */
const MAX_TIME_PER_TURN = 1;

/**
 * Microseconds to poll before sleeping even without `busyPoll`, if that has paid lately: about as long as it takes
 * to wake a sleeping processor.
 */
const IDLE_POLL_US = 50;

/** How often in a row an attempt that does not pay is skipped, at most. */
export const MAX_PAUSE = 1024;

/** The clock and the system call that a policy needs. */
export interface IdleSystem {
  /** Milliseconds of a clock that only goes forwards. */
  now(): number;
  /** Let other threads that are ready run on this processor. */
  schedYield(): void;
}

/** Which mechanisms are on. */
export interface IdleMechanisms {
  /** Yield once before sleeping. The default is `true`. */
  yielding?: boolean;
  /** Poll for a moment before sleeping without being asked to. The default is `true`. */
  polling?: boolean;
}

/** Backs off from attempts that do not pay: it skips one after a failure, then twice as many, up to a limit. */
export class Backoff {
  #pause = 0;
  #left = 0;

  constructor(readonly limit: number = MAX_PAUSE) {}

  /** Whether it is time for another attempt. */
  due(): boolean {
    if (this.#left === 0) return true;
    this.#left--;
    return false;
  }

  /** Note that the attempt paid. */
  paid(): void {
    this.#pause = 0;
  }

  /** Note that the attempt did not pay. */
  failed(): void {
    this.#pause = Math.min(this.limit, Math.max(1, this.#pause * 2));
    this.#left = this.#pause;
  }

  /** Skip the next `attempts`, whatever the last ones gained. */
  skip(attempts: number): void {
    this.#left = attempts;
  }
}

/** A yield that takes longer, in milliseconds, gave the processor to an unrelated process. */
const MAX_YIELD = 0.1;

/** How many short yields make up for one that took too long. */
const LONG_YIELD_COST = 16;

/** The debt at which yields stop. */
const MAX_LONG_YIELDS = 3 * LONG_YIELD_COST;

/**
 * How many waits do not yield when yields stop: a compiler is done after some milliseconds. Each time that yields
 * stop again before the debt is paid, there are twice as many.
 */
const MIN_REST = 64;

/**
 * Yields the processor once before the thread blocks. Where the other side shares this processor, its answer
 * is there afterwards, and neither side needs to be put to sleep and woken. On a busy machine unrelated
 * processes run first, for milliseconds: that never pays, whatever has arrived by then. Now and then it
 * happens on any machine, when a compiler or garbage collector has work to do.
 */
export class AdaptiveYield {
  /** Milliseconds that the last try took: 0 if it was left out. */
  took = 0;
  readonly #backoff = new Backoff();
  readonly #system: IdleSystem;
  #longYields = 0;
  #rest = MIN_REST;

  constructor(system: IdleSystem) {
    this.#system = system;
  }

  /** Yield once, if that has paid lately. Returns what `poll` then finds. */
  try(poll: () => number): number {
    this.took = 0;
    if (!this.#backoff.due()) return 0;
    const started = this.#system.now();
    this.#system.schedYield();
    this.took = this.#system.now() - started;
    const found = poll();
    if (this.took > MAX_YIELD) this.#wasLong();
    else if (this.#longYields > 0) this.#wasShort();
    if (this.#longYields >= MAX_LONG_YIELDS) this.#stop();
    else if (found > 0) this.#backoff.paid();
    else this.#backoff.failed();
    return found;
  }

  /** After too many long yields, the next one stops yielding again, until enough short ones have paid off the debt. */
  #wasLong(): void {
    this.#longYields = Math.min(this.#longYields + LONG_YIELD_COST, MAX_LONG_YIELDS);
  }

  #wasShort(): void {
    if (--this.#longYields === 0) this.#rest = MIN_REST;
  }

  #stop(): void {
    this.#backoff.skip(this.#rest);
    this.#rest = Math.min(2 * this.#rest, MAX_PAUSE);
  }
}

/** The shortest useful busy poll, in microseconds. */
const MIN_WINDOW_US = 2;

/** The usual pause of a busy poll that the user asked for. */
const BUSY_POLL_PAUSE = 64;

/** The most polls of a window, in case the clock stands still: some milliseconds. */
const MAX_POLLS = 10_000;

/**
 * A poll and a reading of the clock take half a microsecond. A gap of so many milliseconds between two of them means
 * that another thread had this processor. An event that is there then is from a peer that needs this processor, and
 * that the busy poll delayed.
 */
const PREEMPTION_GAP = 0.005;

/**
 * Polls again and again for a number of microseconds. This window doubles up to its limit when an event came
 * in time, and halves down to nothing when it did not. A long window is divided into slices, between which
 * timers and other sockets have their turn.
 */
export class AdaptiveBusyPoll {
  /** Milliseconds that the last try took: 0 if it was left out. */
  took = 0;
  readonly #backoff: Backoff;
  readonly #system: IdleSystem;
  #window = Infinity;
  #left = 0;

  /** @param pause How many windows in a row are left out, at most, before the longest one is tried again. */
  constructor(system: IdleSystem, pause: number = BUSY_POLL_PAUSE) {
    this.#system = system;
    this.#backoff = new Backoff(pause);
  }

  /** Whether the last attempt was a slice, and more follow. */
  get goesOn(): boolean {
    return this.#left > 0;
  }

  /** Poll for at most `slice` of `limit` microseconds, or of what is left of the window: what `poll` has found. */
  try(limit: number, poll: () => number, slice = Infinity): number {
    this.took = 0;
    if (this.#left <= 0 && !this.#begin(limit)) return 0;
    const length = Math.min(this.#left, slice);
    const started = this.#system.now();
    const end = started + length / 1000;
    let last = started;
    let isPreempted = false;
    let found = poll();
    for (let polls = 1; polls <= MAX_POLLS; polls++) {
      const now = this.#system.now();
      isPreempted ||= now - last > PREEMPTION_GAP;
      last = now;
      if (found > 0 || now >= end) break;
      found = poll();
    }
    this.took = last - started;
    this.#left = found > 0 ? 0 : this.#left - length;
    if (found > 0 && !isPreempted) this.#paid();
    else if (this.#left <= 0) this.#failed();
    return found;
  }

  #paid(): void {
    this.#window *= 2;
    this.#backoff.paid();
  }

  #failed(): void {
    this.#window /= 2;
    if (this.#window < MIN_WINDOW_US) this.#backoff.failed();
  }

  #begin(limit: number): boolean {
    if (this.#window < MIN_WINDOW_US) {
      if (!this.#backoff.due()) return false;
      this.#window = Infinity;
    }
    this.#left = this.#window = Math.min(this.#window, limit);
    return true;
  }
}

/** The properties of a wait that the policy depends on. */
export interface Traffic {
  /** Microseconds that the user lets a thread poll before it sleeps; 0: none. */
  busyPoll: number;
  /**
   * Whether a wait was for send space, after much was written: such a bulk transfer is no exchange of requests and
   * answers.
   */
  bulkTransfer: boolean;
}

/** All mechanisms before sleeping, with one bound in time for each turn of the event loop. */
export class IdlePolicy {
  readonly #system: IdleSystem;
  readonly #yield: AdaptiveYield | undefined;
  readonly #idlePoll: AdaptiveBusyPoll | undefined;
  readonly #busyPoll: AdaptiveBusyPoll;
  #spent = 0;

  constructor(system: IdleSystem, mechanisms: IdleMechanisms = {}) {
    this.#system = system;
    this.#busyPoll = new AdaptiveBusyPoll(system);
    const { yielding = true, polling = true } = mechanisms;
    if (yielding) this.#yield = new AdaptiveYield(system);
    if (polling) this.#idlePoll = new AdaptiveBusyPoll(system, MAX_PAUSE);
  }

  /** Begin a turn of the event loop: its time is not spent yet. */
  newTurn(): void {
    this.#spent = 0;
  }

  /** Whether this turn has spent its time. */
  get isSpent(): boolean {
    return this.#spent >= MAX_TIME_PER_TURN;
  }

  /** Whether the user's busy poll is to go on in the next turn. */
  get goesOn(): boolean {
    return this.#busyPoll.goesOn;
  }

  /** Try the mechanisms that have paid lately. Returns the number of events that `poll` found. */
  beforeSleep({ busyPoll, bulkTransfer }: Traffic, poll: () => number): number {
    if (this.isSpent || (bulkTransfer && busyPoll === 0)) return 0;
    if (!bulkTransfer && this.#yield !== undefined) {
      const found = this.#yield.try(poll);
      this.#spent += this.#yield.took;
      if (found > 0) return found;
    }
    const polling = busyPoll > 0 ? this.#busyPoll : this.#idlePoll;
    if (polling === undefined) return 0;
    const found = busyPoll > 0
      ? polling.try(busyPoll, poll, MAX_TIME_PER_TURN * 1000)
      : polling.try(IDLE_POLL_US, poll);
    this.#spent += polling.took;
    return found;
  }
}
