/**
 * Checks of the callers' abort signals.
 *
 * @module
 */

import { shown } from "../errors.ts";

/**
 * Check that a signal is one, aborted or not, if it is given.
 *
 * @throws {TypeError} If it is no `AbortSignal`.
 */
export function checkedSignal(signal: AbortSignal | undefined): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw new TypeError(`Cannot wait with ${shown(signal)} as \`signal\`: give an AbortSignal`);
}

/**
 * Check a signal, if it is given, and that it has not aborted.
 *
 * @throws {TypeError} If it is no `AbortSignal`.
 * @throws {unknown} If it has aborted: the signal's reason.
 */
export function requireSignal(signal: AbortSignal | undefined): void {
  if (signal !== undefined) checkedSignal(signal)?.throwIfAborted();
}
