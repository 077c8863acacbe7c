/**
 * The iterator of a listener.
 *
 * @module
 */

import type { Descriptor } from "../descriptor/descriptor.ts";
import type { Socket } from "./socket.ts";

/** The first and the longest pause when the process is out of descriptors, in milliseconds. */
const FIRST_PAUSE = 5;
const LONGEST_PAUSE = 1000;

/** The connections of a listener, one after the other, until it is closed or the iterator ended. */
export class Connections implements AsyncIterableIterator<Socket> {
  readonly #descriptor: Descriptor;
  readonly #accept: (signal: AbortSignal) => Promise<Socket>;
  readonly #end = new AbortController();
  #pause = FIRST_PAUSE;

  /** @param accept Accepts one connection. */
  constructor(descriptor: Descriptor, accept: (signal: AbortSignal) => Promise<Socket>) {
    this.#descriptor = descriptor;
    this.#accept = accept;
  }

  get #isOver(): boolean {
    return this.#descriptor.closed || this.#end.signal.aborted;
  }

  /** Wait for the next connection. At the descriptor limit, it waits until descriptors are free. */
  async next(): Promise<IteratorResult<Socket, undefined>> {
    const { signal } = this.#end;
    while (!this.#isOver) {
      try {
        const value = await this.#accept(signal);
        this.#pause = FIRST_PAUSE;
        return { value, done: false };
      } catch (error) {
        if (this.#isOver) break;
        if (!isShortage(error)) {
          this.#end.abort();
          throw error;
        }
        await this.#descriptor.delay(this.#pause, signal).catch(() => {});
        this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
      }
    }
    return { value: undefined, done: true };
  }

  /** End the iterator and a pending `next`, which takes no connection then. The listener stays open. */
  return(): Promise<IteratorResult<Socket, undefined>> {
    this.#end.abort();
    return Promise.resolve({ value: undefined, done: true });
  }

  /** End the iterator, and reject with the error. */
  throw(error?: unknown): Promise<IteratorResult<Socket, undefined>> {
    this.#end.abort();
    return Promise.reject(error);
  }

  /** Return this iterator. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** End the iterator, at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

const SHORTAGES: readonly string[] = ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"];

function isShortage(error: unknown): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "string" &&
    SHORTAGES.includes(error.code);
}
