/**
 * The clock that was there when this module was loaded: test libraries replace it later.
 *
 * @module
 */

const { performance } = globalThis;
const performanceNow = performance.now;

/** Return milliseconds of a clock that only goes forwards. */
export function now(): number {
  return performanceNow.call(performance);
}
