/**
 * Where the lines go: made and written in batches, beside the connections and not in their way.
 *
 * @module
 */

import { OwnedFd } from "@denet/unix";
import type { TapEvent } from "./events.ts";
import type { Format } from "./format.ts";

/** With events of more bytes than this waiting, connections wait as well. */
const LIMIT = 1 << 18;

/** What an event counts for besides its data, in bytes. */
const EVENT_SIZE = 64;

/** How long events wait for others to be written with, in milliseconds: a message is not to wait for them. */
const INTERVAL = 10;

/** How long the last lines may take when the tool is told to end, in milliseconds. */
const PATIENCE = 1000;

/** Writes events to a file or to standard output. */
export class Output {
  readonly #file: OwnedFd;
  readonly #encoder = new TextEncoder();
  readonly #failed = Promise.withResolvers<never>();
  readonly #format: Format;
  #waiting: TapEvent[] = [];
  #size = 0;
  #flushing: Promise<void> | undefined;
  #hasFailed = false;

  /**
   * Open the file, or standard output.
   *
   * @throws {Error} if the file cannot be opened
   */
  constructor(path: string | undefined, format: Format) {
    this.#format = format;
    this.#file = path === undefined
      ? OwnedFd.adopt(1)
      : OwnedFd.open(path, { write: true, create: true, truncate: true });
    this.#failed.promise.catch(() => {});
  }

  /** Rejects once the output cannot be written. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** Add an event. It is written soon, in one piece with what else comes until then. */
  add(event: TapEvent): void {
    this.#waiting.push(event);
    this.#size += EVENT_SIZE + (event.event === "message" ? event.data.byteLength : 0);
    this.#flushing ??= this.#flush();
  }

  /** Resolves when there is room: before taking more from a connection. */
  get room(): Promise<void> | undefined {
    return this.#size > LIMIT ? this.#flushing : undefined;
  }

  async #flush(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        await new Promise((resolve) => setTimeout(resolve, INTERVAL));
        const events = this.#waiting;
        this.#waiting = [];
        this.#size = 0;
        const bytes = this.#encoder.encode(events.map(this.#format).join(""));
        for (let done = 0; done < bytes.byteLength;) {
          done += await this.#file.write(bytes.subarray(done));
        }
      }
    } catch (error) {
      const why = error instanceof Error ? error.message.replace(/^Cannot write: /, "") : error;
      this.#hasFailed = true;
      this.#failed.reject(new Error(`Cannot write the output: ${why}`));
    } finally {
      this.#flushing = undefined;
    }
  }

  /**
   * Write what is left.
   *
   * @throws {Error} if the output cannot be written
   */
  async end(): Promise<void> {
    await this.#flushing;
    if (this.#hasFailed) await this.#failed.promise;
  }

  /** Write what is left, as far as its reader takes it soon. */
  async endSoon(): Promise<void> {
    await Promise.race([this.#flushing, new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
  }
}
