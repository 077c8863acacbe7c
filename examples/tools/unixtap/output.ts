/**
 * Where the lines go: written in batches, beside the connections and not in their way.
 *
 * @module
 */

import { OwnedFd } from "@denet/unix";

/** With more text than this waiting, in UTF-16 units, connections wait as well. */
const LIMIT = 1 << 20;

/** How long lines wait for others to be written with, in milliseconds: a write costs more than a line. */
const INTERVAL = 10;

/** How long the last lines may take when the tool ends, in milliseconds. */
const PATIENCE = 1000;

/** Writes lines to a file or to standard output. */
export class Output {
  readonly #file: OwnedFd;
  readonly #encoder = new TextEncoder();
  readonly #failed = Promise.withResolvers<never>();
  #waiting: string[] = [];
  #length = 0;
  #flushing: Promise<void> | undefined;

  /**
   * Open the file, or standard output.
   *
   * @throws {Error} if the file cannot be opened
   */
  constructor(path: string | undefined) {
    this.#file = path === undefined
      ? OwnedFd.adopt(1)
      : OwnedFd.open(path, { write: true, create: true, truncate: true });
    this.#failed.promise.catch(() => {});
  }

  /** Rejects once the output cannot be written. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** Add text. It is written soon, in one piece with what else comes until then. */
  add(text: string): void {
    this.#waiting.push(text);
    this.#length += text.length;
    this.#flushing ??= this.#flush();
  }

  /** Resolves when there is room: before taking more from a connection. */
  get room(): Promise<void> | undefined {
    return this.#length > LIMIT ? this.#flushing : undefined;
  }

  async #flush(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        await new Promise((resolve) => setTimeout(resolve, INTERVAL));
        const bytes = this.#encoder.encode(this.#waiting.join(""));
        this.#waiting = [];
        this.#length = 0;
        for (let done = 0; done < bytes.byteLength;) {
          done += await this.#file.write(bytes.subarray(done));
        }
      }
    } catch (error) {
      const why = error instanceof Error ? error.message.replace(/^Cannot write: /, "") : error;
      this.#failed.reject(new Error(`Cannot write the output: ${why}`));
    } finally {
      this.#flushing = undefined;
    }
  }

  /** Write what is left. A reader that does not read is not waited for any longer. */
  async end(): Promise<void> {
    await Promise.race([this.#flushing, new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
  }
}
