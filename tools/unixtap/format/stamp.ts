/**
 * The time before each event.
 *
 * @module
 */

import type { Options } from "../options.ts";

/** Writes times in one format. */
export class Stamp {
  readonly #format: Options["time"];
  readonly #start: number;
  #last: number;

  constructor(format: Options["time"], start: number) {
    this.#format = format;
    this.#start = start;
    this.#last = start;
  }

  /** Return the text for a time in milliseconds since 1970; `""` for none. */
  text(time: number): string {
    const since = this.#format === "delta" ? this.#last : this.#start;
    this.#last = time;
    if (this.#format === "none") return "";
    if (this.#format === "clock") return clockText(time);
    const sign = this.#format === "delta" ? "+" : "";
    return `${sign}${(Math.max(time - since, 0) / 1000).toFixed(6)}`.padStart(12);
  }
}

/** Return the time of day with microseconds. */
export function clockText(time: number): string {
  const it = new Date(time);
  const parts = [it.getHours(), it.getMinutes(), it.getSeconds()];
  const clock = parts.map((part) => String(part).padStart(2, "0")).join(":");
  return `${clock}.${String(Math.floor(time * 1000) % 1_000_000).padStart(6, "0")}`;
}
