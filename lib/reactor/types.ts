/**
 * The types that the parts of the reactor share.
 *
 * @module
 */

/** Wait for data, a connection, or the end of the stream: `POLLIN`. */
export const READABLE = 0x1;

/** Wait for space to write: `POLLOUT`. */
export const WRITABLE = 0x4;

/** What a wait is for: {@linkcode READABLE} or {@linkcode WRITABLE}. */
export type Interest = typeof READABLE | typeof WRITABLE;

/**
 * The name of a backend: see {@linkcode backend}.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 *
 * const backend: unix.BackendName = unix.reactorBackend();
 * console.log(backend === "pool" ? "one thread waits" : "the event loop waits");
 * ```
 */
export type BackendName = "io_uring" | "aio" | "pool";

/** What a {@linkcode Backend} sees of a registration. */
export interface Watched {
  /** The descriptor. */
  readonly fd: number;
  /** Index in the reactor's table, sent along with what the kernel is asked for. */
  readonly slot: number;
  /**
   * Tells the users of one slot apart: an event that carries another number is stale. A backend that
   * asks for each interest on its own keeps a number for each.
   */
  readToken: number;
  writeToken: number;
  /** The interests with a pending wait. */
  readonly awaited: number;
  /** Whether the descriptor may be an eventfd(2). */
  readonly isEvent: boolean;
  /** The interests that the kernel was asked for. Kept by the backend. */
  registered: number;
  /** Events in a row that no wait was pending for. Kept by the sink. */
  unclaimed: number;
}

/** After so many events in a row that no wait was pending for, a backend stops asking for that interest. */
export const MAX_UNCLAIMED_EVENTS = 8;

/** What a {@linkcode Backend} tells the reactor. */
export interface Sink {
  /** The registrations by slot, with gaps. */
  readonly watched: readonly (Watched | undefined)[];
  /** Number of pending waits, whether they keep the process alive or not. */
  readonly waits: number;
  /** Return a number for {@linkcode Watched.readToken} that no other has. */
  token(): number;
  /** End the waits that `events`, a mask of poll(2), satisfies. */
  deliver(watched: Watched, events: number): void;
  /** End the waits of one registration with an error. */
  reject(watched: Watched, error: Error): void;
  /** The event loop called the backend: poll for events, then park again. */
  wake(): void;
  /** The backend does not work any more: its waits go to the next one. */
  fail(error: Error): void;
}

/** One mechanism to wait with. `backends/README.md` says what a new one must do. */
export interface Backend {
  readonly name: BackendName;
  /** Ask the kernel for an interest of a registration: 0, or `-errno`. */
  register(watched: Watched, interest: Interest): number;
  /** Make the kernel release the open file before this returns. Only called while something is registered. */
  deregister(watched: Watched): void;
  /** Deliver what has happened, at most `limit` events, without waiting: the number of events. */
  poll(limit: number): number;
  /** The thread is about to sleep: have the event loop call when something happens. False: poll again. */
  park(): boolean;
  /** Keep the process alive while waits are pending. */
  ref(): void;
  /** Let the process end, as at first. */
  unref(): void;
  /**
   * Release every open file, and close what was opened.
   *
   * @param isLast Whether the program ends or is reloaded: no promise is resolved any more.
   */
  dispose(isLast?: boolean): void;
}

/** Opens a backend for the current thread, or throws the reason why it does not work. */
export type Opener = (sink: Sink) => Backend;

/** What the pool backend needs of a set of descriptors. */
export interface WaitingSet {
  /** Add an interest. Returns 0, or `-errno`. */
  register(watched: Watched, interest: Interest): number;
  /** Remove a registration. `interrupt` ends a call that is under way, if there is one. */
  deregister(watched: Watched, interrupt: (() => void) | undefined): void;
  /** Deliver what is ready now, at most `limit` events: their number, or `-errno`. */
  poll(limit: number): number;
  /** Whether a call under way lacks descriptors that were added since. */
  readonly outdated: boolean;
  /** Wait on a thread of the pool: what {@linkcode WaitingSet.finish} takes. */
  wait(timeout: number): Promise<number>;
  /** Whether the call under way has found something: then it is over, or will be at once. */
  readonly hasReported: boolean;
  /** Deliver what that call found: the number of events, or a negative number. */
  finish(result: number): number;
  /** Close what is open when the thread ends. */
  keep(): void;
  /** Close what is open. */
  dispose(): void;
}

/** The clock and the places in an event loop that a reactor runs at. */
export interface EventLoop {
  /** Milliseconds of a clock that only goes forwards. */
  now(): number;
  /** Run `callback` right after the code that runs now. */
  inMicrotask(callback: () => void): void;
  /** Run `callback` when no microtask of this turn is left to run. */
  atEndOfTurn(callback: () => void): void;
  /**
   * Run `callback` in the next turn, after timers and other sockets have had theirs.
   *
   * @param isBusy Whether this turn has done all that it may: then other sockets of the program have waited for it.
   */
  inNextTurn(callback: () => void, isBusy?: boolean): void;
}
