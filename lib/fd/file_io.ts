/**
 * Reading and writing descriptors of any kind, asynchronously and not.
 *
 * @module
 */

import { byteLengthOf, viewOf } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { write } from "../../ffi/syscalls/files.ts";
import {
  pread,
  preadInPool,
  pwrite,
  pwriteInPool,
  readInPool,
  writeInPool,
} from "../../ffi/syscalls/file_io.ts";
import { copyOf, countOrEnd, requireBytes, requireLength } from "../descriptor/caller_buffer.ts";
import type { Descriptor } from "../descriptor/descriptor.ts";
import { type Outcome, perform, performSync } from "../descriptor/perform.ts";
import { requireSignal } from "../descriptor/signal.ts";
import { check } from "../errors.ts";
import { checkedOffset } from "./file_change.ts";
import { FullCounter, writeUnderWay } from "./eventfd.ts";
import { NEEDS_PAUSE, NEEDS_THREAD, NonblockingIo } from "./nonblocking_io.ts";
import { ChunkRead, sharedChunk } from "./chunk.ts";
import { readableFrom, writableTo } from "./streams.ts";
import { RawMode } from "./terminal.ts";
import { callInThread, CallObstacle, type ThreadedCall } from "./thread_call.ts";

const { EAGAIN } = platform;

/** Reads and writes one descriptor. */
export class FileIo {
  readonly #descriptor: Descriptor;
  readonly #io: NonblockingIo;
  /** The mode of the terminal, if it is one. */
  readonly rawMode: RawMode = new RawMode();
  #readable: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
  #writable: WritableStream<Uint8Array<ArrayBufferLike>> | undefined;

  /** @param owner Must not become garbage while something waits: that would close the descriptor. */
  constructor(descriptor: Descriptor, readonly owner?: object) {
    this.#descriptor = descriptor;
    this.#io = new NonblockingIo(descriptor);
  }

  /** Find out what is needed to wait for the descriptor. */
  prepareToWait(): void {
    this.#io.prepareToWait();
  }

  /** Read up to `bytes.byteLength` bytes; `null` at the end. */
  async read(bytes: Uint8Array, signal?: AbortSignal): Promise<number | null> {
    requireBytes(bytes);
    const operation = new ReadOperation(this.#descriptor, this.#io, bytes);
    return await perform(this.#descriptor.reading, operation, signal);
  }

  /** Read in the calling thread. */
  readSync(bytes: Uint8Array): number | null {
    requireBytes(bytes);
    const operation = new ReadOperation(this.#descriptor, this.#io, bytes);
    return performSync(this.#descriptor.reading, operation);
  }

  /** Write up to `bytes.byteLength` bytes; the number written. */
  async write(bytes: Uint8Array, signal?: AbortSignal): Promise<number> {
    requireBytes(bytes);
    requireSignal(signal); // before the operation finds out what kind of file it is
    const operation = new WriteOperation(this.#descriptor, this.#io, bytes);
    return await perform(this.#descriptor.writing, operation, signal);
  }

  /** Write in the calling thread. */
  writeSync(bytes: Uint8Array): number {
    requireBytes(bytes);
    const operation = new WriteOperation(this.#descriptor, this.#io, bytes);
    return performSync(this.#descriptor.writing, operation);
  }

  /** Read at `offset`, leaving the file position alone. */
  async readAt(bytes: Uint8Array, offset: number | bigint): Promise<number | null> {
    requireBytes(bytes);
    const at = checkedOffset(offset);
    const inPool = (fd: number, own: Uint8Array) => preadInPool(fd, own, at);
    const read = new ThreadRead(bytes, inPool, (fd, own) => pread(fd, own, at));
    return read.outcome(await callInThread(this.#descriptor, read), "pread");
  }

  /** Read at `offset` in the calling thread. */
  readAtSync(bytes: Uint8Array, offset: number | bigint): number | null {
    const length = requireBytes(bytes);
    const count = pread(this.#descriptor.fd, bytes, checkedOffset(offset));
    return countOrEnd(check(count, "pread"), length);
  }

  /** Write at `offset`, leaving the file position alone. */
  async writeAt(bytes: Uint8Array, offset: number | bigint): Promise<number> {
    requireBytes(bytes);
    const at = checkedOffset(offset);
    const own = copyOf(bytes);
    const call: ThreadedCall = {
      inPool: (fd) => pwriteInPool(fd, own, at),
      here: (fd) => pwrite(fd, own, at),
    };
    return check(await callInThread(this.#descriptor, call), "pwrite");
  }

  /** Write at `offset` in the calling thread. */
  writeAtSync(bytes: Uint8Array, offset: number | bigint): number {
    requireBytes(bytes);
    return check(pwrite(this.#descriptor.fd, bytes, checkedOffset(offset)), "pwrite");
  }

  /** The content as a stream. Its end, in whatever way, closes the descriptor. */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#readable ??= readableFrom({
      readChunk: (signal) => this.#readChunk(signal),
      read: (bytes, signal) => this.read(bytes, signal),
      readingEnded: () => this.#descriptor.close("streamed"),
    });
  }

  /** A stream that writes. Its end, in whatever way, closes the descriptor. */
  get writable(): WritableStream<Uint8Array<ArrayBufferLike>> {
    return this.#writable ??= writableTo({
      writeAll: (bytes, signal) => this.#writeAll(bytes, signal),
      writingEnded: () => this.#descriptor.close("streamed"),
    });
  }

  #readChunk(signal: AbortSignal): Promise<Uint8Array<ArrayBuffer> | null> {
    const read = new ReadOperation(this.#descriptor, this.#io, sharedChunk());
    return perform(this.#descriptor.reading, new ChunkRead(read), signal);
  }

  async #writeAll(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const length = byteLengthOf(bytes);
    let done = 0;
    do {
      const count = await this.write(viewOf(bytes, done, length - done), signal);
      if (count === 0 && length > 0) throw nothingWritten(length - done);
      done += count;
    } while (done < length);
  }
}

/** Return the error for a device that writes 0 bytes without an error: repeating would never end. */
function nothingWritten(left: number): Error {
  return new Deno.errors.WriteZero(
    `Cannot write ${left} bytes: the device accepts none and reports no error; use another one`,
  );
}

/** A read on a thread, into the module's own memory: the caller's may be detached and freed while it runs. */
class ThreadRead implements ThreadedCall {
  readonly #bytes: Uint8Array;
  readonly #own: Uint8Array<ArrayBuffer>;

  constructor(
    bytes: Uint8Array,
    readonly readInPool: (fd: number, own: Uint8Array) => Promise<number>,
    readonly readHere: (fd: number, own: Uint8Array) => number,
  ) {
    this.#bytes = bytes;
    this.#own = new Uint8Array(byteLengthOf(bytes));
  }

  inPool(fd: number): Promise<number> {
    return this.readInPool(fd, this.#own);
  }

  here(fd: number): number {
    return this.readHere(fd, this.#own);
  }

  /** Copy what was read to the caller's buffer. */
  outcome(result: number, syscall: string): number | null {
    const count = check(result, syscall);
    requireLength(this.#bytes, count);
    if (count > 0) viewOf(this.#bytes, 0, count).set(this.#own.subarray(0, count));
    return countOrEnd(count, this.#own.byteLength);
  }
}

/** A read without blocking if the file supports that, otherwise on a thread. */
class ReadOperation implements Outcome<number | null> {
  readonly #length: number;
  #read: ThreadRead | undefined;
  obstacle: CallObstacle | undefined;

  constructor(
    readonly descriptor: Descriptor,
    readonly io: NonblockingIo,
    readonly bytes: Uint8Array,
  ) {
    this.#length = byteLengthOf(bytes);
  }

  attempt(): number {
    const done = this.obstacle?.result;
    if (done !== undefined && done !== -EAGAIN) return this.#delivered(done);
    this.obstacle = this.#read = undefined;
    const target = this.#target();
    const result = this.io.read(target);
    if (result !== NEEDS_THREAD) return result;
    const repeat = (fd: number, own: Uint8Array) => this.io.repeatRead(fd, own);
    this.#read = new ThreadRead(target, readInPool, repeat);
    this.obstacle = new CallObstacle(this.descriptor, this.#read);
    return -EAGAIN;
  }

  /** A view that tracks its buffer's length may have grown while it waited: the length at the call counts. */
  #target(): Uint8Array {
    requireLength(this.bytes, this.#length);
    const hasGrown = byteLengthOf(this.bytes) > this.#length;
    return hasGrown ? viewOf(this.bytes, 0, this.#length) : this.bytes;
  }

  /** Copy what a thread has read to the caller's buffer. */
  #delivered(done: number): number {
    const result = this.io.result(done);
    if (result > 0) this.#read?.outcome(result, "read");
    return result;
  }

  outcome(result: number): number | null {
    return countOrEnd(check(result, "read"), this.#length);
  }
}

/** A write without blocking if the file supports that, otherwise on a thread. */
class WriteOperation implements Outcome<number> {
  readonly #length: number;
  readonly #bytes: Uint8Array;
  #full: FullCounter | undefined;
  obstacle: CallObstacle | FullCounter | undefined;

  constructor(readonly descriptor: Descriptor, readonly io: NonblockingIo, bytes: Uint8Array) {
    // A thread writes what the caller's buffer contained at the call.
    this.#bytes = io.isFile ? copyOf(bytes) : bytes;
    this.#length = byteLengthOf(bytes);
  }

  attempt(): number {
    const done = this.obstacle?.result;
    if (done !== undefined && done !== -EAGAIN) return done;
    this.obstacle = undefined;
    requireLength(this.#bytes, this.#length);
    const result = this.io.write(this.#data());
    if (result === NEEDS_THREAD) {
      this.obstacle = new CallObstacle(this.descriptor, this.#threadWrite());
    } else if (result === NEEDS_PAUSE) {
      this.obstacle = this.#full ??= new FullCounter(this.descriptor, this.#threadWrite());
    } else {
      return result;
    }
    return -EAGAIN;
  }

  outcome(result: number): number {
    return check(result, "write");
  }

  #data(): Uint8Array {
    const hasGrown = byteLengthOf(this.#bytes) > this.#length;
    return hasGrown ? viewOf(this.#bytes, 0, this.#length) : this.#bytes;
  }

  #threadWrite(): ThreadedCall {
    const part = this.io.threadPart(this.#data());
    const own = this.io.isFile ? part : copyOf(part);
    const here = (fd: number): number => write(fd, own);
    const inPool = (fd: number): Promise<number> => writeInPool(fd, own);
    if (!this.io.isCounter) return { inPool, here };
    return { inPool: (fd) => writeUnderWay(own, () => inPool(fd)), here };
  }
}
