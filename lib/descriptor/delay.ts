/**
 * Waiting for time to pass.
 *
 * @module
 */

import { refTimer, startTimer, stopTimer, type Timer, unrefTimer } from "../event_loop.ts";

/** Wait for `milliseconds`, or until the signal aborts: then reject with its reason. */
export function delay(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Delays().wait(milliseconds, signal);
}

/** One delay under way. */
interface Delay {
  readonly timer: Timer;
  fail(reason: unknown): void;
}

/** The delays of one owner, which end with it and let the program end as its other waits do. */
export class Delays {
  readonly #pending = new Set<Delay>();
  #isUnrefed = false;

  /** Wait for `milliseconds`, or until the signal aborts: then reject with its reason. */
  wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const end = (): void => {
      this.#pending.delete(delay);
      signal?.removeEventListener("abort", abort);
    };
    const timer = startTimer(() => {
      end();
      resolve();
    }, milliseconds);
    const fail = (reason: unknown): void => {
      stopTimer(timer);
      end();
      reject(reason);
    };
    const abort = (): void => fail(signal?.reason);
    const delay: Delay = { timer, fail };
    this.#pending.add(delay);
    if (this.#isUnrefed) unrefTimer(timer);
    signal?.addEventListener("abort", abort, { once: true });
    return promise;
  }

  /** Let the delays keep the program alive, as they do at first. */
  ref(): void {
    this.#isUnrefed = false;
    for (const { timer } of this.#pending) refTimer(timer);
  }

  /** Let the program end although delays are under way. */
  unref(): void {
    this.#isUnrefed = true;
    for (const { timer } of this.#pending) unrefTimer(timer);
  }

  /** End every delay with `reason`. */
  cancel(reason: unknown): void {
    for (const delay of [...this.#pending]) delay.fail(reason);
  }
}
