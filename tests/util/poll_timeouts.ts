/**
 * How long the module asks poll(2) to wait, without waiting that long.
 *
 * @module
 */

import { libc, replaceLibc } from "../../ffi/libc.ts";

/**
 * Collect the time limits that `fn` gives to poll(2), in milliseconds. The calls are real, but each returns at
 * once: nothing that takes place in time decides what comes out.
 */
export function pollTimeouts(fn: () => void): number[] {
  const { poll } = libc();
  const timeouts: number[] = [];
  const atOnce: typeof poll = (fds, count, timeout) => {
    timeouts.push(timeout);
    return poll(fds, count, 0);
  };
  const previous = replaceLibc(Object.create(libc(), { poll: { value: atOnce } }));
  try {
    fn();
  } finally {
    replaceLibc(previous);
  }
  return timeouts;
}
