/**
 * The portable backend: one call in Deno's thread pool that waits for all descriptors, and can be woken at
 * any time. A pending call keeps the process alive, so there is one only while a wait wants that; waits
 * that do not are looked after by a timer, which runs for as long as something else keeps the process.
 *
 * @module
 */

import type { Backend, Interest, Sink, Watched } from "../types.ts";
import { unavailable } from "../errors.ts";
import { EpollEvents, EpollSet } from "./epoll_set.ts";
import { PollSet } from "./poll_set.ts";
import { epollWaitInPool } from "../../../ffi/syscalls/readiness.ts";
import { inWorker, startTimer, stopTimer, type Timer, unrefTimer } from "../../event_loop.ts";
import { WakeUp } from "./waker.ts";
import type { WaitingSet } from "../waiting_set.ts";
import { platform } from "../../../ffi/platform/mod.ts";

/** How often waits that do not keep the process alive are looked after, in milliseconds. */
const UNHELD_INTERVAL = 10;

/** How long a call waits in a Worker, in milliseconds: nobody can wake it when the Worker is terminated. */
const WORKER_LIMIT = 2_000;

class EpollWaitingSet extends EpollSet implements WaitingSet {
  readonly outdated = false; // epoll_ctl(2) reaches a call under way
  readonly #found: EpollEvents;

  constructor(sink: Sink, capacity: number) {
    super(sink, capacity);
    this.#found = new EpollEvents(capacity);
  }

  wait(timeout: number): Promise<number> {
    const { bytes, capacity } = this.#found;
    return epollWaitInPool(this.fd, bytes, capacity, timeout);
  }

  finish(result: number): number {
    if (result > 0) this.deliver(this.#found, result);
    return result;
  }
}

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
  const wakeUp = new WakeUp(portable);
  try {
    const set = portable ? new PollSet(sink, wakeUp.fd) : epollSet(sink, capacity, wakeUp);
    wakeUp.keep();
    set.keep();
    return new Pool(sink, set, wakeUp);
  } catch (error) {
    wakeUp.dispose();
    throw error;
  }
}

function epollSet(sink: Sink, capacity: number, wakeUp: WakeUp): WaitingSet {
  const set = new EpollWaitingSet(sink, capacity);
  const result = set.addWakeUp(wakeUp.fd);
  if (result >= 0) return set;
  set.dispose();
  throw unavailable("epoll", result); // without it nobody could wake the thread
}

class Pool implements Backend {
  readonly name = "pool";
  readonly #sink: Sink;
  readonly #set: WaitingSet;
  readonly #wakeUp: WakeUp;
  readonly #limit = inWorker() ? WORKER_LIMIT : -1;
  #alive = false;
  #pending = false;
  #woken = false;
  #timer: Timer | undefined = undefined;
  #disposed = false;

  constructor(sink: Sink, set: WaitingSet, wakeUp: WakeUp) {
    this.#sink = sink;
    this.#set = set;
    this.#wakeUp = wakeUp;
  }

  arm(watched: Watched, interest: Interest): number {
    return this.#set.arm(watched, interest);
  }

  disarm(watched: Watched): void {
    this.#set.disarm(watched);
  }

  look(): number {
    return this.#checked(this.#set.look());
  }

  hold(alive: boolean): void {
    this.#alive = alive;
    if (!alive && this.#pending) this.#wake();
  }

  park(): boolean {
    if (this.#alive) {
      if (!this.#pending) this.#wait();
      else if (this.#set.outdated) this.#wake();
    } else if (this.#sink.waits > 0) {
      this.#timer ??= this.#startTimer();
    }
    return true;
  }

  #startTimer(): Timer {
    const timer = startTimer(() => {
      this.#timer = undefined;
      this.#sink.awake();
    }, UNHELD_INTERVAL);
    unrefTimer(timer);
    return timer;
  }

  #wait(): void {
    this.#pending = true;
    this.#woken = false;
    // A call that fails to start is not told apart from one that failed: look() finds out.
    this.#set.wait(this.#limit).then((result) => this.#finish(result), () => this.#finish(-1));
  }

  #finish(result: number): void {
    this.#pending = false;
    if (this.#woken) this.#wakeUp.clear();
    if (this.#disposed) return this.#close();
    // The error number stayed on the other thread: make the call again, without waiting, to learn it.
    if (result >= 0) this.#set.finish(result);
    else this.#checked(this.#set.look());
    this.#sink.awake();
  }

  #checked(found: number): number {
    if (found < 0 && found !== -platform.EINTR) this.#sink.fail(unavailable("The wait", found));
    return Math.max(found, 0);
  }

  #wake(): void {
    if (this.#woken) return;
    this.#woken = true;
    this.#wakeUp.set();
  }

  dispose(): void {
    this.#disposed = true;
    stopTimer(this.#timer);
    if (this.#pending) this.#wake();
    else this.#close();
  }

  #close(): void {
    this.#set.dispose();
    this.#wakeUp.dispose();
  }
}
