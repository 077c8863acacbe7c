/**
 * The backend on io_uring(7): the kernel writes every event into memory that is read without a
 * system call, and wakes Deno's own event loop through an eventfd(2) only while the thread does not poll.
 *
 * Interest in reading is registered once per descriptor, by a multishot poll; interest in send space, which is
 * rare, by a single poll each time.
 *
 * @module
 */

import { platform } from "../../../ffi/platform/mod.ts";
import { poll } from "../../../ffi/syscalls/files.ts";
import { unavailable, waitError } from "../errors.ts";
import { LoopWaker } from "./loop_waker.ts";
import { Ring } from "./ring.ts";
import {
  type Backend,
  type Interest,
  MAX_UNCLAIMED_EVENTS,
  READABLE,
  type Sink,
  type Watched,
  WRITABLE,
} from "../types.ts";
import { Waker } from "./waker.ts";

// <linux/io_uring.h>
const IORING_SETUP_COOP_TASKRUN = 1 << 8;
const IORING_SETUP_TASKRUN_FLAG = 1 << 9;
const IORING_SETUP_SINGLE_ISSUER = 1 << 12;
const IORING_SETUP_DEFER_TASKRUN = 1 << 13;
const IORING_OP_POLL_ADD = 6;
const IORING_OP_ASYNC_CANCEL = 14;
const IORING_POLL_ADD_MULTI = 1 << 0;
const IORING_CQE_F_MORE = 1 << 1;

/** Completions that {@linkcode probe} takes at once: more than it causes. */
const PROBE_COMPLETIONS = 8;

/** The user data of completions that need no handling. */
const NO_USER_DATA = -1;

/** What {@linkcode openIoUring} may be told. */
export interface IoUringOptions {
  /** Entries for requests, a power of two. */
  entries?: number;
  /** Entries for completions, a power of two. */
  completions?: number;
  /** More `IORING_SETUP_*` flags. The default avoids interrupts, if the kernel supports that. */
  flags?: number;
}

/** Open the backend. */
export function openIoUring(sink: Sink, options: IoUringOptions = {}): Backend {
  const ring = openRing(options);
  let waker: LoopWaker | undefined;
  try {
    waker = new LoopWaker(() => sink.wake());
    const result = ring.signal(waker.fd);
    if (result < 0) throw unavailable("The signalling of io_uring", result);
    probe(ring, waker.fd);
    waker.keep();
    return new IoUring(sink, ring, waker);
  } catch (error) {
    waker?.dispose();
    ring.dispose();
    throw error;
  }
}

/**
 * By default the kernel interrupts this thread to write each completion, even within a system call: a thread that
 * sleeps in epoll_wait(2) is woken twice. Rings that defer this (Linux 6.1) only signal the eventfd(2) and set a
 * flag, and write completions when asked; cooperative ones (5.19) do so when the thread enters the kernel next.
 */
const KINDS = [
  IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
  IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
  0,
];

function openRing(options: IoUringOptions): Ring {
  const { entries = 128, completions = 2048, flags } = options;
  const kinds = flags === undefined ? KINDS : [flags];
  let refused: unknown;
  for (const flags of kinds) {
    try {
      return new Ring({ entries, completions, flags });
    } catch (error) {
      refused = error;
    }
  }
  throw refused;
}

/** Wait for one event of its own: old kernels have rings, but not everything that this backend needs. */
function probe(ring: Ring, signalled: number): void {
  const source = new Waker();
  try {
    let seen = 0;
    ring.push(IORING_OP_POLL_ADD, source.fd, 1, 0, IORING_POLL_ADD_MULTI, READABLE);
    let result = ring.enter();
    source.set();
    // Cancelling before the completion is written would lose the event.
    result = Math.min(result, ring.enter());
    cancel(ring, 1, 0);
    result = Math.min(result, ring.enter());
    ring.reap(PROBE_COMPLETIONS, (low, _high, events, flags) => {
      if (low === 1 && (flags & IORING_CQE_F_MORE) !== 0) seen |= events;
    });
    if (result < 0) throw unavailable("io_uring", result);
    if ((seen & READABLE) === 0 || (poll(signalled, READABLE, 0) & READABLE) === 0) {
      throw unavailable("The multishot poll of io_uring", -platform.EINVAL);
    }
  } finally {
    source.dispose();
  }
}

/**
 * Make the kernel end the poll with this user data, now or right after a completion that it is about to write.
 * `IORING_OP_POLL_REMOVE` would fail in that case, and the poll would keep the open file.
 */
function cancel(ring: Ring, low: number, high: number): number {
  return ring.push(IORING_OP_ASYNC_CANCEL, -1, NO_USER_DATA, NO_USER_DATA, 0, 0, low, high);
}

class IoUring implements Backend {
  readonly name = "io_uring";
  readonly #sink: Sink;
  readonly #ring: Ring;
  readonly #waker: LoopWaker;
  #silent = false;
  /**
   * Whether the event may be one of an eventfd(2). While an eventfd is signalled, the kernel cannot signal another in
   * the same step, so it defers that of the ring; Linux 6.18 does so only once after the ring's was registered. The
   * probe used that once.
   */
  #isSpent = true;
  #broken = 0;
  /** Whether polls are cancelled that the kernel has not ended yet: until then they keep their open files. */
  #isCancelling = false;

  constructor(sink: Sink, ring: Ring, waker: LoopWaker) {
    this.#sink = sink;
    this.#ring = ring;
    this.#waker = waker;
  }

  register(watched: Watched, interest: Interest): number {
    if ((watched.registered & interest) !== 0) return 0;
    const token = this.#sink.token();
    if (interest === READABLE) {
      watched.readToken = token;
      const events = READABLE | platform.POLLRDHUP;
      this.#poll(watched.fd, watched.slot * 2, token, IORING_POLL_ADD_MULTI, events);
    } else {
      watched.writeToken = token;
      this.#pollForSpace(watched, 0);
    }
    watched.registered |= interest;
    this.#failIfBroken();
    return 0;
  }

  #pollForSpace({ fd, slot, writeToken }: Watched, flags: number): void {
    this.#poll(fd, slot * 2 + 1, writeToken, flags, WRITABLE);
  }

  deregister(watched: Watched): void {
    this.#isSpent ||= watched.isEvent;
    this.#cancelAll(watched);
    // A poll refers to the open file: the kernel must have ended it before the close(2) that follows.
    this.#endCancelled();
    this.#failIfBroken();
  }

  #endCancelled(): void {
    this.#isCancelling = false;
    this.#note(this.#ring.settle());
  }

  #cancelAll(watched: Watched): void {
    const { slot, registered } = watched;
    if ((registered & READABLE) !== 0) this.#cancel(slot * 2, watched.readToken);
    if ((registered & WRITABLE) !== 0) this.#cancel(slot * 2 + 1, watched.writeToken);
    watched.registered = 0;
  }

  #cancel(low: number, high: number): void {
    this.#isCancelling = true;
    this.#note(cancel(this.#ring, low, high));
  }

  #poll(fd: number, low: number, high: number, flags: number, events: number): void {
    this.#note(this.#ring.push(IORING_OP_POLL_ADD, fd, low, high, flags, events));
  }

  #note(result: number): void {
    if (result < 0) this.#broken = result;
  }

  /** Report a failure, which unmaps the completions: called only while none of them is in use. */
  #failIfBroken(): boolean {
    if (this.#broken === 0) return false;
    this.#sink.fail(unavailable("io_uring", this.#broken));
    return true;
  }

  poll(limit: number): number {
    const ring = this.#ring;
    if (!this.#silent) {
      this.#silent = true;
      ring.silence(true);
    }
    if (!ring.idle) this.#note(ring.enter());
    const found = ring.reap(limit, this.#completed);
    // The next poll may come after a close(2) of what is no longer registered.
    if (this.#isCancelling) this.#endCancelled();
    this.#failIfBroken();
    return found;
  }

  readonly #completed = (low: number, high: number, result: number, flags: number): void => {
    if (low < 0) return;
    const watched = this.#sink.watched[low >> 1];
    if (watched === undefined) return;
    this.#isSpent ||= watched.isEvent;
    const side: Interest = (low & 1) === 0 ? READABLE : WRITABLE;
    if (high !== (side === READABLE ? watched.readToken : watched.writeToken)) return;
    if ((flags & IORING_CQE_F_MORE) === 0) watched.registered &= ~side;
    if (result >= 0 && side === WRITABLE) this.#deliverSpace(watched, result);
    else if (result >= 0) this.#deliver(watched, result);
    else if (result !== -platform.ECANCELED) {
      this.#sink.reject(watched, waitError(watched.fd, result));
    }
  };

  #deliver(watched: Watched, events: number): void {
    this.#sink.deliver(watched, events);
    if (watched.unclaimed < MAX_UNCLAIMED_EVENTS || (watched.registered & READABLE) === 0) return;
    this.#cancel(watched.slot * 2, watched.readToken);
    watched.registered &= ~READABLE;
    watched.unclaimed = 0;
  }

  /**
   * io_uring always adds POLLRDHUP, which says nothing about send space. After the peer has shut down writing, every
   * single poll would complete at once: a multishot poll reports changes only.
   */
  #deliverSpace(watched: Watched, events: number): void {
    const stays = (watched.registered & WRITABLE) !== 0;
    if ((events & ~platform.POLLRDHUP) === 0) {
      if (!stays) this.#pollForSpace(watched, IORING_POLL_ADD_MULTI);
      watched.registered |= WRITABLE;
      return;
    }
    if (stays) this.#cancel(watched.slot * 2 + 1, watched.writeToken);
    watched.registered &= ~WRITABLE;
    this.#sink.deliver(watched, events);
  }

  park(): boolean {
    const ring = this.#ring;
    if (!ring.idle) return false;
    if (this.#isSpent && !this.#signalAnew()) return false;
    ring.silence(false);
    this.#silent = false;
    // Completions that came before the eventfd was registered again do not signal it: check for them.
    return ring.empty && ring.idle;
  }

  #signalAnew(): boolean {
    this.#isSpent = false;
    this.#note(this.#ring.signalAnew(this.#waker.fd));
    return !this.#failIfBroken();
  }

  ref(): void {
    this.#waker.ref();
  }

  unref(): void {
    this.#waker.unref();
  }

  /** End all polls: otherwise the kernel releases the polled files only some milliseconds after the ring is closed. */
  dispose(): void {
    for (const watched of this.#sink.watched) {
      if (watched !== undefined && watched.registered !== 0) this.#cancelAll(watched);
    }
    this.#ring.settle();
    this.#waker.dispose();
    this.#ring.dispose();
  }
}
