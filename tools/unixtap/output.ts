/**
 * Where events go: formatted and written in batches, beside the connections and not in their way. Whatever
 * happens to the file, connections go on, and memory is bounded.
 *
 * @module
 */

import { OwnedFd } from "../../mod.ts";
import { codeOf, count, oneLine } from "../cli/text.ts";
import { pathInfo } from "../native/files.ts";
import { now, type TapEvent } from "./events.ts";
import type { Sink } from "./recorder.ts";

/** Turns events into bytes. */
export interface Formatter {
  /** Whether an event is written at all. */
  accepts(event: TapEvent): boolean;
  /** Return what is written for an event. */
  format(event: TapEvent): Uint8Array | string;
  /** How many bytes of a message of this connection are wanted; negative for no message. */
  wanted(connection: number): number;
}

/** With events of more bytes than this waiting, connections wait as well, for a while. */
const LIMIT = 1 << 22;

/** What an event counts for besides its data, in bytes. */
const EVENT_SIZE = 256;

/** How long events wait for others to be written with, in milliseconds. */
const INTERVAL = 25;

/** The longest time to format events in one turn of the event loop, in milliseconds. */
const BUDGET = 5;

/** How long connections wait for an output that takes nothing, and the tool for its end, in milliseconds. */
const FLUSH_TIME = 1000;

/** How an output behaves. */
export interface OutputOptions {
  /** What it is called in warnings, as in `the output "log"`. */
  readonly name: string;
  /** Never let connections wait: leave out events and count them, and try again after a failure. */
  readonly drop: boolean;
  /** Tell the user. */
  warn(text: string): void;
}

/** Writes events to a file. */
export class Output implements Sink {
  readonly #file: OwnedFd;
  readonly #formatter: Formatter;
  readonly #options: OutputOptions;
  readonly #encoder = new TextEncoder();
  #waiting: TapEvent[] = [];
  #size = 0;
  #flushing: Promise<void> | undefined;
  #space: Promise<void> | undefined;
  /** Events left out since the last that were written. */
  #missing = 0;
  #lost = 0;
  #isStuck = false;
  #hasFailed = false;
  #hasWarned = false;

  constructor(file: OwnedFd, formatter: Formatter, options: OutputOptions) {
    this.#file = file;
    this.#formatter = formatter;
    this.#options = options;
  }

  /** Whether something could not be written. */
  get isIncomplete(): boolean {
    return this.#hasWarned || this.#lost > 0;
  }

  get lost(): number {
    return this.#lost;
  }

  wanted(connection: number): number {
    return this.#hasFailed ? -1 : this.#formatter.wanted(connection);
  }

  /** Add an event. It is written soon, in one piece with what else comes until then. */
  add(event: TapEvent): void {
    if (this.#hasFailed || !this.#formatter.accepts(event)) return;
    if (this.#size > LIMIT && (this.#isStuck || this.#options.drop)) {
      this.#missing++;
      this.#lost++;
      return;
    }
    this.#waiting.push(event);
    this.#size += EVENT_SIZE + (event.event === "message" ? event.data.byteLength : 0);
    this.#flushing ??= this.#flush();
  }

  get space(): Promise<void> | undefined {
    if (this.#size <= LIMIT || this.#isStuck || this.#hasFailed || this.#options.drop) {
      return undefined;
    }
    return this.#space ??= this.#waitForSpace();
  }

  async #waitForSpace(): Promise<void> {
    const deadline = now() + FLUSH_TIME;
    while (this.#size > LIMIT && now() < deadline) await pause(1);
    this.#space = undefined;
    if (this.#size <= LIMIT) return;
    this.#isStuck = true;
    this.#warn("takes nothing more: what does not fit is left out and counted");
  }

  #warn(what: string): void {
    if (!this.#hasWarned) this.#options.warn(`${this.#options.name} ${what}`);
    this.#hasWarned = true;
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      await pause(this.#size > LIMIT / 2 ? 0 : INTERVAL);
      const bytes = this.#formatSome();
      try {
        for (let done = 0; done < bytes.byteLength;) {
          done += await this.#file.write(bytes.subarray(done));
        }
        this.#isStuck = false;
        this.#noteMissing();
      } catch (error) {
        await this.#failed(error);
      }
    }
    this.#flushing = undefined;
  }

  /** Take events from the queue, as many as there is time for. */
  #formatSome(): Uint8Array {
    const deadline = performance.now() + BUDGET;
    const parts: (Uint8Array | string)[] = [];
    let done = 0;
    for (const event of this.#waiting) {
      parts.push(this.#formatter.format(event));
      done++;
      this.#size -= EVENT_SIZE + (event.event === "message" ? event.data.byteLength : 0);
      if ((done & 63) === 0 && performance.now() > deadline) break;
    }
    this.#waiting = done === this.#waiting.length ? [] : this.#waiting.slice(done);
    return this.#joined(parts);
  }

  #joined(parts: readonly (Uint8Array | string)[]): Uint8Array {
    if (parts.every((it) => typeof it === "string")) return this.#encoder.encode(parts.join(""));
    const bytes = parts.map((it) => typeof it === "string" ? this.#encoder.encode(it) : it);
    const joined = new Uint8Array(bytes.reduce((sum, it) => sum + it.byteLength, 0));
    let offset = 0;
    for (const it of bytes) {
      joined.set(it, offset);
      offset += it.byteLength;
    }
    return joined;
  }

  /** Tell how many events are missing between those that were written and the next. */
  #noteMissing(): void {
    if (this.#missing === 0) return;
    const event = { event: "lost", time: now(), count: this.#missing } as const;
    this.#missing = 0;
    this.#waiting.unshift(event);
    this.#size += EVENT_SIZE;
  }

  async #failed(error: unknown): Promise<void> {
    const isClosed = codeOf(error) === "EPIPE" || error instanceof Deno.errors.BrokenPipe;
    const why = oneLine(error).replace(/^Cannot write: /, "");
    if (this.#options.drop && !isClosed) {
      this.#warn(`cannot be written: ${why}; it is tried again`);
      this.#missing++;
      this.#lost++;
      await pause(FLUSH_TIME);
      return;
    }
    this.#warn(`cannot be written: ${why}; the connections go on without it`);
    this.#hasFailed = true;
    this.#waiting = [];
    this.#size = 0;
  }

  /** Write what is left, as far as it can be written soon. */
  async end(): Promise<void> {
    await Promise.race([this.#flushing, pause(FLUSH_TIME)]);
    if (this.#flushing === undefined) return;
    const left = this.#waiting.length;
    this.#lost += left;
    this.#warn(`takes nothing more: ${count(left, "event")} at the end are missing`);
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/**
 * Open a file for output. A FIFO is opened for reading, too: without that, opening waits for a reader.
 *
 * @param path The file; `"-"` is the standard output.
 * @throws {Error} If it cannot be opened.
 */
export function openOutput(path: string): OwnedFd {
  if (path === "-") return OwnedFd.adopt(1);
  const isFifo = pathInfo(path)?.kind === "pipe";
  return OwnedFd.open(path, {
    write: true,
    create: true,
    ...(isFifo ? { read: true } : { truncate: true }),
  });
}
