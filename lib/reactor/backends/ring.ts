/**
 * The two rings of io_uring(7) in shared memory: requests to the kernel and completions from it.
 *
 * @module
 */

import { type Field, platform } from "../../../ffi/platform/mod.ts";
import { closeFd } from "../../../ffi/syscalls/files.ts";
import {
  ioUringEnter,
  ioUringRegister,
  ioUringSetup,
  SharedMemory,
} from "../../../ffi/syscalls/io_uring.ts";
import { unavailable } from "../errors.ts";

// <linux/io_uring.h>
const IORING_SETUP_CQSIZE = 1 << 3;
const IORING_SETUP_CLAMP = 1 << 4;
const IORING_FEAT_SINGLE_MMAP = 1 << 0;
const IORING_FEAT_NODROP = 1 << 1;
const IORING_OFF_SQES = 0x10000000;
const IORING_ENTER_GETEVENTS = 1 << 0;
const IORING_SQ_CQ_OVERFLOW = 1 << 1;
const IORING_SQ_TASKRUN = 1 << 2;
const IORING_CQ_EVENTFD_DISABLED = 1 << 0;
const IORING_REGISTER_EVENTFD = 4;
const IORING_UNREGISTER_EVENTFD = 5;
const NOTHING = new Int32Array(0);

/** How often the kernel is entered in a row at most. */
const MOST_ENTRIES = 1000;

const {
  io_uring_params: PARAMS,
  io_sqring_offsets: SQ,
  io_cqring_offsets: CQ,
  io_uring_sqe: SQE,
  io_uring_cqe: CQE,
} = platform;

/** The place of a field among 32-bit words. */
function word([offset]: Field): number {
  return offset / 4;
}

const SQE_WORDS = SQE.size / 4;
const CQE_WORDS = CQE.size / 4;
const SQE_FD = word(SQE.fd), SQE_ADDR = word(SQE.addr), SQE_LEN = word(SQE.len);
const SQE_FLAGS = word(SQE.poll32_events), SQE_USER_DATA = word(SQE.user_data);
const CQE_USER_DATA = word(CQE.user_data), CQE_RES = word(CQE.res), CQE_FLAGS = word(CQE.flags);

/** How {@linkcode Ring} is set up. */
export interface RingOptions {
  /** Entries for requests, a power of two. */
  entries: number;
  /** Entries for completions, a power of two. The kernel keeps more than fit until there is space. */
  completions: number;
  /** More `IORING_SETUP_*` flags. */
  flags?: number;
}

/** Takes one completion: the two halves of its user data, its result and its flags. */
export type Completed = (low: number, high: number, result: number, flags: number) => void;

/** A ring, for use by one thread. Its methods return `-errno` when the kernel refuses to go on. */
export class Ring {
  readonly fd: number;
  readonly features: number;
  readonly #shared: SharedMemory;
  readonly #requests: SharedMemory;
  // Views and indices of words in them.
  #ring: Int32Array;
  #sqes: Int32Array;
  readonly #sqHead: number;
  readonly #sqTail: number;
  readonly #sqFlags: number;
  readonly #sqMask: number;
  readonly #cqHead: number;
  readonly #cqTail: number;
  readonly #cqFlags: number;
  readonly #cqes: number;
  readonly #cqMask: number;
  #tail: number;
  #head: number;
  #unsubmitted = 0;

  /** @throws {Deno.errors.NotSupported} If the kernel has no rings, or forbids them. */
  constructor(options: RingOptions) {
    const params = new Uint32Array(PARAMS.size / 4);
    params[word(PARAMS.flags)] = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | (options.flags ?? 0);
    params[word(PARAMS.cq_entries)] = options.completions;
    this.fd = ioUringSetup(options.entries, new Uint8Array(params.buffer));
    if (this.fd < 0) throw unavailable("io_uring", this.fd);
    const param = (...at: Field[]): number =>
      params[at.reduce((sum, it) => sum + word(it), 0)] ?? 0;
    const inSq = (field: Field): number => param(PARAMS.sq_off, field) / 4;
    const inCq = (field: Field): number => param(PARAMS.cq_off, field) / 4;

    this.features = param(PARAMS.features);
    const needed = IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP;
    const sqEntries = param(PARAMS.sq_entries), cqEntries = param(PARAMS.cq_entries);
    const array = inSq(SQ.array);
    this.#cqes = inCq(CQ.cqes);
    const words = Math.max(array + sqEntries, this.#cqes + cqEntries * CQE_WORDS);
    const shared = (this.features & needed) === needed
      ? SharedMemory.map(this.fd, words * 4, 0)
      : -platform.ENOSYS;
    const requests = SharedMemory.map(this.fd, sqEntries * SQE.size, IORING_OFF_SQES);
    if (typeof shared === "number" || typeof requests === "number") {
      if (typeof shared !== "number") shared[Symbol.dispose]();
      if (typeof requests !== "number") requests[Symbol.dispose]();
      closeFd(this.fd);
      throw unavailable("io_uring", typeof shared === "number" ? shared : -platform.ENOMEM);
    }
    this.#shared = shared;
    this.#requests = requests;
    this.#ring = shared.words;
    this.#sqes = requests.words;
    [this.#sqHead, this.#sqTail] = [inSq(SQ.head), inSq(SQ.tail)];
    [this.#cqHead, this.#cqTail] = [inCq(CQ.head), inCq(CQ.tail)];
    this.#sqFlags = inSq(SQ.flags);
    this.#cqFlags = inCq(CQ.flags);
    this.#sqMask = sqEntries - 1;
    this.#cqMask = cqEntries - 1;
    this.#tail = this.#ring[this.#sqTail] ?? 0;
    this.#head = this.#ring[this.#cqHead] ?? 0;
    // Entry i of the indirection always names request i.
    this.#ring.set(Array(sqEntries).keys().toArray(), array);
  }

  /** Register `eventfd`: completions signal it. */
  signal(eventfd: number): number {
    return ioUringRegister(this.fd, IORING_REGISTER_EVENTFD, new Int32Array([eventfd]));
  }

  /** Register it again, as if it had never been signalled. */
  signalAnew(eventfd: number): number {
    const result = ioUringRegister(this.fd, IORING_UNREGISTER_EVENTFD, NOTHING);
    return result < 0 ? result : this.signal(eventfd);
  }

  /** Turn the signalling off while the thread polls, and on again. */
  silence(on: boolean): void {
    Atomics.store(this.#ring, this.#cqFlags, on ? IORING_CQ_EVENTFD_DISABLED : 0);
  }

  /**
   * Add a request, which the kernel sees at the next {@linkcode Ring.enter}: 0, or `-errno` if there
   * is no space and none can be made.
   *
   * @param operation Operation and flags: the first 32-bit word of `struct io_uring_sqe`.
   * @param low The lower half of the user data that its completions carry.
   * @param high The upper half.
   * @param length `len`.
   * @param flags The operation's own flags, such as `poll32_events`.
   * @param address The halves of `addr`, lower first.
   */
  push(
    operation: number,
    fd: number,
    low: number,
    high: number,
    length = 0,
    flags = 0,
    addressLow = 0,
    addressHigh = 0,
  ): number {
    if (this.#full()) {
      const result = this.enter();
      if (result < 0) return result;
      if (this.#full()) return -platform.EAGAIN;
    }
    const at = (this.#tail & this.#sqMask) * SQE_WORDS;
    const sqes = this.#sqes;
    sqes.fill(0, at, at + SQE_WORDS);
    sqes[at] = operation;
    sqes[at + SQE_FD] = fd;
    sqes[at + SQE_ADDR] = addressLow;
    sqes[at + SQE_ADDR + 1] = addressHigh;
    sqes[at + SQE_LEN] = length;
    sqes[at + SQE_FLAGS] = flags;
    sqes[at + SQE_USER_DATA] = low;
    sqes[at + SQE_USER_DATA + 1] = high;
    this.#tail = (this.#tail + 1) | 0;
    Atomics.store(this.#ring, this.#sqTail, this.#tail);
    this.#unsubmitted++;
    return 0;
  }

  #full(): boolean {
    return ((this.#tail - Atomics.load(this.#ring, this.#sqHead)) | 0) > this.#sqMask;
  }

  /** Whether the kernel has work that it does in an {@linkcode Ring.enter}. */
  get idle(): boolean {
    const flags = Atomics.load(this.#ring, this.#sqFlags);
    return this.#unsubmitted === 0 && (flags & (IORING_SQ_CQ_OVERFLOW | IORING_SQ_TASKRUN)) === 0;
  }

  /** Whether there are no completions. */
  get empty(): boolean {
    return Atomics.load(this.#ring, this.#cqTail) === this.#head;
  }

  /** Submit requests, and make the kernel write deferred completions to the ring. Returns 0, or `-errno`. */
  enter(): number {
    for (;;) {
      const taken = ioUringEnter(this.fd, this.#unsubmitted, IORING_ENTER_GETEVENTS);
      if (taken === -platform.EINTR) continue;
      if (taken < 0) return taken;
      this.#unsubmitted -= taken;
      if (this.#unsubmitted === 0 || taken === 0) return 0;
    }
  }

  /** Enter until no completion is deferred: the kernel writes some 20 at a time. Returns 0, or `-errno`. */
  settle(): number {
    for (let times = 0;; times++) {
      const result = this.enter();
      const flags = Atomics.load(this.#ring, this.#sqFlags);
      // Otherwise a peer that sends without a pause could keep this loop running for ever.
      if (result < 0 || (flags & IORING_SQ_TASKRUN) === 0 || times === MOST_ENTRIES) return result;
    }
  }

  /** Take the completions that are there, at most `limit`: their number. */
  reap(limit: number, completed: Completed): number {
    const ring = this.#ring;
    const tail = Atomics.load(ring, this.#cqTail);
    let taken = 0;
    while (this.#head !== tail && taken < limit) {
      const at = this.#cqes + (this.#head & this.#cqMask) * CQE_WORDS;
      const low = ring[at + CQE_USER_DATA] ?? 0, high = ring[at + CQE_USER_DATA + 1] ?? 0;
      const result = ring[at + CQE_RES] ?? 0, flags = ring[at + CQE_FLAGS] ?? 0;
      this.#head = (this.#head + 1) | 0;
      taken++;
      completed(low, high, result, flags);
    }
    if (taken > 0) Atomics.store(ring, this.#cqHead, this.#head);
    return taken;
  }

  /** Unmap the memory and close the descriptor. */
  dispose(): void {
    this.#ring = this.#sqes = new Int32Array(0);
    this.#shared[Symbol.dispose]();
    this.#requests[Symbol.dispose]();
    closeFd(this.fd);
  }
}
