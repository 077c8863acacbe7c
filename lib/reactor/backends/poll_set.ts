/**
 * The descriptors of one reactor for poll(2): every call names all of them.
 *
 * @module
 */

import { platform } from "../../../ffi/platform/mod.ts";
import { pollLook, pollWaitInPool } from "../../../ffi/syscalls/readiness.ts";
import type { Interest, Sink, Watched } from "../types.ts";
import { waitError } from "../errors.ts";
import type { WaitingSet } from "../waiting_set.ts";

/** An array of `struct pollfd` and the registrations it was made from. */
class PollFds {
  bytes = new Uint8Array(0);
  #view = new DataView(this.bytes.buffer);
  readonly #watched: Watched[] = [];
  readonly #tokens: number[] = [];
  count = 0;

  /** Enter everything that is waited for, after `wakeUp` where there is one. */
  fill(sink: Sink, wakeUp: number | undefined): void {
    this.#reserve(sink.watched.length + 1);
    this.count = 0;
    if (wakeUp !== undefined) this.#add(wakeUp, platform.POLLIN);
    this.#watched.length = this.#tokens.length = 0;
    for (const watched of sink.watched) {
      if (watched === undefined) continue;
      if (wakeUp !== undefined) watched.armed = watched.awaited;
      if (watched.awaited === 0) continue;
      this.#add(watched.fd, watched.awaited);
      this.#watched.push(watched);
      this.#tokens.push(watched.readToken);
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

  /** Deliver what came: the number of events. */
  deliver(sink: Sink): number {
    const { size, revents } = platform.pollfd;
    const first = this.count - this.#watched.length;
    let found = 0;
    for (let i = first; i < this.count; i++) {
      const events = this.#view.getInt16(i * size + revents[0], true);
      const watched = this.#watched[i - first];
      if (events === 0 || watched === undefined) continue;
      if (sink.watched[watched.slot] !== watched) continue;
      if (watched.readToken !== this.#tokens[i - first]) continue;
      found++;
      if ((events & platform.POLLNVAL) === 0) sink.deliver(watched, events);
      else sink.reject(watched, waitError(watched.fd, -platform.EBADF));
    }
    return found;
  }
}

/** The descriptors that a look or a thread of the pool asks poll(2) about. */
export class PollSet implements WaitingSet {
  outdated = false;
  readonly #sink: Sink;
  readonly #wakeUp: number;
  readonly #looked = new PollFds();
  readonly #waited = new PollFds();

  constructor(sink: Sink, wakeUp: number) {
    this.#sink = sink;
    this.#wakeUp = wakeUp;
  }

  arm(watched: Watched, interest: Interest): number {
    if ((watched.armed & interest) === 0) this.outdated = true;
    watched.armed |= interest;
    return 0;
  }

  /** A call under way keeps the open file until it returns: it is woken at the end of the turn. */
  disarm(): void {
    this.outdated = true;
  }

  look(): number {
    this.#looked.fill(this.#sink, undefined);
    const { bytes, count } = this.#looked;
    if (count === 0) return 0;
    const found = pollLook(bytes, count);
    return found > 0 ? this.#looked.deliver(this.#sink) : found;
  }

  wait(timeout: number): Promise<number> {
    this.outdated = false;
    this.#waited.fill(this.#sink, this.#wakeUp);
    const { bytes, count } = this.#waited;
    return pollWaitInPool(bytes, count, timeout);
  }

  finish(result: number): number {
    return result > 0 ? this.#waited.deliver(this.#sink) : result;
  }

  keep(): void {}

  dispose(): void {}
}
