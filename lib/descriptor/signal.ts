/**
 * Checks of the callers' abort signals.
 *
 * @module
 */

import { shown } from "../errors.ts";

/**
 * Check a signal, if there is one.
 *
 * @throws {TypeError} If it is no `AbortSignal`.
 * @throws {unknown} If it has aborted: the signal's reason.
 */
export function requireSignal(signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  if (!(signal instanceof AbortSignal)) {
    throw new TypeError(`Cannot wait with ${shown(signal)} as \`signal\`: give an AbortSignal`);
  }
  signal.throwIfAborted();
}
