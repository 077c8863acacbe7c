/**
 * What a thread may still try before it sleeps: each try costs something and only pays where the other
 * side answers at once, so each finds out for itself whether it pays.
 *
 * @module
 */

import { now } from "../event_loop.ts";
import { giveWay } from "../../ffi/syscalls/readiness.ts";

/** How often in a row a try that does not pay is left out, at most. */
export const LONGEST_PAUSE = 1024;

/** Milliseconds after which giving way was to somebody else, who works on for as long as he is let. */
const LONGEST_ABSENCE = 0.1;

/** Leaves out tries that do not pay: one after a failure, then twice as many, up to a limit. */
export class Backoff {
  #pause = 0;
  #left = 0;

  constructor(readonly limit: number = LONGEST_PAUSE) {}

  /** Whether it is time for another try. */
  due(): boolean {
    if (this.#left === 0) return true;
    this.#left--;
    return false;
  }

  /** The try was worth it. */
  paid(): void {
    this.#pause = 0;
  }

  /** The try was not worth it. */
  failed(): void {
    this.#pause = Math.min(this.limit, Math.max(1, this.#pause * 2));
    this.#left = this.#pause;
  }

  /** A try that cost far more than it can bring: leave out as many as may be. */
  ruined(): void {
    this.#left = this.#pause = this.limit;
  }
}

/** How many tries in time make up for one absence. */
const ABSENCE = 16;

/** How much absence is too much. */
const MOST_ABSENCE = 3 * ABSENCE;

/**
 * Let whoever shares this processor run first. Where that is the very process that a message has just
 * been sent to, its answer is there afterwards, and neither side needs to be put to sleep and woken. On a
 * busy machine others run first, for milliseconds: that never pays, whatever has arrived meanwhile. Now and
 * then it happens on any, as a compiler or garbage collector has work to do.
 */
export class Courtesy {
  readonly #backoff = new Backoff();
  readonly #leave: () => number;
  #absence = 0;

  /** @param leave gives way, and returns for how many milliseconds that was */
  constructor(leave: () => number = leaveOnce) {
    this.#leave = leave;
  }

  /** Give way once, where that has paid lately: what `look` then finds. */
  try(look: () => number): number {
    if (!this.#backoff.due()) return 0;
    const absence = this.#leave();
    const found = look();
    if (absence > LONGEST_ABSENCE) this.#wasAbsent();
    else if (this.#absence > 0) this.#absence--;
    if (this.#absence >= MOST_ABSENCE) this.#backoff.ruined();
    else if (found > 0) this.#backoff.paid();
    else this.#backoff.failed();
    return found;
  }

  /** Once there was too much of it, the next one is too much again, until trust is earned anew. */
  #wasAbsent(): void {
    this.#absence = Math.min(this.#absence + ABSENCE, MOST_ABSENCE);
  }
}

function leaveOnce(): number {
  const left = now();
  giveWay();
  return now() - left;
}

/** Less than this many microseconds of looking are not worth a try. */
const SHORTEST_SPIN = 2;

/** So many looks are the end of a spin, whatever the clock says: some milliseconds. */
const MOST_LOOKS = 10_000;

/** The usual pause of a spin that the user asked for. */
const SPIN_PAUSE = 64;

/**
 * Look again and again for a number of microseconds. The number grows up to the limit that the user gave
 * when an event came in time, and shrinks down to nothing when it did not. A long spin is done in slices,
 * between which timers and other sockets have their turn.
 */
export class Spin {
  readonly #backoff: Backoff;
  #window = Infinity;
  #left = 0;

  /** @param pause how many spins in a row are left out, at most, before the longest one is tried again */
  constructor(pause: number = SPIN_PAUSE) {
    this.#backoff = new Backoff(pause);
  }

  /** Whether the last try was a slice, and there are more. */
  get goesOn(): boolean {
    return this.#left > 0;
  }

  /**
   * Look for at most `slice` of `limit` microseconds, or of what is left of the last try: what `look` has
   * found.
   */
  try(limit: number, look: () => number, slice = Infinity): number {
    if (this.#left <= 0 && !this.#begin(limit)) return 0;
    const length = Math.min(this.#left, slice);
    const end = now() + length / 1000;
    let found = look();
    // A clock that stands still ends it as well.
    for (let looks = 1; found === 0 && looks < MOST_LOOKS && now() < end; looks++) found = look();
    // What is found after the end came while somebody else had the processor, whom the spin kept from it.
    const paid = found > 0 && now() <= end;
    this.#left = found > 0 ? 0 : this.#left - length;
    if (paid) {
      this.#window *= 2;
      this.#backoff.paid();
    } else if (this.#left <= 0) {
      this.#window /= 2;
      if (this.#window < SHORTEST_SPIN) this.#backoff.failed();
    }
    return found;
  }

  #begin(limit: number): boolean {
    if (this.#window < SHORTEST_SPIN) {
      if (!this.#backoff.due()) return false;
      this.#window = Infinity;
    }
    this.#left = this.#window = Math.min(this.#window, limit);
    return true;
  }
}
