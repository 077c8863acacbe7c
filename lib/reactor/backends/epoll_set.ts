/**
 * The descriptors of one reactor in an epoll(7) set, edge-triggered: each is added once, and the cost
 * of a poll grows with the number of events.
 *
 * @module
 */

import { platform } from "../../../ffi/platform/mod.ts";
import { fcntl } from "../../../ffi/syscalls/files.ts";
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  epollControl,
  epollCreate,
  epollPoll,
} from "../../../ffi/syscalls/readiness.ts";
import { closeThreadFd, closeWithThread } from "../thread_fds.ts";
import { unavailable } from "../errors.ts";
import {
  type Interest,
  MAX_UNCLAIMED_EVENTS,
  READABLE,
  type Sink,
  type Watched,
  WRITABLE,
} from "../types.ts";

// <linux/eventpoll.h>
const EPOLLRDHUP = 0x2000;
const EPOLLET = 1 << 31;

/** The slot of a descriptor without a registration. */
const NO_SLOT = -1;

/** A buffer of `struct epoll_event`. */
export class EpollEvents {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly words: Int32Array;

  constructor(readonly capacity: number) {
    this.bytes = new Uint8Array(capacity * platform.epoll_event.size);
    this.words = new Int32Array(this.bytes.buffer);
  }
}

/** An epoll set and the events that the last poll found. */
export class EpollSet {
  readonly fd: number;
  readonly #sink: Sink;
  readonly #event = new EpollEvents(1);
  readonly #events: EpollEvents;
  // In 32-bit words; a token and a slot make up the 64 bits of user data.
  readonly #stride = platform.epoll_event.size / 4;
  readonly #data = platform.epoll_event.data[0] / 4;

  /** @throws {Deno.errors.NotSupported} If there is no epoll. */
  constructor(sink: Sink, capacity: number) {
    this.fd = epollCreate();
    if (this.fd < 0) throw unavailable("epoll", this.fd);
    this.#sink = sink;
    this.#events = new EpollEvents(capacity);
  }

  /** Add `interest`. Returns 0, or `-errno`. */
  register(watched: Watched, interest: Interest): number {
    // Interest in send space is set anew each time: only then does a datagram socket check its peer's queue.
    if (interest === READABLE && (watched.registered & READABLE) !== 0) return 0;
    const wanted = watched.registered | interest;
    const result = this.#control(watched, wanted);
    if (result >= 0) watched.registered = wanted;
    else if (!this.#isSound(watched, result)) {
      this.#sink.fail(unavailable("epoll", result));
      return 0;
    }
    return Math.min(result, 0);
  }

  /** Whether an error is about the descriptor, not about the set. */
  #isSound(watched: Watched, result: number): boolean {
    const ambiguous = result === -platform.EBADF || result === -platform.EINVAL;
    return !ambiguous || fcntl(watched.fd, platform.F_GETFD, 0) < 0;
  }

  /** Remove the descriptor: close(2) removes it only with the last reference to the open file. */
  deregister(watched: Watched): void {
    epollControl(this.fd, EPOLL_CTL_DEL, watched.fd, this.#event.bytes);
    watched.registered = 0;
  }

  /** Add a descriptor of the backend itself, level-triggered. `deliver` skips its events. */
  addWaker(fd: number): number {
    const { words } = this.#event;
    words[0] = READABLE;
    words[this.#data] = NO_SLOT;
    return epollControl(this.fd, EPOLL_CTL_ADD, fd, this.#event.bytes);
  }

  /** Deliver what is ready now, at most `limit` events: their number, or `-errno`. */
  poll(limit: number): number {
    const { bytes, capacity } = this.#events;
    const found = epollPoll(this.fd, bytes, Math.min(limit, capacity));
    if (found > 0) this.deliver(this.#events, found);
    return found;
  }

  /** Deliver the first `count` of `events`. */
  deliver(events: EpollEvents, count: number): void {
    const { words } = events;
    for (let i = 0; i < count; i++) {
      const at = i * this.#stride;
      const watched = this.#sink.watched[words[at + this.#data] ?? NO_SLOT];
      if (watched === undefined || watched.readToken !== words[at + this.#data + 1]) continue;
      this.#deliverTo(watched, words[at] ?? 0);
    }
  }

  #deliverTo(watched: Watched, events: number): void {
    const wasted = watched.registered & ~watched.awaited;
    this.#sink.deliver(watched, events);
    if ((events & wasted & WRITABLE) !== 0) this.#release(watched, WRITABLE);
    if (watched.unclaimed >= MAX_UNCLAIMED_EVENTS) this.#release(watched, READABLE);
  }

  /** Stop asking for an interest; the next wait asks again. */
  #release(watched: Watched, interest: Interest): void {
    const left = watched.registered & ~interest;
    if (left === 0) this.deregister(watched);
    else this.#control(watched, left);
    watched.registered = left;
    watched.unclaimed = 0;
  }

  #control(watched: Watched, wanted: number): number {
    const { bytes, words } = this.#event;
    words[0] = wanted | EPOLLET | EPOLLRDHUP;
    words[this.#data] = watched.slot;
    words[this.#data + 1] = watched.readToken;
    const operation = watched.registered === 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    const result = epollControl(this.fd, operation, watched.fd, bytes);
    // A descriptor that was closed while another one referred to the same open file is still in the set.
    if (result !== -platform.EEXIST) return result;
    return epollControl(this.fd, EPOLL_CTL_MOD, watched.fd, bytes);
  }

  /** Close the set when the thread ends. */
  keep(): void {
    closeWithThread(this.fd);
  }

  /** Close the set. */
  dispose(): void {
    closeThreadFd(this.fd);
  }
}
