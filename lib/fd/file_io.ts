/**
 * Reading and writing descriptors of any kind without blocking the event loop.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import {
  closeFd,
  fcntl,
  poll,
  read,
  readInPool,
  write,
  writeInPool,
} from "../../ffi/syscalls/files.ts";
import { recv, send } from "../../ffi/syscalls/sockets.ts";
import type { Channel, Descriptor } from "../descriptor/descriptor.ts";
import { check, closedError } from "../errors.ts";
import { duplicate } from "./file_like.ts";
import { READABLE, WRITABLE } from "../reactor/mod.ts";
import { type FileKind, kindOf } from "./stat.ts";
import { bufferDetachedError, countOrEnd, requireBytes } from "../descriptor/caller_buffer.ts";
import { readableFrom, writableTo } from "./streams.ts";
import { type Operation, perform, performSync } from "../descriptor/perform.ts";

/** How to keep the event loop free: sockets have a flag for it, other streams readiness, files a thread. */
type Way = "socket" | "poll" | "pool";

function wayFor(kind: FileKind): Way {
  if (kind === "socket") return "socket";
  return kind === "file" || kind === "memfd" || kind === "block" || kind === "directory"
    ? "pool"
    : "poll";
}

/** What a blocking pipe takes without blocking once it is writable (`PIPE_BUF`, pipe(7)), in bytes. */
const PIPE_BUF = 4096;

/** Reads and writes one descriptor, asynchronously and not. */
export class FileIo {
  readonly #descriptor: Descriptor;
  #way: Way | undefined;
  #readable: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
  #writable: WritableStream<Uint8Array<ArrayBufferLike>> | undefined;

  /** @param owner must not become garbage while something waits: that would close the descriptor */
  constructor(descriptor: Descriptor, readonly owner?: object) {
    this.#descriptor = descriptor;
  }

  #chosen(): Way {
    return this.#way ??= this.#choose();
  }

  #choose(): Way {
    const kind = kindOf(this.#descriptor.fd);
    if (kind === "eventfd" || kind === "other") this.#descriptor.markAsEvent();
    return wayFor(kind);
  }

  /** One read that does not block, but for regular files. */
  #readStep(bytes: Uint8Array): number {
    const { fd } = this.#descriptor;
    // For no bytes at all neither poll(2) nor recv(2) may wait.
    if (bytes.byteLength === 0 && this.#chosen() !== "pool") return 0;
    if (this.#chosen() === "socket") return recv(fd, bytes, platform.MSG_DONTWAIT);
    if (this.#chosen() === "poll" && poll(fd, READABLE, 0) === 0) return -platform.EAGAIN;
    return read(fd, bytes);
  }

  #readOperation(bytes: Uint8Array): Operation {
    const length = bytes.byteLength;
    return {
      attempt: () => {
        if (bytes.byteLength < length) throw bufferDetachedError();
        return this.#readStep(bytes);
      },
    };
  }

  #writeStep(bytes: Uint8Array): number {
    const { fd } = this.#descriptor;
    if (this.#chosen() === "socket") return send(fd, bytes, platform.MSG_DONTWAIT);
    if (this.#chosen() === "pool") return write(fd, bytes);
    if (poll(fd, WRITABLE, 0) === 0) return -platform.EAGAIN;
    const blocking = (fcntl(fd, platform.F_GETFL, 0) & platform.O_NONBLOCK) === 0;
    return write(fd, blocking ? bytes.subarray(0, PIPE_BUF) : bytes);
  }

  /** Read up to `bytes.byteLength` bytes; `null` at the end. */
  async read(bytes: Uint8Array, signal?: AbortSignal): Promise<number | null> {
    const length = requireBytes(bytes);
    const result = this.#chosen() === "pool"
      ? await this.#readInPool(bytes)
      : await perform(this.#descriptor.reading, this.#readOperation(bytes), signal);
    return countOrEnd(check(result, "read"), length);
  }

  /** Read in the calling thread. */
  readSync(bytes: Uint8Array): number | null {
    const length = requireBytes(bytes);
    const result = performSync(this.#descriptor.reading, this.#readOperation(bytes));
    return countOrEnd(check(result, "read"), length);
  }

  /** Write up to `bytes.byteLength` bytes; the number written. */
  async write(bytes: Uint8Array, signal?: AbortSignal): Promise<number> {
    requireBytes(bytes);
    const result = this.#chosen() === "pool"
      ? await this.#inPool(this.#descriptor.writing, new Uint8Array(bytes), writeInPool, write)
      : await perform(this.#descriptor.writing, { attempt: () => this.#writeStep(bytes) }, signal);
    return check(result, "write");
  }

  /** Write in the calling thread. */
  writeSync(bytes: Uint8Array): number {
    requireBytes(bytes);
    const result = performSync(this.#descriptor.writing, { attempt: () => this.#writeStep(bytes) });
    return check(result, "write");
  }

  async #readInPool(bytes: Uint8Array): Promise<number> {
    const own = new Uint8Array(bytes.byteLength);
    const count = await this.#inPool(this.#descriptor.reading, own, readInPool, read);
    if (count > bytes.byteLength) throw bufferDetachedError();
    if (count > 0) bytes.set(own.subarray(0, count));
    return count;
  }

  /** The content as a stream. */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#readable ??= readableFrom({
      read: (bytes, signal) => this.read(bytes, signal),
      readingEnded: () => this.#descriptor.close(),
    });
  }

  /** A stream that writes. */
  get writable(): WritableStream<Uint8Array<ArrayBufferLike>> {
    return this.#writable ??= writableTo({
      writeAll: (bytes, signal) => this.#writeAll(bytes, signal),
      writingEnded: () => this.#descriptor.close(),
    });
  }

  async #writeAll(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    for (let done = 0; done < bytes.byteLength;) {
      done += await this.write(bytes.subarray(done), signal);
    }
  }

  /**
   * Run a call on a thread of Deno's pool, on a duplicate: the descriptor may be closed meanwhile, and
   * its number reused. The memory must be of our own: the caller's may be detached, and freed, while the
   * thread uses it. The thread's error number is out of reach, so a failed call is made once more here
   * to learn it.
   */
  async #inPool(
    channel: Channel,
    own: Uint8Array,
    call: (fd: number, bytes: Uint8Array) => Promise<number>,
    again: (fd: number, bytes: Uint8Array) => number,
  ): Promise<number> {
    const { descriptor } = channel;
    await channel.enter();
    try {
      const fd = duplicate(descriptor.fd);
      try {
        const result = await call(fd, own);
        if (descriptor.closed) throw closedError(descriptor.owner);
        return result >= 0 ? result : again(fd, own);
      } finally {
        closeFd(fd);
      }
    } finally {
      channel.leave();
    }
  }
}
