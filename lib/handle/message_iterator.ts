/**
 * Going through the messages of a socket.
 *
 * @module
 */

import type { Message } from "./message.ts";

/** Receives the next message: `null` at the end. It rejects with the reason once the signal has aborted. */
type Receive = (signal: AbortSignal) => Promise<Message | null>;

/**
 * The messages of a socket, one after the other. `return` and `throw` never wait: they end a `next` that waits,
 * without taking a message.
 */
export class MessageIterator implements AsyncIterableIterator<Message> {
  readonly #receive: Receive;
  readonly #abort = new AbortController();
  readonly #signal: AbortSignal;
  #hasEnded = false;

  /** @param signal The caller's own. */
  constructor(receive: Receive, signal: AbortSignal | undefined) {
    this.#receive = receive;
    const own = this.#abort.signal;
    this.#signal = signal === undefined ? own : AbortSignal.any([own, signal]);
  }

  /** Receive the next message. Calls that are not awaited get messages in their order, as receives do. */
  async next(): Promise<IteratorResult<Message>> {
    if (this.#hasEnded) return { done: true, value: undefined };
    try {
      const message = await this.#receive(this.#signal);
      if (message !== null) return { done: false, value: message };
    } catch (error) {
      // A `next` that `return` ended has neither a message nor an error.
      if (!this.#abort.signal.aborted) {
        this.#hasEnded = true;
        throw error;
      }
    }
    this.#hasEnded = true;
    return { done: true, value: undefined };
  }

  /** End the iteration: a `next` that waits has no message. */
  return(value?: unknown): Promise<IteratorResult<Message>> {
    this.#end();
    return Promise.resolve({ done: true, value });
  }

  /** End the iteration with an error. */
  throw(error: unknown): Promise<IteratorResult<Message>> {
    this.#end();
    return Promise.reject(error);
  }

  #end(): void {
    this.#hasEnded = true;
    this.#abort.abort();
  }

  /** Return the iterator itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }
}
