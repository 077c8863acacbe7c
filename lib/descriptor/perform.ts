/**
 * The one loop behind every operation that may have to wait: attempt, and only on EAGAIN wait and
 * attempt again. An operation and its `Sync` twin share the attempt; only the waiting differs.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { poll } from "../../ffi/syscalls/files.ts";
import type { Channel } from "./descriptor.ts";
import { now } from "../event_loop.ts";
import { requireSignal } from "./signal.ts";
import { check } from "../errors.ts";
import { progressed, yieldIfBudgetSpent } from "../reactor/mod.ts";

const { EAGAIN } = platform;

/** An operation that is attempted until it succeeds or fails. */
export interface Operation {
  /** Try without blocking: a value, `-EAGAIN` to be called again, or another `-errno`. */
  attempt(): number;
  /** Called before each wait, to keep what the caller may close or change while the operation waits. */
  beforeWait?(): void;
  /** What to wait for, if it is not the descriptor's own readiness. */
  readonly obstacle?: Obstacle | undefined;
  /** Called once when the operation is over, whether it succeeded or not. */
  [Symbol.dispose]?(): void;
}

/** What an operation waits for if it is not the readiness of its own descriptor. */
export interface Obstacle {
  /** Wait until it may be gone. */
  wait(signal?: AbortSignal): Promise<void>;
  /** Block the thread until it may be gone, for at most `timeout` milliseconds (-1: without limit). */
  waitSync(timeout: number): void;
}

/** An operation that makes the caller's value itself, so that its caller need not await the result. */
export interface Outcome<T> extends Operation {
  /** Return the caller's value for the result of the last attempt, or throw. */
  outcome(result: number): T;
  /** Return the caller's value for an error of an attempt, of the wait or of the signal, or throw. */
  recover?(error: unknown): T;
}

/** Attempt in its turn until it is over; return the operation's outcome, or else the last attempt's result. */
export function perform<T>(
  channel: Channel,
  operation: Outcome<T>,
  signal?: AbortSignal,
): Promise<T>;
export function perform(
  channel: Channel,
  operation: Operation,
  signal?: AbortSignal,
): Promise<number>;
export function perform(
  channel: Channel,
  operation: AnyOperation,
  signal?: AbortSignal,
): Promise<unknown> {
  if (!channel.tryEnter()) return queued(channel, operation, signal);
  // Most often the first attempt succeeds; an asynchronous function would only cost time then.
  let value: unknown;
  try {
    requireSignal(signal);
    const result = operation.attempt();
    const pause = result === -EAGAIN ? undefined : yieldIfBudgetSpent();
    if (result === -EAGAIN || pause !== undefined) {
      return complete(channel, operation, signal, result, pause);
    }
    value = outcomeOf(operation, result);
  } catch (error) {
    end(operation, channel);
    return recovered(operation, error);
  }
  end(operation, channel);
  return Promise.resolve(value);
}

/** Wait for the turn of an operation, and then perform it. A turn that never came is not left. */
async function queued(
  channel: Channel,
  operation: AnyOperation,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  try {
    requireSignal(signal);
    operation.beforeWait?.();
    await channel.enter(signal, operation);
  } catch (error) {
    end(operation);
    return recovered(operation, error);
  }
  let result: number;
  try {
    // The abort may have come after the turn and before this step.
    signal?.throwIfAborted();
    result = operation.attempt();
  } catch (error) {
    end(operation, channel);
    return recovered(operation, error);
  }
  return await complete(channel, operation, signal, result, undefined);
}

/** Go on after a first attempt that returned `result`, until the operation is over. */
async function complete(
  channel: Channel,
  operation: AnyOperation,
  signal: AbortSignal | undefined,
  result: number,
  pause: Promise<void> | undefined,
): Promise<unknown> {
  try {
    let latest = result;
    while (latest === -EAGAIN) {
      operation.beforeWait?.();
      const { obstacle } = operation;
      if (obstacle !== undefined) await obstacle.wait(signal);
      else await channel.descriptor.wait(channel.interest, signal);
      // The abort may have come after the event and before this step: then nothing may be taken.
      signal?.throwIfAborted();
      latest = operation.attempt();
    }
    const rest = pause ?? yieldIfBudgetSpent();
    if (rest !== undefined) await rest;
    return outcomeOf(operation, latest);
  } catch (error) {
    return recovered(operation, error);
  } finally {
    end(operation, channel);
  }
}

/** What an operation that has failed makes of the error: most often that very error. */
async function recovered(operation: AnyOperation, error: unknown): Promise<unknown> {
  if (operation.recover === undefined) throw error;
  return await operation.recover(error);
}

/** End an operation, and its turn if it has had it. */
function end(operation: AnyOperation, channel?: Channel): void {
  operation[Symbol.dispose]?.();
  channel?.leave();
}

type AnyOperation = Operation & Partial<Outcome<unknown>>;

function outcomeOf(operation: AnyOperation, result: number): unknown {
  return operation.outcome === undefined ? result : operation.outcome(result);
}

/** Attempt once, if it is the operation's turn; otherwise end it with `-EAGAIN`. */
export function performOnce<T>(operation: Outcome<T>, isItsTurn = true): T {
  try {
    const result = isItsTurn ? operation.attempt() : -EAGAIN;
    if (result !== -EAGAIN) progressed();
    return operation.outcome(result);
  } finally {
    end(operation);
  }
}

/**
 * Attempt until it is over, blocking the thread in between for at most `timeout` milliseconds in all (-1: without
 * limit). Returns its outcome, or else the last attempt's result: `-EAGAIN` if the time is up.
 */
export function performSync<T>(
  channel: Channel,
  operation: Outcome<T>,
  timeout?: () => number,
): T;
export function performSync(
  channel: Channel,
  operation: Operation,
  timeout?: () => number,
): number;
export function performSync(
  channel: Channel,
  operation: AnyOperation,
  timeout: () => number = forever,
): unknown {
  try {
    return outcomeOf(operation, attemptUntil(channel, operation, timeout));
  } finally {
    end(operation);
  }
}

function attemptUntil(channel: Channel, operation: Operation, timeout: () => number): number {
  let deadline: number | undefined;
  for (;;) {
    const result = operation.attempt();
    if (result !== -EAGAIN) {
      progressed();
      return result;
    }
    deadline ??= deadlineIn(timeout());
    const left = leftUntil(deadline);
    if (left === 0) return result;
    const { obstacle } = operation;
    if (obstacle !== undefined) obstacle.waitSync(left);
    else if (isOver(check(poll(channel.descriptor.fd, channel.interest, left), "poll"), left)) {
      deadline = -Infinity;
    }
  }
}

/** Whether poll(2) has waited for all of the time that was left: true even if the clock was set back. */
function isOver(found: number, left: number): boolean {
  return found === 0 && left < LONGEST_POLL;
}

function forever(): number {
  return -1;
}

function deadlineIn(milliseconds: number): number {
  return milliseconds < 0 ? Infinity : now() + milliseconds;
}

/** The longest time that poll(2) takes, in milliseconds: after it the operation is attempted again. */
const LONGEST_POLL = 0x7fffffff;

/** The time until a deadline in the form that poll(2) takes. */
function leftUntil(deadline: number): number {
  if (deadline === Infinity) return -1;
  return Math.min(LONGEST_POLL, Math.max(0, Math.ceil(deadline - now())));
}
