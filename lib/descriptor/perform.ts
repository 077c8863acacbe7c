/**
 * The one loop behind every operation that may have to wait: attempt, and only on EAGAIN wait and
 * attempt again. An operation and its `Sync` twin share the attempt; only the waiting differs.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { poll } from "../../ffi/syscalls/files.ts";
import { giveWay } from "../../ffi/syscalls/readiness.ts";
import type { Channel } from "./descriptor.ts";
import { check } from "../errors.ts";
import { breathe, READABLE, WRITABLE } from "../reactor/mod.ts";

const { EAGAIN } = platform;

/** Something that is tried until it goes through. */
export interface Operation {
  /** Try without blocking: a value, `-EAGAIN` to be called again, or another `-errno`. */
  attempt(): number;
  /** Called before each wait, to hold on to what the caller may take away meanwhile. */
  beforeWait?(): void;
  /** Waits for something else than the descriptor's own readiness. */
  readonly obstacle?: Obstacle | undefined;
  /** Called once at the end, however it comes, by those who perform the operation. */
  [Symbol.dispose]?(): void;
}

/** Something other than the descriptor itself that an operation waits for. */
export interface Obstacle {
  /** Wait until it may be gone. */
  wait(signal?: AbortSignal): Promise<void>;
  /** Block the thread until it may be gone, for at most `timeout` milliseconds (-1: without limit). */
  waitSync(timeout: number): void;
}

/** An operation that says what its last attempt came to, and spares its caller a wait for that. */
export interface Outcome<T> extends Operation {
  /** Make what the caller gets of the last attempt's result, or throw. */
  outcome(result: number): T;
}

/** After so many operations in a row that had to wait, as in a conversation, not in a flow of data, … */
const STREAK = 4;

/** … so many more are expected to have to wait as well. */
const LULL = 16;

/** How often to try again for room before a wait. */
const LOOKS = 24;

/** Attempt until it goes through, in its turn; the operation's outcome, or else the last attempt's result. */
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
  if (channel.lull > 0 || !channel.tryEnter()) return complete(channel, operation, signal);
  // Most often it goes through at once, and then there is nothing for an asynchronous function to keep.
  let value: unknown;
  try {
    signal?.throwIfAborted();
    const result = attempt(channel, operation);
    const pause = result === -EAGAIN ? undefined : breathe();
    if (result === -EAGAIN || pause !== undefined) {
      return complete(channel, operation, signal, result, pause);
    }
    channel.refusals = 0;
    value = outcomeOf(operation, result);
  } catch (error) {
    end(operation, channel);
    return Promise.reject(error);
  }
  end(operation, channel);
  return Promise.resolve(value);
}

/** Go on after an attempt that came to `result`, or from the start, until the operation is over. */
async function complete(
  channel: Channel,
  operation: AnyOperation,
  signal: AbortSignal | undefined,
  result?: number,
  pause?: Promise<void>,
): Promise<unknown> {
  let entered = result !== undefined;
  let quiet = false;
  try {
    if (!entered) {
      signal?.throwIfAborted();
      if (!channel.tryEnter()) {
        operation.beforeWait?.();
        await channel.enter(signal, operation);
      }
      entered = true;
      quiet = channel.lull > 0;
      const glance = quiet ? lookFirst(channel) : undefined;
      if (glance !== undefined) {
        operation.beforeWait?.();
        await glance;
      }
    }
    let latest = result ?? attempt(channel, operation);
    const refused = latest === -EAGAIN;
    while (latest === -EAGAIN) {
      operation.beforeWait?.();
      const { obstacle } = operation;
      if (obstacle !== undefined) await obstacle.wait(signal);
      else await channel.descriptor.wait(channel.interest, signal);
      latest = attempt(channel, operation);
    }
    if (refused) expectLull(channel);
    else if (!quiet) channel.refusals = 0;
    const rest = pause ?? breathe();
    if (rest !== undefined) await rest;
    return outcomeOf(operation, latest);
  } finally {
    end(operation, entered ? channel : undefined);
  }
}

/**
 * Attempt. When there is no room, the reader is likely to be at work on another processor, or will be as soon
 * as it is let: room comes in less time than it takes to sleep and be woken, which besides happens only
 * when the queue is nearly empty.
 */
function attempt(channel: Channel, operation: AnyOperation): number {
  let result = operation.attempt();
  if (result !== -EAGAIN || channel.interest !== WRITABLE) return result;
  if (operation.obstacle !== undefined) return result;
  channel.courtesy.try(() => {
    result = operation.attempt();
    for (let i = 1; i < LOOKS && result === -EAGAIN; i++) {
      giveWay();
      result = operation.attempt();
    }
    return result === -EAGAIN ? 0 : 1;
  });
  return result;
}

/** Who waits for room has sent a lot: what comes next is no conversation. */
function expectLull(channel: Channel): void {
  if (channel.interest === READABLE && ++channel.refusals >= STREAK) channel.lull = LULL;
}

/** An operation that is likely to find nothing at first waits before it tries. */
function lookFirst(channel: Channel): Promise<void> | undefined {
  channel.lull--;
  return channel.descriptor.glance();
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

/** Attempt just once, if it may be attempted now; otherwise it ends as if it would have to wait. */
export function performOnce<T>(operation: Outcome<T>, now = true): T {
  try {
    return operation.outcome(now ? operation.attempt() : -EAGAIN);
  } finally {
    end(operation);
  }
}

/**
 * Attempt until it goes through, blocking the thread in between for at most `timeout` milliseconds in
 * all (-1: without limit); its outcome, or else the last attempt's result: `-EAGAIN` after that.
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
    if (result !== -EAGAIN) return result;
    deadline ??= deadlineIn(timeout());
    const left = leftUntil(deadline);
    if (left === 0) return result;
    const { obstacle } = operation;
    if (obstacle !== undefined) obstacle.waitSync(left);
    else check(poll(channel.descriptor.fd, channel.interest, left), "poll");
  }
}

function forever(): number {
  return -1;
}

function deadlineIn(milliseconds: number): number {
  return milliseconds < 0 ? Infinity : performance.now() + milliseconds;
}

/** The longest time that poll(2) takes, in milliseconds: after it the operation is attempted again. */
const LONGEST_POLL = 0x7fffffff;

/** The time until a deadline in the form poll(2) wants. */
function leftUntil(deadline: number): number {
  if (deadline === Infinity) return -1;
  return Math.min(LONGEST_POLL, Math.max(0, Math.ceil(deadline - performance.now())));
}
