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
import { progressed, type WaitFailure, yieldIfBudgetSpent } from "../reactor/mod.ts";

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
  /** The result of the attempt, where that is what is waited for; `-EAGAIN` if it is to be made again. */
  readonly result?: number | undefined;
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
  const value = attemptInTurn(channel, operation, signal);
  if (!(value instanceof Unfinished)) return Promise.resolve(value);
  return value.pause === undefined
    ? completeAfterWait(channel, operation, signal)
    : complete(channel, operation, signal, value);
}

/** In place of a value: the operation is to pause, and to end with `result` then, or else to wait. */
class Unfinished {
  constructor(readonly result: number, readonly pause?: Promise<void>) {}
}

const AGAIN = new Unfinished(-EAGAIN);

/** Attempt once, in the operation's turn: its value, the promise of a failure, or {@linkcode Unfinished}. */
function attemptInTurn(
  channel: Channel,
  operation: AnyOperation,
  signal: AbortSignal | undefined,
): unknown {
  let result: number;
  try {
    // The abort may have come after the event and before this step: then nothing may be taken.
    if (signal !== undefined && !hasResult(operation)) requireSignal(signal);
    result = operation.attempt();
  } catch (error) {
    return fail(channel, operation, error);
  }
  if (result === -EAGAIN) return AGAIN;
  const pause = yieldIfBudgetSpent();
  return pause === undefined ? finish(channel, operation, result) : new Unfinished(result, pause);
}

/** Whether a call on a thread is done already, for which an abort comes too late: it has taken or written bytes. */
function hasResult({ obstacle }: Operation): boolean {
  return obstacle?.result !== undefined && obstacle.result !== -EAGAIN;
}

/** End an operation whose last attempt returned `result`: its value, or a promise of it. */
function finish(channel: Channel, operation: AnyOperation, result: number): unknown {
  let value: unknown;
  try {
    value = outcomeOf(operation, result);
  } catch (error) {
    return fail(channel, operation, error);
  }
  end(operation, channel);
  return value;
}

function fail(channel: Channel, operation: AnyOperation, error: unknown): Promise<unknown> {
  end(operation, channel);
  return recovered(operation, error);
}

/**
 * Complete an operation that is to wait. Most often one wait is all it takes: for that one a closure is kept, which
 * is smaller by 400 bytes than an asynchronous function that waits.
 */
function completeAfterWait(
  channel: Channel,
  operation: AnyOperation,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  return wait(channel, operation, signal).then((failure) => {
    if (failure !== undefined) return fail(channel, operation, failure.reason);
    const value = attemptInTurn(channel, operation, signal);
    return value instanceof Unfinished ? complete(channel, operation, signal, value) : value;
  });
}

/** Complete an operation, however often it is to wait: as a loop, what is kept does not grow with each time. */
async function complete(
  channel: Channel,
  operation: AnyOperation,
  signal: AbortSignal | undefined,
  unfinished: Unfinished,
): Promise<unknown> {
  let value: unknown = unfinished;
  while (value instanceof Unfinished) {
    if (value.pause !== undefined) {
      await value.pause;
      value = finish(channel, operation, value.result);
    } else {
      const failure = await wait(channel, operation, signal);
      value = failure === undefined
        ? attemptInTurn(channel, operation, signal)
        : fail(channel, operation, failure.reason);
    }
  }
  // The next operation has its turn by now: to await the value would bring it later than that of the next.
  return value instanceof Promise ? await value : value;
}

/** Wait until an attempt may succeed: if that fails, the promise is resolved with the reason, not rejected. */
function wait(
  channel: Channel,
  operation: AnyOperation,
  signal: AbortSignal | undefined,
): Promise<WaitFailure | undefined> {
  try {
    operation.beforeWait?.();
    const { obstacle } = operation;
    if (obstacle === undefined) return channel.descriptor.waitEnd(channel.interest, signal);
    return obstacle.wait(signal).then(nothing, failureOf);
  } catch (reason) {
    return Promise.resolve({ reason });
  }
}

function nothing(): undefined {}

function failureOf(reason: unknown): WaitFailure {
  return { reason };
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
  const value = attemptInTurn(channel, operation, signal);
  return await (value instanceof Unfinished ? complete(channel, operation, signal, value) : value);
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
  timeout?: (channel: Channel) => number,
): T;
export function performSync(
  channel: Channel,
  operation: Operation,
  timeout?: (channel: Channel) => number,
): number;
export function performSync(
  channel: Channel,
  operation: AnyOperation,
  timeout: (channel: Channel) => number = forever,
): unknown {
  try {
    return outcomeOf(operation, attemptUntil(channel, operation, timeout));
  } finally {
    end(operation);
  }
}

function attemptUntil(
  channel: Channel,
  operation: Operation,
  timeout: (channel: Channel) => number,
): number {
  let deadline: number | undefined;
  for (;;) {
    const result = operation.attempt();
    if (result !== -EAGAIN) {
      progressed();
      return result;
    }
    deadline ??= deadlineIn(timeout(channel));
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
