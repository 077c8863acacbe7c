/**
 * The watchdog of the service manager: sd_watchdog_enabled(3).
 *
 * @module
 */

import { invalid, readNumber } from "./environment.ts";

/** `USEC_INFINITY` of systemd: never. */
const NEVER = 2n ** 64n - 1n;

/**
 * Return the interval in milliseconds within which the service must call `notify({ watchdog: true })` again and
 * again: the service manager treats a service that does not as failed. Call it at half of the interval.
 *
 * Needs `--allow-env` for the variables `WATCHDOG_USEC` and `WATCHDOG_PID`. They stay set.
 *
 * @returns The interval in milliseconds; `undefined` if there is no watchdog, or another process is meant.
 * @throws {Deno.errors.InvalidData} If a variable makes no sense.
 * @throws {Deno.errors.NotCapable} If there is no permission for the variables.
 *
 * Follows sd_watchdog_enabled(3).
 *
 * @example
 * ```ts
 * import { notify, watchdogInterval } from "@denet/unix/systemd";
 *
 * const interval = watchdogInterval();
 * if (interval !== undefined) setInterval(() => notify({ watchdog: true }), interval / 2);
 * ```
 */
export function watchdogInterval(): number | undefined {
  const microseconds = readNumber("WATCHDOG_USEC");
  if (microseconds === undefined) return undefined;
  if (microseconds === 0n || microseconds >= NEVER) {
    throw invalid("WATCHDOG_USEC", `${microseconds}`, "it is not an interval in microseconds");
  }
  const pid = readNumber("WATCHDOG_PID");
  if (pid !== undefined && pid !== BigInt(Deno.pid)) return undefined;
  return Number(microseconds) / 1000;
}
