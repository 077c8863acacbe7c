/**
 * The backend on epoll(7) and Linux's asynchronous I/O: descriptors are kept in an epoll set, and one
 * request polls that set and signals an eventfd(2) in Deno's own event loop. For machines that forbid
 * io_uring(7).
 *
 * @module
 */

import { addressOf } from "../../../ffi/memory.ts";
import { type Field, platform } from "../../../ffi/platform/mod.ts";
import {
  type AioContext,
  aioRing,
  ioDestroy,
  ioSetup,
  ioSubmit,
} from "../../../ffi/syscalls/aio.ts";
import { poll } from "../../../ffi/syscalls/files.ts";
import { EpollSet } from "./epoll_set.ts";
import { unavailable } from "../errors.ts";
import { LoopWaker } from "./loop_waker.ts";
import { type Backend, type Interest, READABLE, type Sink, type Watched } from "../types.ts";
import { Waker } from "./waker.ts";

// <linux/aio_abi.h>
const IOCB_CMD_POLL = 5;
const IOCB_FLAG_RESFD = 1;

/** `struct iocb` as 32-bit words: set one by the field it starts in. */
class Iocb {
  readonly words = new Int32Array(platform.iocb.size / 4);

  set([offset]: Field, value: number): void {
    this.words[offset / 4] = value;
  }
}

// struct aio_ring, which the kernel has in fs/aio.c: the head is for the process to move.
const [RING_HEAD, RING_TAIL, RING_MAGIC] = [2, 3, 4];
const RING_WORDS = 8;
const MAGIC = 0xa10a10a1 | 0;

/** What {@linkcode openAio} may be told. */
export interface AioOptions {
  /** Number of events taken at once. */
  capacity?: number;
}

/** Open the backend. */
export function openAio(sink: Sink, options: AioOptions = {}): Backend {
  const { capacity = 256 } = options;
  const set = new EpollSet(sink, capacity);
  let waker: LoopWaker | undefined;
  let request: PollRequest | undefined;
  try {
    waker = new LoopWaker(() => sink.wake());
    request = new PollRequest(waker.fd);
    probe(request, waker.fd);
    waker.keep();
    set.keep();
    return new Aio(sink, set, request, waker);
  } catch (error) {
    request?.dispose();
    waker?.dispose();
    set.dispose();
    throw error;
  }
}

/** Wait for one event of its own, which takes the whole way from the kernel to this thread. */
function probe(request: PollRequest, signalled: number): void {
  const source = new Waker();
  try {
    source.set();
    const result = request.submit(source.fd);
    if (result < 0) throw unavailable("The poll of asynchronous I/O", result);
    if (request.pending || (poll(signalled, READABLE, 0) & READABLE) === 0) {
      throw unavailable("The poll of asynchronous I/O", -platform.EINVAL);
    }
  } finally {
    source.dispose();
  }
}

/** One request that polls a descriptor for reading, once. */
class PollRequest {
  readonly #context: AioContext;
  readonly #iocb = new Iocb();
  readonly #pointer = new BigUint64Array(1);
  readonly #pointerBytes = new Uint8Array(this.#pointer.buffer);
  #ring: Int32Array;
  #pending = false;

  constructor(signalled: number) {
    const context = ioSetup(1);
    if (typeof context === "number") throw unavailable("Asynchronous I/O", context);
    this.#context = context;
    this.#ring = aioRing(context, RING_WORDS);
    if (this.#ring[RING_MAGIC] !== MAGIC) {
      // deno-coverage-ignore-start -- no kernel so far has another ring
      this.dispose();
      throw unavailable("The ring of asynchronous I/O", -platform.EINVAL);
    }
    // deno-coverage-ignore-stop
    const { iocb } = platform;
    this.#iocb.set(iocb.aio_lio_opcode, IOCB_CMD_POLL);
    this.#iocb.set(iocb.aio_buf, READABLE);
    this.#iocb.set(iocb.aio_flags, IOCB_FLAG_RESFD);
    this.#iocb.set(iocb.aio_resfd, signalled);
    this.#pointer[0] = BigInt(addressOf(new Uint8Array(this.#iocb.words.buffer)));
  }

  /** Whether the request is under way. */
  get pending(): boolean {
    if (!this.#pending) return false;
    const tail = Atomics.load(this.#ring, RING_TAIL);
    if (Atomics.load(this.#ring, RING_HEAD) === tail) return true;
    Atomics.store(this.#ring, RING_HEAD, tail);
    this.#pending = false;
    return false;
  }

  /** Submit it. Returns `-errno` if the kernel refuses it. */
  submit(fd: number): number {
    this.#iocb.set(platform.iocb.aio_fildes, fd);
    const result = ioSubmit(this.#context, this.#pointerBytes);
    this.#pending = result === 1;
    return result;
  }

  dispose(): void {
    this.#ring = new Int32Array(RING_WORDS);
    ioDestroy(this.#context);
  }
}

class Aio implements Backend {
  readonly name = "aio";
  readonly #sink: Sink;
  readonly #set: EpollSet;
  readonly #request: PollRequest;
  readonly #waker: LoopWaker;

  constructor(sink: Sink, set: EpollSet, request: PollRequest, waker: LoopWaker) {
    this.#sink = sink;
    this.#set = set;
    this.#request = request;
    this.#waker = waker;
  }

  register(watched: Watched, interest: Interest): number {
    return this.#set.register(watched, interest);
  }

  deregister(watched: Watched): void {
    this.#set.deregister(watched);
  }

  poll(limit: number): number {
    return this.#checked(this.#set.poll(limit));
  }

  park(): boolean {
    // If the set is ready already, the request completes at once.
    if (this.#sink.waits > 0 && !this.#request.pending) {
      this.#checked(this.#request.submit(this.#set.fd));
    }
    return true;
  }

  #checked(result: number): number {
    if (result < 0 && result !== -platform.EINTR) {
      this.#sink.fail(unavailable("Asynchronous I/O", result));
    }
    return Math.max(result, 0);
  }

  ref(): void {
    this.#waker.ref();
  }

  unref(): void {
    this.#waker.unref();
  }

  dispose(): void {
    this.#request.dispose();
    this.#waker.dispose();
    this.#set.dispose();
  }
}
