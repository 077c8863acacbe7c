/**
 * What the pool backend needs of a set of descriptors.
 *
 * @module
 */

import type { Interest, Watched } from "./types.ts";

/** A set of descriptors that a thread of the pool can wait for. */
export interface WaitingSet {
  arm(watched: Watched, interest: Interest): number;
  disarm(watched: Watched): void;
  /** Deliver what is ready now: the number of events, or `-errno`. */
  look(): number;
  /** Whether a call under way does not know of all descriptors any more. */
  readonly outdated: boolean;
  /** Wait on a thread of the pool: what {@linkcode WaitingSet.finish} takes. */
  wait(timeout: number): Promise<number>;
  /** Deliver what that call found: the number of events, or a negative number. */
  finish(result: number): number;
  /** Close what is open when the thread ends. */
  keep(): void;
  dispose(): void;
}
