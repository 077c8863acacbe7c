/**
 * Going through the messages of a socket.
 *
 * @module
 */

import type { Descriptor } from "../descriptor/descriptor.ts";
import { type Outcome, perform } from "../descriptor/perform.ts";
import type { Message } from "./message.ts";

/** Return what receives the next message: `null` at the end. */
type NewReceiver = () => Outcome<Message | null>;

/**
 * The messages of a socket, one after the other. `return` and `throw` never wait: they end a `next` that waits,
 * without taking a message.
 */
export class MessageIterator implements AsyncIterableIterator<Message> {
  readonly #descriptor: Descriptor;
  readonly #newReceiver: NewReceiver;
  readonly #abort = new AbortController();
  readonly #signal: AbortSignal;
  #hasEnded = false;

  /** @param signal The caller's own. */
  constructor(descriptor: Descriptor, newReceiver: NewReceiver, signal: AbortSignal | undefined) {
    this.#descriptor = descriptor;
    this.#newReceiver = newReceiver;
    const own = this.#abort.signal;
    this.#signal = signal === undefined ? own : AbortSignal.any([own, signal]);
  }

  /** Receive the next message. Calls that are not awaited get messages in their order, as receives do. */
  next(): Promise<IteratorResult<Message>> {
    if (this.#hasEnded) return Promise.resolve({ done: true, value: undefined });
    try {
      const step = new Step(this.#newReceiver(), this);
      return perform(this.#descriptor.reading, step, this.#signal);
    } catch (error) {
      this.#hasEnded = true;
      return Promise.reject(error);
    }
  }

  /** Return what `next` gives for a message, or for the end. */
  resultOf(message: Message | null): IteratorResult<Message> {
    if (message !== null) return { done: false, value: message };
    this.#hasEnded = true;
    return { done: true, value: undefined };
  }

  /** Return what `next` gives where it has failed: what `return` ended has no message, and no error either. */
  afterError(error: unknown): IteratorResult<Message> {
    this.#hasEnded = true;
    if (this.#abort.signal.aborted) return { done: true, value: undefined };
    throw error;
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

/**
 * One step. It makes the result of a message that is there in the step that receives it: with a promise more, a
 * receiver falls behind a sender in the same thread, which then has to wait at each message.
 */
class Step implements Outcome<IteratorResult<Message>>, Disposable {
  readonly #receiver: Outcome<Message | null>;
  readonly #iterator: MessageIterator;

  constructor(receiver: Outcome<Message | null>, iterator: MessageIterator) {
    this.#receiver = receiver;
    this.#iterator = iterator;
  }

  attempt(): number {
    return this.#receiver.attempt();
  }

  beforeWait(): void {
    this.#receiver.beforeWait?.();
  }

  outcome(result: number): IteratorResult<Message> {
    return this.#iterator.resultOf(this.#receiver.outcome(result));
  }

  recover(error: unknown): IteratorResult<Message> {
    return this.#iterator.afterError(error);
  }

  [Symbol.dispose](): void {
    this.#receiver[Symbol.dispose]?.();
  }
}
