/**
 * What the parts of the reactor agree on.
 *
 * @module
 */

/** Wait for data, a connection, or the end of the stream: `POLLIN`. */
export const READABLE = 1;

/** Wait for room to write: `POLLOUT`. */
export const WRITABLE = 4;

/** What a wait is for: {@linkcode READABLE} or {@linkcode WRITABLE}. */
export type Interest = 1 | 4;

/** A way of waiting: see {@linkcode backend}. */
export type BackendName = "io_uring" | "aio" | "pool";

/** One descriptor's place in the reactor of the current thread. */
export interface Registration {
  /**
   * Resolve when the descriptor may have become ready. The caller then repeats its non-blocking call and,
   * when that still says EAGAIN, waits again: a wait may end early, never too late.
   *
   * Call it in the same step in which the non-blocking call said EAGAIN, with no `await` in between.
   * Readiness that came before that step and was not used up is not announced again.
   *
   * @throws what `signal` was aborted with, or what {@linkcode cancel} was given
   */
  wait(interest: Interest, signal?: AbortSignal): Promise<void>;
  /**
   * End every wait with `error` and make the kernel forget the descriptor. Call it before close(2):
   * what still waits would keep the open file, and the peer would not see its end. Later waits are rejected
   * with the error of the first call.
   */
  cancel(error: Error): void;
  /** Let pending waits keep the process alive, as they do at first. */
  ref(): void;
  /** Let the process end even while waits are pending. */
  unref(): void;
  /** For how many microseconds a wait looks at the descriptor before it lets the thread sleep; 0: not at all. */
  busyPoll: number;
  /** Set this where the descriptor is an eventfd(2), or may have one in it, as an epoll(7) set. */
  isEvent: boolean;
}

/** What a {@linkcode Backend} sees of a registration. */
export interface Watched {
  readonly fd: number;
  /** Index in the reactor's table, sent along with what the kernel is asked for. */
  readonly slot: number;
  /**
   * Tells the users of one slot apart: an event that carries another number is stale. A backend that
   * asks for each side on its own keeps a number per side.
   */
  readToken: number;
  writeToken: number;
  /** The interests that somebody waits for now. */
  readonly awaited: number;
  /** Whether the descriptor may be an eventfd(2). */
  readonly isEvent: boolean;
  /** The interests that the kernel was asked for. Kept by the backend. */
  armed: number;
  /** Events in a row that nobody waited for. Kept by the backend. */
  unclaimed: number;
}

/** What a {@linkcode Backend} tells the reactor. */
export interface Sink {
  /** The registrations by slot, with gaps. */
  readonly watched: readonly (Watched | undefined)[];
  /** Number of pending waits, whether they keep the process alive or not. */
  readonly waits: number;
  /** Return a number for {@linkcode Watched.readToken} that no other has. */
  token(): number;
  /** End the waits that `events`, a mask of poll(2), is good for. */
  deliver(watched: Watched, events: number): void;
  /** End the waits of one registration with an error. */
  reject(watched: Watched, error: Error): void;
  /** Run after the event loop called the backend: look for events, then park again. */
  awake(): void;
  /** The backend is of no use any more: carry on with the next one. */
  fail(error: Error): void;
}

/** One way of waiting. */
export interface Backend {
  readonly name: BackendName;
  /** Ask the kernel for an interest of a registration: 0, or `-errno`. */
  arm(watched: Watched, interest: Interest): number;
  /** Make the kernel forget the descriptor before this returns. Only called while something is armed. */
  disarm(watched: Watched): void;
  /** Deliver what has happened, without waiting: the number of events. */
  look(): number;
  /** The thread is about to sleep: have the event loop call when something happens. False: look again. */
  park(): boolean;
  /** Say whether waits that keep the process alive are pending. */
  hold(alive: boolean): void;
  /** Give everything back. */
  dispose(): void;
}

/** Opens a backend for the current thread, or throws what keeps it from working. */
export type Opener = (sink: Sink) => Backend;
