/**
 * Opens the backends of one reactor, and decides when a better one is worth its price.
 *
 * @module
 */

import { passing } from "../errors.ts";
import type { Backend, Opener, Sink } from "../types.ts";

/**
 * How many times a thread sleeps with the first backend, or with one that a shortage forced on it, before it tries
 * a better one. A wait costs 0.1 ms more in the thread pool, and Deno takes 20 ms to make what the others need: after
 * so many waits, the change has paid.
 */
export const SLEEPS_BEFORE_UPGRADE = 128;

/** Opens backends, best first. */
export class BackendSelector {
  readonly #sink: Sink;
  readonly #choose: () => readonly Opener[];
  readonly #beginWithLast: boolean;
  #current: Opener | undefined = undefined;
  /** What to try when the open one fails; `undefined`: begin with what there is. */
  #next: readonly Opener[] | undefined = undefined;
  /** What may be better than the open one: not tried yet, or failed for a reason that passes. */
  #better: readonly Opener[] = [];
  #sleeps = 0;
  #sleepsNeeded = SLEEPS_BEFORE_UPGRADE;

  constructor(sink: Sink, choose: () => readonly Opener[], beginWithLast = false) {
    this.#sink = sink;
    this.#choose = choose;
    this.#beginWithLast = beginWithLast;
  }

  /** Open the backend to begin with, or the next one after a failure. */
  open(): Backend {
    if (this.#next === undefined && this.#beginWithLast) {
      const started = this.#start(this.#choose());
      if (started !== undefined) return started;
    }
    return this.openBest();
  }

  /** Open the best one that was not tried yet. */
  openBest(): Backend {
    const openers = this.#next ??= this.#choose();
    const { backend, place, shortages, error } = this.#first(openers);
    if (backend === undefined) throw error;
    this.#next = openers.slice(place + 1);
    this.#better = shortages;
    return backend;
  }

  /** Whether there is another one to try when the open one fails. */
  get hasNext(): boolean {
    return this.#next !== undefined && this.#next.length > 0;
  }

  /** Begin again with the best one: what failed once may work again. */
  startAnew(): void {
    this.#next = undefined;
    this.#better = [];
  }

  /** Open no further backend. */
  end(): void {
    this.#next = this.#better = [];
  }

  /** Open a better backend, if there may be one and it is time, or `now`. */
  openBetter(now: boolean): Backend | undefined {
    const better = this.#better;
    if (better.length === 0 || (!now && ++this.#sleeps < this.#sleepsNeeded)) return undefined;
    this.#sleeps = 0;
    this.#sleepsNeeded *= 2;
    const previous = this.#current;
    const { backend, place, shortages } = this.#first(better);
    this.#better = shortages;
    if (backend === undefined || previous === undefined) return undefined;
    const rest = (this.#next ?? []).filter((it) => !better.includes(it));
    this.#next = [...better.slice(place + 1), previous, ...rest];
    return backend;
  }

  /** Open the last of several. Where it fails, the error comes when no other one works either. */
  #start(openers: readonly Opener[]): Backend | undefined {
    if (openers.length < 2) return undefined;
    const { backend } = this.#first(openers.slice(-1));
    if (backend !== undefined) this.#next = this.#better = openers.slice(0, -1);
    return backend;
  }

  /** Open the first that works. */
  #first(openers: readonly Opener[]): Found {
    const reasons: string[] = [];
    const shortages: Opener[] = [];
    let shortage: Error | undefined;
    for (const [place, open] of openers.entries()) {
      try {
        const backend = open(this.#sink);
        this.#current = open;
        return { backend, place, shortages, error: undefined };
      } catch (error) {
        if (error instanceof Deno.errors.NotCapable) throw error;
        const passes = passing(error);
        if (passes) shortages.push(open);
        shortage ??= passes;
        reasons.push(error instanceof Error ? error.message : String(error));
      }
    }
    const error = shortage ?? new Deno.errors.NotSupported(
      `Cannot wait for descriptors on this system: ${
        reasons.join("; ") || "the reactor has ended"
      }`,
    );
    return { backend: undefined, place: -1, shortages, error };
  }
}

interface Found {
  readonly backend: Backend | undefined;
  readonly place: number;
  /** Those that failed for a reason that passes. */
  readonly shortages: readonly Opener[];
  /** Return the error for the case that no backend works. */
  readonly error: Error | undefined;
}
