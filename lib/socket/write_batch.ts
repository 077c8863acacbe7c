/**
 * Writes on their own, and those that queue up behind a full buffer, sent together.
 *
 * @module
 */

import { check } from "../errors.ts";
import type { Descriptor } from "../descriptor/descriptor.ts";
import type { Operation, Outcome } from "../descriptor/perform.ts";
import { sendBytes } from "./send_bytes.ts";
import { Sender } from "./sender.ts";
import type { SocketType } from "./socket_type.ts";

/** A write that goes out on its own. */
export class Write implements Outcome<number> {
  /** @param owner must not become garbage while the write waits: that would close the descriptor */
  constructor(
    readonly descriptor: Descriptor,
    readonly bytes: Uint8Array,
    readonly type: SocketType,
    readonly owner: object,
  ) {}

  attempt(): number {
    return sendBytes(this.descriptor.fd, this.bytes, this.type);
  }

  outcome(count: number): number {
    return check(count, "send");
  }
}

/** Consecutive writes on a stream that wait for their turn: once it comes, one call takes them all. */
export class WriteBatch implements Operation {
  readonly #descriptor: Descriptor;
  readonly #chunks: Uint8Array[] = [];
  #sender: Sender | undefined;
  /** Settles when all of it is sent. */
  result: Promise<number> | undefined = undefined;

  constructor(descriptor: Descriptor) {
    this.#descriptor = descriptor;
  }

  /** Add a write, unless the batch is on its way or something else has queued up behind it. */
  add(bytes: Uint8Array): boolean {
    const isOpen = this.#chunks.length === 0 || this.#descriptor.writing.isLast(this);
    if (isOpen) this.#chunks.push(bytes);
    return isOpen;
  }

  attempt(): number {
    this.#sender ??= new Sender(this.#descriptor, "stream", { data: this.#chunks });
    return this.#sender.attempt();
  }
}
