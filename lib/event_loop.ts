/**
 * The clock, the timers and the places in Deno's event loop that the module uses. All of lib/ takes them
 * from here: what the global object had when this module was loaded, as test libraries replace it later.
 *
 * Deno makes timers and `process` at their first use, which takes 5 and 20 ms. So the module remembers how
 * they are made, and has none made before it needs it.
 *
 * @module
 */

import { now } from "../ffi/now.ts";

export { now };

type Schedule = (callback: () => void) => void;

/** What `setTimeout` returns: a number, or an object in the style of Node. */
export type Timer = number | object;

/** Remember a property of the global object as it is now, and read it at the first call. */
function atLoad<T>(name: string): () => T | undefined {
  const property = Object.getOwnPropertyDescriptor(globalThis, name);
  let value = property?.value as T | undefined;
  let isRead = property?.get === undefined;
  return () => {
    if (isRead) return value;
    isRead = true;
    return value = property?.get?.call(globalThis) as T | undefined;
  };
}

const setTimeoutOf = atLoad<(callback: () => void, milliseconds: number) => Timer>("setTimeout");
const clearTimeoutOf = atLoad<(timer: Timer) => void>("clearTimeout");
const setImmediateOf = atLoad<Schedule>("setImmediate");

const processOf = atLoad<{ nextTick?: Schedule }>("process");
let nextTick: Schedule | undefined;

/** Return Node's `process`, which makes it: this takes 20 ms where it has not been used before. */
export function nodeProcess(): unknown {
  const process = processOf();
  nextTick ??= process?.nextTick;
  return process;
}

const { queueMicrotask } = globalThis;

/** Call `callback` after `milliseconds`. It keeps the program alive, unless {@linkcode unrefTimer} says otherwise. */
export function startTimer(callback: () => void, milliseconds: number): Timer {
  const timer = setTimeoutOf()?.(callback, milliseconds);
  if (timer === undefined) {
    throw new Deno.errors.NotSupported(
      "Cannot wait: there was no `setTimeout` when the module was loaded; load it before `setTimeout` is removed",
    );
  }
  return timer;
}

/** Stop a timer, if there is one. */
export function stopTimer(timer: Timer | undefined): void {
  if (timer !== undefined) clearTimeoutOf()?.(timer);
}

/** Have the timer keep the program alive. */
export function refTimer(timer: Timer): void {
  Deno.refTimer(timer as number);
}

/** Let the program end although the timer runs. */
export function unrefTimer(timer: Timer): void {
  Deno.unrefTimer(timer as number);
}

/** Run `callback` right after the code that runs now. */
export function inMicrotask(callback: () => void): void {
  queueMicrotask(callback);
}

/** For so many microtasks the end of a turn is awaited where `process` is not made: most are done by then. */
const MICROTASKS = 8;

/**
 * Run `callback` when no microtask of this turn is left to run, or after some of them. To be called in a microtask:
 * what is queued outside of one comes before those that are queued then.
 */
export function atEndOfTurn(callback: () => void): void {
  if (nextTick !== undefined) nextTick(callback);
  else afterMicrotasks(callback, MICROTASKS);
}

function afterMicrotasks(callback: () => void, count: number): void {
  if (count === 0) callback();
  else queueMicrotask(() => afterMicrotasks(callback, count - 1));
}

/** Run `callback` in the next turn, after timers and other sockets have had theirs. */
export function inNextTurn(callback: () => void): void {
  const setImmediate = setImmediateOf();
  if (setImmediate) setImmediate(callback);
  else startTimer(callback, 0); // a program may have removed it
}

const { addEventListener } = globalThis;

/**
 * Call `callback` when the program ends without an error, or `deno run --watch` reloads it. A Worker is not told
 * of its end: there it is never called.
 */
export function atUnload(callback: () => void): void {
  addEventListener.call(globalThis, "unload", callback);
}

/**
 * Call `callback` for each error that nothing has caught. Unless another listener prevents it, Deno ends the program
 * then, and calls nothing more.
 */
export function atUncaughtError(callback: () => void): void {
  addEventListener.call(globalThis, "error", callback);
  addEventListener.call(globalThis, "unhandledrejection", callback);
}

/** Those of `node:worker_threads` as well, which lack `WorkerGlobalScope`. */
const isWorker = "DedicatedWorkerGlobalScope" in globalThis;

/** Whether this thread belongs to a Worker. */
export function inWorker(): boolean {
  return isWorker;
}
