/**
 * One open descriptor and its single owner: what `Socket`, `Listener` and `OwnedFd` share.
 *
 * @module
 */

import { closeFd } from "../../ffi/syscalls/files.ts";
import { closeAtThreadEnd, keepAtThreadEnd } from "../../ffi/thread_end.ts";
import { closedError } from "../errors.ts";
import { atUncaughtError, atUnload, inWorker } from "../event_loop.ts";
import { Delays } from "./delay.ts";
import { closeLeftovers, leaveForNextRun } from "./leftovers.ts";
import { OperationQueue } from "./operation_queue.ts";
import {
  type Interest,
  progressed,
  READABLE,
  register,
  type Registration,
  type WaitFailure,
  WRITABLE,
} from "../reactor/mod.ts";

/** The descriptors of this thread that have an owner, by number: an array, because storing in it is cheap. */
const owned: (Descriptor | undefined)[] = [];

/** What ended the use of a descriptor, in place of its number. */
const CLOSED = -1, DETACHED = -2, CONVERTED = -3, DISPOSED = -4, STREAMED = -5;

/** How a descriptor ended. */
export type Ending = "detached" | "converted" | "disposed" | "streamed";

const ENDINGS: Readonly<Record<Ending, number>> = {
  detached: DETACHED,
  converted: CONVERTED,
  disposed: DISPOSED,
  streamed: STREAMED,
};

/** What messages say of an object that was not ended by its `close()`. */
const CAUSES: Readonly<Record<number, string>> = {
  [DETACHED]: "its descriptor was detached, and has another owner now",
  [CONVERTED]: "its descriptor belongs to the object that it was turned into",
  [DISPOSED]:
    "it was disposed with the message that it came with; take a file out of `files` to keep it",
  [STREAMED]: "the end of its streams closed it",
};

let isWatched = false;

/** A Worker gets no event at its end: there the C library closes what is left. */
const isInWorker = inWorker();

/** Put an article before the name of a class. */
export function article(owner: string): string {
  return `${/^[AEIOU]/.test(owner) ? "an" : "a"} ${owner}`;
}

/**
 * Holds the number of an open descriptor for its owner object, and ends everything that waits on it
 * when the owner gives it up. The number is closed at most once, and never touched afterwards: the
 * kernel reuses it at once.
 */
export class Descriptor {
  /** What the owner is called in messages. */
  readonly owner: string;
  #fd: number;
  #reading: Channel | undefined = undefined;
  #writing: Channel | undefined = undefined;
  #registration: Registration | undefined = undefined;
  #extras: Extras | undefined = undefined;

  constructor(fd: number, owner: string) {
    this.owner = owner;
    this.#fd = fd;
    const previous = owned[fd];
    if (previous !== undefined) Descriptor.#lose(previous);
    owned[fd] = this;
    if (!isInWorker) watchUnload();
    else if (fd > STANDARD_ERROR) closeAtThreadEnd(fd);
  }

  /**
   * Own a number that the caller passes in.
   *
   * @throws {Deno.errors.Busy} If an object of this module owns it: the second of two would close a stranger's.
   */
  static adopt(fd: number, owner: string): Descriptor {
    Descriptor.requireFree(fd);
    return new Descriptor(fd, owner);
  }

  /** Refuse a number that has an owner. @throws {Deno.errors.Busy} If it has one. */
  static requireFree(fd: number): void {
    const other = owned[fd]?.owner;
    if (other === undefined) return;
    throw new Deno.errors.Busy(
      `Cannot adopt descriptor ${fd}: ${
        article(other)
      } owns it already; take it from there with \`detach()\``,
    );
  }

  /**
   * Close what is left when the program ends or is reloaded, and remove the socket files that go with it.
   * Standard input, output and error stay open, also when a Worker ends, and no wait is ended: no code of the program
   * is to run any more.
   */
  static closeAll(): void {
    // There are gaps. `for … in` would find what a program has added to Array.prototype as well.
    for (const descriptor of Object.values(owned)) {
      if (descriptor !== undefined) Descriptor.#closeQuietly(descriptor);
    }
  }

  /** The numbers of all descriptors that have an owner, but for standard input, output and error. */
  static allOpen(): number[] {
    const fds = Object.values(owned).map((it) => it === undefined ? CLOSED : it.#fd);
    return fds.filter((it) => it > STANDARD_ERROR);
  }

  // Static: with a private method, each descriptor would take memory for the mark of its class.

  static #closeQuietly(descriptor: Descriptor): void {
    const fd = descriptor.#fd;
    if (fd <= STANDARD_ERROR) return;
    try {
      descriptor.beforeClose?.();
    } catch {
      // No code is left to handle an error, and the other descriptors are still to be closed.
      // deno-coverage-ignore -- removing a socket's file does not fail
    }
    descriptor.#fd = CLOSED;
    owned[fd] = undefined;
    closeFd(fd);
  }

  static #givenUp(descriptor: Descriptor): Error {
    return closedError(descriptor.owner, CAUSES[descriptor.#fd]);
  }

  /** Foreign code has closed the descriptor, and its number is that of another file now, whose waits must not end. */
  static #lose(descriptor: Descriptor): void {
    if (descriptor.#registration !== undefined) descriptor.#registration.fd = CLOSED;
    descriptor.#fd = CLOSED;
    Descriptor.#endWaits(descriptor);
  }

  static #giveUp(descriptor: Descriptor, state: number): number {
    const { fd } = descriptor;
    owned[fd] = undefined;
    if (isInWorker) keepAtThreadEnd(fd);
    descriptor.#fd = state;
    Descriptor.#endWaits(descriptor);
    return fd;
  }

  /** End the registration first: it keeps the open file alive in the kernel, and a closed number is reused at once. */
  static #endWaits(descriptor: Descriptor): void {
    const { owner } = descriptor;
    const registration = descriptor.#registration;
    const reading = descriptor.#reading;
    const writing = descriptor.#writing;
    const extras = descriptor.#extras;
    descriptor.#registration = descriptor.#reading = descriptor.#writing = undefined;
    descriptor.#extras = undefined;
    const isIdle = registration === undefined && extras?.delays === undefined &&
      !reading?.isBusy && !writing?.isBusy;
    if (!isIdle) {
      const reason = closedError(owner, CAUSES[descriptor.#fd]);
      registration?.cancel(reason);
      extras?.delays?.cancel(reason);
      reading?.cancel(reason);
      writing?.cancel(reason);
    }
    for (const dependent of extras?.dependents ?? []) dependent.close();
  }

  /** Whether the descriptor is closed or detached. */
  get closed(): boolean {
    return this.#fd < 0;
  }

  /** The number. @throws {Deno.errors.BadResource} If it has been given up. */
  get fd(): number {
    if (this.#fd < 0) throw Descriptor.#givenUp(this);
    return this.#fd;
  }

  /** Called before the descriptor is closed, but not when it is detached: to remove a socket file. */
  get beforeClose(): (() => void) | undefined {
    return this.#extras?.beforeClose;
  }

  set beforeClose(action: (() => void) | undefined) {
    (this.#extras ??= new Extras()).beforeClose = action;
  }

  /** The direction of reads: its queue keeps operations of several system calls apart. */
  get reading(): Channel {
    return this.#reading ??= new Channel(this, READABLE);
  }

  /** The direction of writes. */
  get writing(): Channel {
    return this.#writing ??= new Channel(this, WRITABLE);
  }

  /** Whether a read is under way. */
  get isReading(): boolean {
    return this.#reading?.isBusy ?? false;
  }

  /** Whether a write is under way. */
  get isWriting(): boolean {
    return this.#writing?.isBusy ?? false;
  }

  /** How long to busy-poll before blocking, in microseconds; 0 turns it off. */
  get busyPoll(): number {
    return this.#extras?.busyPoll ?? 0;
  }

  set busyPoll(microseconds: number) {
    if (this.#fd < 0) throw Descriptor.#givenUp(this);
    (this.#extras ??= new Extras()).busyPoll = microseconds;
    if (this.#registration !== undefined) this.#registration.busyPoll = microseconds;
  }

  /** Note that the descriptor may be an eventfd(2). */
  markAsEvent(): void {
    (this.#extras ??= new Extras()).isEvent = true;
  }

  /** Wait until the descriptor may be ready; the caller tries again and waits again if it was not. */
  wait(interest: Interest, signal?: AbortSignal): Promise<void> {
    return Descriptor.#registered(this).wait(interest, signal);
  }

  /** Wait as {@linkcode Descriptor.wait} does, but resolve with the failure where that rejects. */
  waitEnd(interest: Interest, signal?: AbortSignal): Promise<WaitFailure | undefined> {
    const registration = Descriptor.#registered(this);
    return new Promise((resolve) => registration.begin(interest, resolve, signal));
  }

  static #registered(descriptor: Descriptor): Registration {
    return descriptor.#registration ??= registerWith(descriptor.fd, descriptor.#extras);
  }

  /** End all waits for `interest`: something has happened that the kernel does not report. */
  wake(interest: Interest): void {
    this.#registration?.deliver(interest);
    for (const dependent of this.#extras?.dependents ?? []) dependent.wake(interest);
  }

  /** Wait for `milliseconds`, or until the descriptor is closed: then reject. The caller tries again then. */
  delay(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return (this.#extras ??= new Extras()).delay(milliseconds, signal);
  }

  /** Make waits keep the process alive, which is the default. */
  ref(): void {
    (this.#extras ??= new Extras()).ref();
    this.#registration?.ref();
  }

  /** Let the process end while operations wait. */
  unref(): void {
    (this.#extras ??= new Extras()).unref();
    this.#registration?.unref();
  }

  /** Detach: return the number without closing it, and end every wait. */
  release(ending: Ending = "detached"): number {
    return Descriptor.#giveUp(this, ENDINGS[ending]);
  }

  /** Close `dependent` together with this one; its waits count as waits of this one, also for `unref()`. */
  closeTogether(dependent: Descriptor): void {
    const extras = this.#extras ??= new Extras();
    (extras.dependents ??= new Set()).add(dependent);
    if (extras.isUnrefed) dependent.unref();
  }

  /** Undo {@linkcode Descriptor.closeTogether}. */
  closeApart(dependent: Descriptor): void {
    this.#extras?.dependents?.delete(dependent);
  }

  /** Close the descriptor. Closing again does nothing. */
  close(ending?: Ending): void {
    if (this.#fd < 0) return;
    this.beforeClose?.();
    closeFd(Descriptor.#giveUp(this, ending === undefined ? CLOSED : ENDINGS[ending]));
    progressed();
  }
}

const STANDARD_ERROR = 2;

function watchUnload(): void {
  if (isWatched) return;
  isWatched = true;
  closeLeftovers();
  atUnload(() => Descriptor.closeAll());
  atUncaughtError(() => leaveForNextRun(() => Descriptor.allOpen()));
}

/** One direction of a descriptor, and the queue of operations that use it. */
export class Channel extends OperationQueue {
  constructor(readonly descriptor: Descriptor, readonly interest: Interest) {
    super();
  }
}

/** What few descriptors have: apart, to keep the others small. */
class Extras {
  beforeClose: (() => void) | undefined = undefined;
  delays: Delays | undefined = undefined;
  dependents: Set<Descriptor> | undefined = undefined;
  isUnrefed = false;
  isEvent = false;
  busyPoll = 0;

  delay(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.delays === undefined) {
      this.delays = new Delays();
      if (this.isUnrefed) this.delays.unref();
    }
    return this.delays.wait(milliseconds, signal);
  }

  ref(): void {
    this.isUnrefed = false;
    this.delays?.ref();
    for (const dependent of this.dependents ?? []) dependent.ref();
  }

  unref(): void {
    this.isUnrefed = true;
    this.delays?.unref();
    for (const dependent of this.dependents ?? []) dependent.unref();
  }
}

function registerWith(fd: number, extras: Extras | undefined): Registration {
  const registration = register(fd);
  if (extras === undefined) return registration;
  registration.busyPoll = extras.busyPoll;
  registration.isEvent = extras.isEvent;
  if (extras.isUnrefed) registration.unref();
  return registration;
}
