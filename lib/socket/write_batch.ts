/**
 * Single writes, and batches of writes that wait for send space and are sent together.
 *
 * @module
 */

import { byteLengthOf, viewOf } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { sendmsg } from "../../ffi/syscalls/sockets.ts";
import {
  bufferDetachedError,
  isBytes,
  noBytes,
  requireLength,
} from "../descriptor/caller_buffer.ts";
import type { Descriptor } from "../descriptor/descriptor.ts";
import type { Operation, Outcome } from "../descriptor/perform.ts";
import { check, systemError } from "../errors.ts";
import { MAX_VECTORS, sharedHeader } from "../message/header.ts";
import { sendBytes } from "./send_bytes.ts";
import type { SocketType } from "./socket_type.ts";

const { EAGAIN, MSG_DONTWAIT } = platform;

/** A write that goes out on its own. */
export class Write implements Outcome<number> {
  /**
   * @param length The length of `bytes` at the time of the call.
   * @param owner An object that must not become garbage while the write waits: that would close the descriptor.
   */
  constructor(
    readonly descriptor: Descriptor,
    readonly bytes: Uint8Array,
    readonly length: number,
    readonly type: SocketType,
    readonly owner: object,
  ) {}

  attempt(): number {
    requireLength(this.bytes, this.length);
    return sendBytes(this.descriptor.fd, this.bytes, this.type, this.length);
  }

  outcome(count: number): number {
    return check(count, "send");
  }
}

/** A write of a batch, and how its caller learns what became of it. */
interface QueuedWrite {
  readonly bytes: Uint8Array;
  /** The length at the time of the call, `-1` for what is no memory. */
  readonly length: number;
  resolve(count: number): void;
  reject(reason: unknown): void;
}

/**
 * Consecutive writes on a stream that wait for their turn: once it comes, one call takes them all. Each has its
 * own end: one that cannot be sent fails alone, and after an error those that went out before have succeeded.
 */
export class WriteBatch implements Operation {
  readonly #descriptor: Descriptor;
  readonly #writes: QueuedWrite[] = [];
  /** The writes that are settled. */
  #done = 0;
  /** The bytes of the first write that is not settled which have been sent. */
  #sent = 0;

  /** @param owner An object that must not become garbage while the writes wait. */
  constructor(descriptor: Descriptor, readonly owner: object) {
    this.#descriptor = descriptor;
  }

  /** Whether a write may be added: the batch is not on its way, and nothing else has queued up behind it. */
  get isOpen(): boolean {
    return this.#descriptor.writing.isLast(this);
  }

  /** Add a write; the promise settles when its turn is over, also for what is no memory to write. */
  add(bytes: Uint8Array): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#writes.push({
      bytes,
      length: isBytes(bytes) ? byteLengthOf(bytes) : -1,
      resolve,
      reject,
    });
    return promise;
  }

  attempt(): number {
    const { fd } = this.#descriptor;
    while (this.#done < this.#writes.length) {
      const vectors = this.#nextVectors();
      if (vectors.length === 0) continue;
      const header = sharedHeader();
      header.setVectors(vectors);
      header.setName(null);
      header.setControl(0, 0);
      const count = sendmsg(fd, header.location, MSG_DONTWAIT);
      if (count === -EAGAIN) return count;
      if (count < 0) this.fail(systemError(-count, "send"));
      else this.#advance(count);
    }
    return 0;
  }

  /** What is to be sent next, of writes whose memory is still there; one at the front that is not fails. */
  #nextVectors(): Uint8Array[] {
    const vectors: Uint8Array[] = [];
    for (let i = this.#done; i < this.#writes.length && vectors.length < MAX_VECTORS; i++) {
      const write = this.#writes[i];
      // deno-coverage-ignore -- for the compiler: the index is in range
      if (write === undefined) break;
      const { bytes, length } = write;
      if (length < 0 || byteLengthOf(bytes) < length) {
        if (vectors.length > 0) break;
        write.reject(length < 0 ? noBytes(bytes) : bufferDetachedError());
        this.#settled();
        continue;
      }
      const start = i === this.#done ? this.#sent : 0;
      vectors.push(viewOf(bytes, start, length - start));
    }
    return vectors;
  }

  /** Resolve the writes that `count` more bytes complete. */
  #advance(count: number): void {
    this.#sent += count;
    for (;;) {
      const first = this.#writes[this.#done];
      if (first === undefined || first.length < 0 || this.#sent < first.length) return;
      const rest = this.#sent - first.length;
      first.resolve(first.length);
      this.#settled();
      this.#sent = rest;
    }
  }

  #settled(): void {
    this.#done++;
    this.#sent = 0;
  }

  /** End all that is left: the first has written what went out of it, if anything did; the others have failed. */
  fail(reason: unknown): void {
    const left = this.#writes.slice(this.#done);
    if (this.#sent > 0) left.shift()?.resolve(this.#sent);
    for (const { reject } of left) reject(reason);
    this.#done = this.#writes.length;
  }
}
