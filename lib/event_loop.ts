/**
 * The places in Deno's event loop that the reactor runs at. All are looked up at the first use, so that
 * importing this module costs nothing.
 *
 * @module
 */

type Schedule = (callback: () => void) => void;

interface NodeGlobals {
  readonly process?: { nextTick?: Schedule };
  readonly setImmediate?: Schedule;
}

const globals = globalThis as unknown as NodeGlobals;

/** Run `callback` when nothing else of this turn is left to run. */
export function atEndOfTurn(callback: () => void): void {
  const nextTick = globals.process?.nextTick;
  if (nextTick) nextTick(callback);
  else inNextTurn(callback);
}

/** Run `callback` in the next turn, after timers and other sockets have had theirs. */
export function inNextTurn(callback: () => void): void {
  if (globals.setImmediate) globals.setImmediate(callback);
  else setTimeout(callback, 0);
}

/** Whether this thread belongs to a Worker. */
export function inWorker(): boolean {
  return "WorkerGlobalScope" in globalThis;
}
