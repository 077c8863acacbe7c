/**
 * Receiving whatever comes, whole: a message with all of its bytes and descriptors, or a piece of a stream whose
 * descriptors were sent with its first byte.
 *
 * @module
 */

import type { Message, ReceiveOptions, Socket } from "../../mod.ts";
import { codeOf } from "../cli/text.ts";

/** As many descriptors as a message can carry. */
const ALL_FILES = 253;

/** The most that is taken from a stream at once, in bytes. */
const STREAM_SIZE = 1 << 16;

/** The same when much goes through: more than the queue of a usual sender holds. */
const BULK_SIZE = 1 << 18;

const SMALL: ReceiveOptions = { size: STREAM_SIZE, files: ALL_FILES, filesFirst: true };

/** Receives pieces of a stream, into memory of its own only as long as much goes through it. */
export class StreamIntake {
  readonly #source: Socket;
  #options: ReceiveOptions = SMALL;
  /** Whether the memory of the last piece is used again for the next. */
  isBorrowed = false;
  #isBulk = false;

  constructor(source: Socket) {
    this.#source = source;
  }

  /** Receive a piece; `null` at the end. */
  async next(): Promise<Message | null> {
    this.isBorrowed = this.#isBulk;
    const message = await this.#source.receive(this.#options);
    const isBulk = message !== null && message.data.byteLength > STREAM_SIZE / 4;
    if (isBulk !== this.#isBulk) this.#adapt(isBulk);
    return message;
  }

  #adapt(isBulk: boolean): void {
    this.#isBulk = isBulk;
    this.#options = isBulk ? { ...SMALL, buffer: new Uint8Array(BULK_SIZE) } : SMALL;
  }
}

const LOOK: ReceiveOptions = { size: 1, peek: true };

/** Receives messages of a socket that keeps them apart, each into memory of its length. */
export class MessageIntake {
  readonly #source: Socket;
  readonly isBorrowed = false;

  constructor(source: Socket) {
    this.#source = source;
  }

  /** Receive a message; `null` at the end. */
  async next(): Promise<Message | null> {
    using first = await this.#receive(LOOK);
    if (first === null) return null;
    const size = Math.max(first.fullLength, 1);
    return await this.#receive({ size, files: ALL_FILES });
  }

  /**
   * Receive, again after a reset: a peer that closes with unread messages resets the connection, which the
   * kernel reports once, before the messages that the peer had sent.
   */
  async #receive(options: ReceiveOptions): Promise<Message | null> {
    try {
      return await this.#source.receive(options);
    } catch (error) {
      if (codeOf(error) !== "ECONNRESET") throw error;
      return await this.#source.receive(options);
    }
  }
}
