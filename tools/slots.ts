/**
 * A bound on how many connections there are at once.
 *
 * @module
 */

/** Gives out a number of slots, and lets others wait. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Take a slot, when there is one. */
  take(): Promise<void> {
    if (this.#free > 0) {
      this.#free--;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Give a slot back. */
  give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}

/** Kept for descriptors under way in messages, for the log and for Deno itself. */
const RESERVE = 600;

/** Each connection has two descriptors. */
const PER_CONNECTION = 2;

/** How many connections a process can have that may open `limit` descriptors. */
export function connectionLimit(limit: number): number {
  const reserve = Math.min(RESERVE, Math.ceil(limit / 2));
  return Math.max(1, Math.floor((limit - reserve) / PER_CONNECTION));
}
