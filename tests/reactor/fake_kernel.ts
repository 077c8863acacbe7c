/**
 * A kernel and an event loop for the tests of the scheduler, in which nothing happens but what a test says.
 * Readiness is edge-triggered, as with epoll(7) and io_uring(7): what is announced once is not announced again.
 *
 * @module
 */

import type { IdleSystem } from "../../lib/reactor/idle_policy.ts";
import {
  type Backend,
  type BackendName,
  type EventLoop,
  type Interest,
  MAX_UNCLAIMED_EVENTS,
  type Opener,
  READABLE,
  type Sink,
  type Watched,
  WRITABLE,
} from "../../lib/reactor/types.ts";

/** So many callbacks in one turn mean that it never ends. */
const ENDLESS = 20_000;

/** An event loop that runs what a test says, and a clock that moves with it. */
export class FakeLoop implements EventLoop, IdleSystem {
  time = 0;
  /** How many turns have begun. */
  turns = 0;
  /** When the last one did. */
  turnBegan = 0;
  readonly #outside: { looks: number; action: () => void }[] = [];
  #microtasks: (() => void)[] = [];
  #ticks: (() => void)[] = [];
  #nextTurn: (() => void)[] = [];

  now(): number {
    this.#letOthersRun();
    return this.time += 0.0005;
  }

  schedYield(): void {
    this.time += 0.002;
    this.#letOthersRun();
  }

  /** Have another process act when this one has looked at the clock so often, or when the turn is over. */
  later(looks: number, action: () => void): void {
    this.#outside.push({ looks, action });
  }

  #letOthersRun(): void {
    for (const it of [...this.#outside]) {
      if (--it.looks > 0) continue;
      this.#outside.splice(this.#outside.indexOf(it), 1);
      it.action();
    }
  }

  inMicrotask(callback: () => void): void {
    this.#microtasks.push(callback);
  }

  atEndOfTurn(callback: () => void): void {
    this.#ticks.push(callback);
  }

  inNextTurn(callback: () => void): void {
    this.#nextTurn.push(callback);
  }

  /** Whether nothing is left to run. */
  get isIdle(): boolean {
    const { length } = [...this.#microtasks, ...this.#ticks, ...this.#nextTurn, ...this.#outside];
    return length === 0;
  }

  /** Run one microtask: whether there was one. */
  runMicrotask(): boolean {
    const callback = this.#microtasks.shift();
    callback?.();
    return callback !== undefined;
  }

  /** Run one callback for the end of the turn, if no microtask is left: whether there was one. */
  runTick(): boolean {
    if (this.#microtasks.length > 0) return false;
    const callback = this.#ticks.shift();
    callback?.();
    return callback !== undefined;
  }

  /** Run the rest of this turn, and `settle` what each callback has resolved. */
  async finishTurn(settle: () => Promise<void>): Promise<void> {
    for (let i = 0; this.runMicrotask() || this.runTick(); i++) {
      if (i > ENDLESS) throw new Error("A turn of the event loop never ends");
      await settle();
    }
  }

  /** Run the rest of this turn, and begin the next one. */
  async turn(settle: () => Promise<void>): Promise<void> {
    await this.finishTurn(settle);
    for (const { action } of this.#outside.splice(0)) action();
    this.turnBegan = this.time += 1;
    for (const callback of this.#nextTurn.splice(0)) {
      this.turns++;
      this.turnBegan = this.time;
      callback();
      await settle();
      await this.finishTurn(settle);
    }
  }
}

/** Sockets of the fake kernel: how many bytes are there, and whether there is space. */
export class FakeKernel {
  readonly data: number[];
  readonly space: boolean[];
  readonly backends: FakeBackend[] = [];
  /** The most events that a poll was allowed to deliver since this was set. */
  largestLimit = 0;

  constructor(sockets: number) {
    this.data = Array(sockets).fill(0);
    this.space = Array(sockets).fill(true);
  }

  isReady(fd: number, interest: Interest): boolean {
    return interest === READABLE ? (this.data[fd] ?? 0) > 0 : this.space[fd] === true;
  }

  /** A byte comes. */
  write(fd: number): void {
    this.data[fd] = (this.data[fd] ?? 0) + 1;
    for (const it of this.backends) it.changed(fd, READABLE);
  }

  /** Take a byte: whether there was one. */
  take(fd: number): boolean {
    if (!this.isReady(fd, READABLE)) return false;
    this.data[fd] = (this.data[fd] ?? 0) - 1;
    return true;
  }

  /** There is no space any more, or again. */
  setSpace(fd: number, space: boolean): void {
    const changes = this.space[fd] !== space;
    this.space[fd] = space;
    if (changes && space) { for (const it of this.backends) it.changed(fd, WRITABLE); }
  }

  /** The open file is closed, and another takes its number. */
  close(fd: number): void {
    this.data[fd] = 0;
    this.space[fd] = true;
  }

  /** Whether a backend keeps the open file. */
  isHeld(fd: number): boolean {
    return this.backends.some((it) => it.holds(fd));
  }
}

interface Event {
  readonly watched: Watched;
  readonly token: number;
  events: number;
}

/** What a {@linkcode FakeBackend} does in ways that true ones differ in. */
export interface FakeStyle {
  readonly name: BackendName;
  /**
   * Whether registrations reach the kernel at the next poll only, and `park()` says "poll again" as long as
   * there is something to tell it or to deliver; as with io_uring(7). Otherwise as with epoll(7).
   */
  readonly isDeferred: boolean;
}

/** A backend on the fake kernel. */
export class FakeBackend implements Backend {
  readonly name: BackendName;
  isParked = false;
  isReferenced = false;
  delivered = 0;
  readonly #registered = new Map<number, { watched: Watched; token: number; interests: number }>();
  readonly #requests: (() => void)[] = [];
  #events: Event[] = [];
  #isBroken = false;
  #isDisposed = false;

  constructor(
    readonly kernel: FakeKernel,
    readonly loop: FakeLoop,
    readonly sink: Sink,
    readonly style: FakeStyle,
  ) {
    this.name = style.name;
    kernel.backends.push(this);
  }

  holds(fd: number): boolean {
    return this.#registered.has(fd);
  }

  register(watched: Watched, interest: Interest): number {
    if (this.#fails()) return 0;
    if (interest === READABLE && (watched.registered & READABLE) !== 0) return 0;
    watched.registered |= interest;
    this.#requests.push(() => this.#ask(watched, interest));
    if (!this.style.isDeferred) this.#submit();
    return 0;
  }

  #ask(watched: Watched, interest: Interest): void {
    if (watched.slot < 0 || (watched.registered & interest) === 0) return;
    const token = watched.readToken;
    this.#registered.set(watched.fd, { watched, token, interests: watched.registered });
    if (this.kernel.isReady(watched.fd, interest)) this.changed(watched.fd, interest);
  }

  #submit(): void {
    for (const request of this.#requests.splice(0)) request();
  }

  deregister(watched: Watched): void {
    this.#registered.delete(watched.fd);
    watched.registered = 0;
  }

  /** Something became ready. */
  changed(fd: number, interest: Interest): void {
    const entry = this.#registered.get(fd);
    if (entry === undefined || (entry.interests & interest) === 0) return;
    const { watched, token } = entry;
    const queued = this.#events.find((it) => it.watched === watched && it.token === token);
    if (queued) queued.events |= interest;
    else this.#events.push({ watched, token, events: interest });
    if (this.isParked) this.#wakeUp();
  }

  #wakeUp(): void {
    this.isParked = false;
    this.loop.inNextTurn(() => {
      if (!this.#isDisposed) this.sink.wake();
    });
  }

  poll(limit: number): number {
    if (this.#fails()) return 0;
    this.kernel.largestLimit = Math.max(this.kernel.largestLimit, limit);
    this.#submit();
    const taken = this.#events.splice(0, limit);
    for (const event of taken) this.#deliver(event);
    this.delivered += taken.length;
    return taken.length;
  }

  #deliver({ watched, token, events }: Event): void {
    if (this.sink.watched[watched.slot] !== watched || watched.readToken !== token) return;
    if ((events & WRITABLE) !== 0) this.#release(watched, WRITABLE);
    this.sink.deliver(watched, events);
    if (watched.unclaimed < MAX_UNCLAIMED_EVENTS) return;
    this.#release(watched, READABLE);
    watched.unclaimed = 0;
  }

  #release(watched: Watched, interest: Interest): void {
    watched.registered &= ~interest;
    const entry = this.#registered.get(watched.fd);
    if (entry !== undefined) entry.interests &= ~interest;
    if (watched.registered === 0) this.#registered.delete(watched.fd);
  }

  park(): boolean {
    if (this.#fails()) return true;
    this.loop.now(); // another process may act between the last poll and this call
    if (this.style.isDeferred && this.#requests.length + this.#events.length > 0) return false;
    this.isParked = true;
    if (this.#events.length > 0) this.#wakeUp();
    return true;
  }

  ref(): void {
    this.isReferenced = true;
  }

  unref(): void {
    this.isReferenced = false;
  }

  /** Fail at the next call. */
  break(): void {
    this.#isBroken = true;
    if (this.isParked) this.#wakeUp();
  }

  #fails(): boolean {
    if (!this.#isBroken || this.#isDisposed) return false;
    this.sink.fail(new Error("broken"));
    return true;
  }

  dispose(): void {
    this.#isDisposed = true;
    this.isParked = false;
    this.#registered.clear();
    this.#events = [];
  }
}

/** Openers of fake backends, as many as a schedule may break and one more. */
export function fakeOpeners(kernel: FakeKernel, loop: FakeLoop, isDeferred: boolean): Opener[] {
  const names: BackendName[] = ["io_uring", "aio", "pool"];
  return names.map((name) => (sink) => new FakeBackend(kernel, loop, sink, { name, isDeferred }));
}
