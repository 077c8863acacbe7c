/**
 * Events for machines: one JSON object per line.
 *
 * @module
 */

import type { Passed, TapEvent } from "../events.ts";
import { passes } from "../filter.ts";
import type { Filter, Options } from "../options.ts";
import type { Formatter } from "../output.ts";
import { asText } from "./data.ts";
import type { Decoding } from "./decoding.ts";

/** Writes events as JSON. */
export class JsonFormatter implements Formatter {
  readonly #options: Pick<Options, "view" | "bytes"> & { filter: Filter };
  readonly #decoding: Decoding;

  constructor(options: Pick<Options, "view" | "bytes"> & { filter: Filter }, decoding: Decoding) {
    this.#options = options;
    this.#decoding = decoding;
  }

  accepts(event: TapEvent): boolean {
    return passes(event, this.#options.filter);
  }

  wanted(connection: number): number {
    const { bytes, filter } = this.#options;
    return filter.match !== undefined || this.#decoding.wantsAll(connection) ? Infinity : bytes;
  }

  format(event: TapEvent): string {
    if (event.event === "lost") this.#decoding.lose();
    if (event.event === "close") this.#decoding.forget(event.connection);
    const decoded = event.event === "message" ? this.#decoding.decode(event) : undefined;
    const json: Record<string, unknown> = { ...event, time: isoTime(event.time) };
    if (event.event !== "connect") delete json.process;
    if (event.event === "message") Object.assign(json, this.#data(event), { data: undefined });
    if (decoded !== undefined) {
      json.protocol = this.#decoding.nameOf((event as Passed).connection);
      json.decoded = decoded;
    }
    return `${JSON.stringify(json)}\n`;
  }

  #data({ size, data }: Passed): Record<string, unknown> {
    const { view, bytes } = this.#options;
    if (view === "none") return {};
    const shown = data.byteLength > bytes ? data.subarray(0, bytes) : data;
    const isCut = shown.byteLength < size;
    const text = view === "hex" ? undefined : asText(shown, isCut);
    const content = text === undefined ? { hex: shown.toHex() } : { text };
    return isCut ? { ...content, cut: true } : content;
  }
}

/** Return a time as ISO 8601 has it, with microseconds. */
function isoTime(time: number): string {
  const micros = Math.floor(time * 1000) % 1000;
  return `${new Date(time).toISOString().slice(0, -1)}${String(micros).padStart(3, "0")}Z`;
}
