/**
 * The portable backend: one call in Deno's thread pool that waits for all descriptors, and can be woken at
 * any time. A pending call keeps the process alive, so there is one only while a wait does so, too. For the other
 * waits a timer polls while something else keeps the process alive.
 *
 * @module
 */

import type { Backend, Interest, Sink, WaitingSet, Watched } from "../types.ts";
import { unavailable } from "../errors.ts";
import { EpollEvents, EpollSet } from "./epoll_set.ts";
import { PollSet } from "./poll_set.ts";
import { epollWaitInPool } from "../../../ffi/syscalls/readiness.ts";
import { inWorker, startTimer, stopTimer, type Timer, unrefTimer } from "../../event_loop.ts";
import { Waker } from "./waker.ts";
import { yieldUntil } from "./yield_until.ts";
import { platform } from "../../../ffi/platform/mod.ts";

/** The interval of polls for waits that do not keep the process alive, in milliseconds. */
const UNREF_INTERVAL = 10;

/** How long a call waits in a Worker, in milliseconds: nothing can wake it when the Worker is terminated. */
const WORKER_LIMIT = 2_000;

class EpollWaitingSet extends EpollSet implements WaitingSet {
  readonly outdated = false; // epoll_ctl(2) reaches a call under way
  readonly #found: EpollEvents;

  constructor(sink: Sink, capacity: number) {
    super(sink, capacity);
    this.#found = new EpollEvents(capacity);
  }

  wait(timeout: number): Promise<number> {
    const { bytes, words, capacity } = this.#found;
    words[0] = 0;
    return epollWaitInPool(this.fd, bytes, capacity, timeout);
  }

  finish(result: number): number {
    if (result > 0) this.deliver(this.#found, result);
    return result;
  }

  get hasReported(): boolean {
    return this.#found.words[0] !== 0;
  }
}

/** How long the end of a program waits for the end of the call, in milliseconds: its thread may not have a processor. */
const END_LIMIT = 1_000;

/** What {@linkcode openPool} may be told. */
export interface PoolOptions {
  /** Use poll(2) and a pipe, as on systems without epoll. */
  portable?: boolean;
  /** Number of events taken at once. */
  capacity?: number;
}

/** Open the backend. */
export function openPool(sink: Sink, options: PoolOptions = {}): Backend {
  const { portable = platform.epoll_event.size === 0, capacity = 256 } = options;
  const waker = new Waker(portable);
  try {
    const set = portable ? new PollSet(sink, waker.fd) : epollSet(sink, capacity, waker);
    waker.keep();
    set.keep();
    return new Pool(sink, set, waker);
  } catch (error) {
    waker.dispose();
    throw error;
  }
}

function epollSet(sink: Sink, capacity: number, waker: Waker): WaitingSet {
  const set = new EpollWaitingSet(sink, capacity);
  const result = set.addWaker(waker.fd);
  if (result >= 0) return set;
  set.dispose();
  throw unavailable("epoll", result); // without it nothing could wake the thread
}

class Pool implements Backend {
  readonly name = "pool";
  readonly #sink: Sink;
  readonly #set: WaitingSet;
  readonly #waker: Waker;
  readonly #limit = inWorker() ? WORKER_LIMIT : -1;
  #isReferenced = false;
  #isPending = false;
  #isWoken = false;
  #timer: Timer | undefined = undefined;
  #isDisposed = false;
  #isClosed = false;

  constructor(sink: Sink, set: WaitingSet, waker: Waker) {
    this.#sink = sink;
    this.#set = set;
    this.#waker = waker;
  }

  register(watched: Watched, interest: Interest): number {
    return this.#set.register(watched, interest);
  }

  deregister(watched: Watched): void {
    this.#set.deregister(watched, this.#isPending ? this.#interrupt : undefined);
  }

  poll(limit: number): number {
    return this.#checked(this.#set.poll(limit));
  }

  ref(): void {
    this.#isReferenced = true;
  }

  unref(): void {
    this.#isReferenced = false;
    if (!this.#isPending) return;
    this.#interrupt();
    // The call would keep the process alive, and Deno's sanitizers would take it for a leak.
    yieldUntil(() => this.#set.hasReported);
  }

  park(): boolean {
    if (this.#isReferenced) {
      if (!this.#isPending) this.#wait();
      else if (this.#set.outdated) this.#interrupt();
    } else if (this.#sink.waits > 0) {
      this.#timer ??= this.#startTimer();
    }
    return true;
  }

  #startTimer(): Timer {
    const timer = startTimer(() => {
      this.#timer = undefined;
      this.#sink.wake();
    }, UNREF_INTERVAL);
    unrefTimer(timer);
    return timer;
  }

  #wait(): void {
    this.#isPending = true;
    this.#isWoken = false;
    // Whether the call failed or could not start makes no difference here: poll() reports the error.
    this.#set.wait(this.#limit).then((result) => this.#finish(result), () => this.#finish(-1));
  }

  #finish(result: number): void {
    this.#isPending = false;
    if (this.#isDisposed) return this.#close();
    if (this.#isWoken) this.#waker.clear();
    // The error number belongs to the other thread: repeat the call here, without waiting, to get it.
    if (result >= 0) this.#set.finish(result);
    else this.#checked(this.#set.poll(Infinity));
    this.#sink.wake();
  }

  #checked(found: number): number {
    if (found < 0 && found !== -platform.EINTR) this.#sink.fail(unavailable("The wait", found));
    return Math.max(found, 0);
  }

  readonly #interrupt = (): void => {
    if (this.#isWoken) return;
    this.#isWoken = true;
    this.#waker.set();
  };

  dispose(isLast = false): void {
    this.#isDisposed = true;
    stopTimer(this.#timer);
    if (!this.#isPending) return this.#close();
    this.#interrupt();
    if (!isLast) return; // the end of the call closes them
    // Where the program ends or is reloaded, no promise is resolved any more. The call refers to numbers that are
    // reused once they are closed, so it has to be over.
    yieldUntil(() => this.#set.hasReported, END_LIMIT);
    if (this.#set.hasReported) this.#close();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#set.dispose();
    this.#waker.dispose();
  }
}
