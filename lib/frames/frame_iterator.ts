/**
 * Goes through the frames of a stream.
 *
 * @module
 */

import type { Frame } from "./frame.ts";
import type { FrameReader } from "./frame_reader.ts";

type Result = IteratorResult<Frame, undefined>;

/**
 * An iterator whose `return` never waits: it ends a pending `next`, and the bytes that have come stay for others.
 */
export class FrameIterator implements AsyncIterableIterator<Frame> {
  readonly #reader: FrameReader;
  readonly #cancel = new AbortController();

  constructor(reader: FrameReader) {
    this.#reader = reader;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result> {
    if (this.#cancel.signal.aborted) return Promise.resolve(end());
    try {
      const frame = this.#reader.takeNow(undefined, undefined);
      if (frame !== undefined) return Promise.resolve({ value: frame, done: false });
    } catch (error) {
      this.#finish();
      return Promise.reject(error);
    }
    return this.#waitForNext();
  }

  async #waitForNext(): Promise<Result> {
    try {
      const frame = await this.#reader.waitFor(undefined, undefined, this.#cancel);
      if (frame !== null) return { value: frame, done: false };
    } catch (error) {
      if (this.#isReturned(error)) return end();
      this.#finish();
      throw error;
    }
    this.#finish();
    return end();
  }

  #isReturned(error: unknown): boolean {
    return error === FINISHED;
  }

  /** End the iterator, and what waits in it. */
  return(): Promise<Result> {
    this.#finish();
    return Promise.resolve(end());
  }

  /** End the iterator, and what waits in it, with an error for the caller. */
  throw(error: unknown): Promise<Result> {
    this.#finish();
    return Promise.reject(error);
  }

  #finish(): void {
    this.#reader.forget(this.#cancel);
    this.#cancel.abort(FINISHED);
  }
}

/** The reason of waits that end with their iterator. */
const FINISHED = new Error("The iterator has ended");

function end(): Result {
  return { value: undefined, done: true };
}
