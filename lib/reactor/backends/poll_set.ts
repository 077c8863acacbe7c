/**
 * The descriptors of one reactor for poll(2): every call names all of them.
 *
 * @module
 */

import { platform } from "../../../ffi/platform/mod.ts";
import { pollMany, pollWaitInPool } from "../../../ffi/syscalls/readiness.ts";
import type { Interest, Sink, WaitingSet, Watched } from "../types.ts";
import { waitError } from "../errors.ts";
import { yieldUntil } from "./yield_until.ts";

/** An array of `struct pollfd` and the registrations it was made from. */
class PollFds {
  bytes = new Uint8Array(0);
  #view = new DataView(this.bytes.buffer);
  readonly #watched: Watched[] = [];
  #firstDelivered = 0;
  count = 0;

  /** Add every registration with a pending wait, after `waker` if there is one. */
  fill(sink: Sink, waker: number | undefined): void {
    this.#reserve(sink.watched.length + 1);
    this.count = 0;
    if (waker !== undefined) this.#add(waker, platform.POLLIN);
    this.#watched.length = 0;
    for (const watched of sink.watched) {
      if (watched === undefined) continue;
      if (waker !== undefined) watched.registered = watched.awaited;
      if (watched.awaited === 0) continue;
      this.#add(watched.fd, watched.awaited);
      this.#watched.push(watched);
    }
  }

  #reserve(count: number): void {
    const { size } = platform.pollfd;
    if (this.bytes.byteLength >= count * size) return;
    this.bytes = new Uint8Array(Math.max(64, count * 2) * size);
    this.#view = new DataView(this.bytes.buffer);
  }

  #add(fd: number, events: number): void {
    const { size, fd: at, events: eventsAt, revents } = platform.pollfd;
    const base = this.count++ * size;
    this.#view.setInt32(base + at[0], fd, true);
    this.#view.setInt16(base + eventsAt[0], events, true);
    this.#view.setInt16(base + revents[0], 0, true);
  }

  #events(i: number): number {
    const { size, revents } = platform.pollfd;
    return this.#view.getInt16(i * size + revents[0], true);
  }

  /** Whether the call that was made with this array has reported something. */
  get hasReported(): boolean {
    for (let i = 0; i < this.count; i++) if (this.#events(i) !== 0) return true;
    return false;
  }

  /** Whether a registration is in it. */
  includes(watched: Watched): boolean {
    return this.#watched.includes(watched);
  }

  /** Deliver what came, at most `limit` events: their number. Each call begins where the last one ended. */
  deliver(sink: Sink, limit = Infinity): number {
    const { length } = this.#watched;
    const first = this.count - length;
    let found = 0;
    let i = this.#firstDelivered % Math.max(1, length);
    for (let seen = 0; seen < length && found < limit; seen++, i = (i + 1) % length) {
      if (this.#deliverTo(sink, i, this.#events(first + i))) found++;
    }
    this.#firstDelivered = i;
    return found;
  }

  #deliverTo(sink: Sink, i: number, events: number): boolean {
    const watched = this.#watched[i];
    if (events === 0 || watched === undefined) return false;
    // A registration that was removed is never added again.
    if (sink.watched[watched.slot] !== watched) return false;
    if ((events & platform.POLLNVAL) === 0) sink.deliver(watched, events);
    else sink.reject(watched, waitError(watched.fd, -platform.EBADF));
    return true;
  }
}

/** The descriptors that a poll, or a thread of the pool, asks poll(2) about. */
export class PollSet implements WaitingSet {
  outdated = false;
  readonly #sink: Sink;
  readonly #waker: number;
  readonly #polled = new PollFds();
  readonly #waited = new PollFds();

  constructor(sink: Sink, waker: number) {
    this.#sink = sink;
    this.#waker = waker;
  }

  register(watched: Watched, interest: Interest): number {
    if ((watched.registered & interest) === 0) this.outdated = true;
    watched.registered |= interest;
    return 0;
  }

  deregister(watched: Watched, interrupt: (() => void) | undefined): void {
    if (interrupt === undefined || !this.#waited.includes(watched)) return;
    // A call under way keeps the open file until it returns.
    interrupt();
    yieldUntil(() => this.#waited.hasReported);
  }

  poll(limit: number): number {
    this.#polled.fill(this.#sink, undefined);
    const { bytes, count } = this.#polled;
    if (count === 0) return 0;
    const found = pollMany(bytes, count);
    return found > 0 ? this.#polled.deliver(this.#sink, limit) : found;
  }

  wait(timeout: number): Promise<number> {
    this.outdated = false;
    this.#waited.fill(this.#sink, this.#waker);
    const { bytes, count } = this.#waited;
    return pollWaitInPool(bytes, count, timeout);
  }

  finish(result: number): number {
    return result > 0 ? this.#waited.deliver(this.#sink) : result;
  }

  get hasReported(): boolean {
    return this.#waited.hasReported;
  }

  keep(): void {}

  dispose(): void {}
}
