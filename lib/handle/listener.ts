/**
 * A listening Unix socket.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import type { NewSocketFlags } from "../../ffi/syscalls/sockets.ts";
import { type Acceptor, acceptorAlone, SharedAcceptor } from "../socket/acceptor.ts";
import { Connections } from "./connections.ts";
import { Descriptor } from "../descriptor/descriptor.ts";
import { closeOnFinalization } from "../descriptor/finalizer.ts";
import { type Outcome, perform, performSync } from "../descriptor/perform.ts";
import { checkedReady, type ReadyOptions, waitUntilReady } from "../descriptor/ready.ts";
import { check, checkedFlag, requireOptions, shown } from "../errors.ts";
import { duplicate, requireOpen } from "../fd/file_like.ts";
import { BoundFile } from "../socket/bound_file.ts";
import { describeSocket, nameOf } from "../socket/inspect.ts";
import { checkedBusyPoll, pollTimeout } from "../socket/options.ts";
import { DEFAULT_FLAGS } from "../socket/setup.ts";
import { denoAddr, type SocketType } from "../socket/socket_type.ts";
import { checkedTimeout, timedOut } from "../socket/time_limit.ts";
import { adopters } from "./owned_fd.ts";
import { type Socket, socketFromFd } from "./socket.ts";
import { listeners } from "./socket_endpoint.ts";
import type { SocketNames } from "./socket_state.ts";
import { SocketOptions } from "./socket_options.ts";

const { EAGAIN } = platform;

/**
 * How {@linkcode Listener.accept} waits.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 * import { assertRejects } from "@std/assert";
 *
 * using listener = unix.listen(`${Deno.makeTempDirSync()}/app.sock`);
 * const options = { signal: AbortSignal.timeout(20) };
 * await assertRejects(() => listener.accept(options), DOMException);
 * ```
 */
export interface ListenerAcceptOptions {
  /** Ends the wait; the promise is rejected with the signal's reason, and no connection is lost. */
  signal?: AbortSignal;
}

/**
 * How {@linkcode Listener.acceptSync} waits.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 * import { assertThrows } from "@std/assert";
 *
 * using listener = unix.listen(`${Deno.makeTempDirSync()}/app.sock`);
 * assertThrows(() => listener.acceptSync({ timeout: 10 }), Deno.errors.TimedOut);
 * ```
 */
export interface ListenerAcceptSyncOptions {
  /** How long to block, in milliseconds. The default is `receiveTimeout`, and that is without limit. */
  timeout?: number;
}

/** The state of a listener. */
interface ListenerState {
  readonly descriptor: Descriptor;
  readonly type: SocketType;
  acceptor: Acceptor;
  local: Uint8Array | undefined;
  file: BoundFile | undefined;
}

/** The friend functions of `Listener`: they read the state of one, and make one of a state. */
let stateOf: (listener: Listener) => ListenerState;
let create: (state: ListenerState) => Listener;

/**
 * A listening Unix socket: an iterable of connections, assignable to `Deno.Listener`.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 *
 * const path = `${Deno.makeTempDirSync()}/echo.sock`;
 * using listener = unix.listen(path);
 * (async () => {
 *   for await (const conn of listener) conn.readable.pipeTo(conn.writable);
 * })();
 * using client = await unix.connect(path);
 * await client.write(new Uint8Array([1, 2, 3]));
 * console.log(await client.read(new Uint8Array(3)));
 * ```
 */
export class Listener extends SocketOptions implements Deno.Listener<Socket, Deno.UnixAddr> {
  readonly #state: ListenerState;

  private constructor(state: ListenerState) {
    super();
    this.#state = state;
    closeOnFinalization(this, state?.descriptor);
  }

  static {
    create = (state) => new this(state);
    stateOf = (listener) => {
      if (typeof listener === "object" && listener !== null && #state in listener) {
        return listener.#state;
      }
      throw new TypeError(`Cannot accept from ${shown(listener)}: give a Listener`);
    };
  }

  /**
   * Take ownership of an open descriptor that is a listening Unix socket: inherited, received or detached elsewhere.
   * This object closes it; its socket file stays. Several Workers and processes may serve the same listener: while they do,
   * `O_NONBLOCK` is set for all of them.
   *
   * @throws {TypeError} If it is something else, which then stays open and with its owner.
   * @throws {Deno.errors.Busy} If an object of this module owns it already.
   *
   * @example
   * ```ts
   * import { Listener, unix } from "@denet/unix";
   *
   * using listener = Listener.adopt(unix.listen(`${Deno.makeTempDirSync()}/a.sock`).detach());
   * console.log(listener.addr.path);
   * ```
   */
  static adopt(fd: number): Listener {
    requireOpen(fd);
    const type = describeSocket(fd, true);
    return wrap(Descriptor.adopt(fd, "Listener"), type, { isShared: true });
  }

  /**
   * The type of the connections.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * using listener = unix.listen(`${Deno.makeTempDirSync()}/app.sock`);
   * assertEquals(listener.type, "stream");
   * ```
   */
  get type(): SocketType {
    return this.#state.type;
  }

  /**
   * The descriptor's number. It stays with this object.
   *
   * @throws {Deno.errors.BadResource} If the listener is closed or detached.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * using listener = unix.listen(`${Deno.makeTempDirSync()}/app.sock`);
   * console.log(listener.fd); // a child started with this number inherited listens on it
   * ```
   */
  override get fd(): number {
    return this.#state.descriptor.fd;
  }

  /**
   * The address, in the form of Deno's own sockets.
   *
   * @throws {Deno.errors.BadResource} If the listener is closed.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const path = `${Deno.makeTempDirSync()}/app.sock`;
   * using listener = unix.listen(path);
   * assertEquals(listener.addr, { transport: "unix", path });
   * ```
   */
  get addr(): Deno.UnixAddr {
    return denoAddr(this.type, this.localAddress);
  }

  /**
   * The address in exact bytes, with a leading NUL for an abstract name; `null` for none.
   *
   * @throws {Deno.errors.BadResource} If the listener is closed.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const path = `${Deno.makeTempDirSync()}/app.sock`;
   * using listener = unix.listen(path);
   * assertEquals(new TextDecoder().decode(listener.localAddress ?? undefined), path);
   * ```
   */
  get localAddress(): Uint8Array | null {
    const { fd } = this;
    return (this.#state.local ??= nameOf(fd, false) ?? undefined)?.slice() ?? null;
  }

  /**
   * Accept a connection.
   *
   * @param options How to wait.
   * @returns The connection, which the caller closes.
   * @throws {Deno.errors.BadResource} If the listener is closed, also while waiting.
   * @throws {TypeError} If `signal` is no `AbortSignal`.
   * @throws {Error} If the process has too many descriptors (`code` is `EMFILE`); the connection stays queued.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * const path = `${Deno.makeTempDirSync()}/app.sock`;
   * using listener = unix.listen(path);
   * using client = await unix.connect(path);
   * using server = await listener.accept({ signal: AbortSignal.timeout(5000) });
   * console.log(server.peerCredentials(), client.type);
   * ```
   */
  accept(options?: ListenerAcceptOptions): Promise<Socket> {
    return acceptFrom(this, DEFAULT_FLAGS, options);
  }

  /**
   * Accept a connection, blocking the thread until one comes: what `accept` does.
   *
   * @param options How to wait.
   * @throws {Deno.errors.TimedOut} If none comes for `timeout` milliseconds.
   * @throws {Deno.errors.WouldBlock} If none comes for `receiveTimeout`, where that is set.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   * import { assertThrows } from "@std/assert";
   *
   * const path = `${Deno.makeTempDirSync()}/app.sock`;
   * using listener = unix.listen(path);
   * assertThrows(() => listener.acceptSync({ timeout: 10 }), Deno.errors.TimedOut);
   * ```
   */
  acceptSync(options?: ListenerAcceptSyncOptions): Socket {
    return acceptSyncFrom(this, DEFAULT_FLAGS, options);
  }

  /**
   * Go through the connections until the listener is closed. At the descriptor limit, it waits until descriptors
   * are free; the connections stay queued. Leaving the loop leaves the listener open, unlike Deno's own: `using`
   * closes it.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * const path = `${Deno.makeTempDirSync()}/app.sock`;
   * using listener = unix.listen(path);
   * using client = await unix.connect(path);
   * for await (using conn of listener) {
   *   await conn.write(new TextEncoder().encode("welcome"));
   *   break; // the listener stays open
   * }
   * console.log(await client.read(new Uint8Array(16)));
   * ```
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Socket> {
    const accept = (signal: AbortSignal) => acceptFrom(this, DEFAULT_FLAGS, { signal });
    return new Connections(this.#state.descriptor, accept);
  }

  /**
   * Wait until poll(2) reports that a connection can be accepted. Nothing is accepted.
   *
   * @param interest What to wait for; a listener is never ready for `"write"`.
   * @param options How to wait.
   * @throws {TypeError} If `interest` is neither `"read"` nor `"write"`.
   * @throws {Deno.errors.BadResource} If the listener is closed, also while waiting.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * const path = `${Deno.makeTempDirSync()}/app.sock`;
   * using listener = unix.listen(path);
   * using client = await unix.connect(path);
   * await listener.ready("read");
   * using server = listener.acceptSync(); // does not wait
   * console.log(server.type, client.type);
   * ```
   */
  async ready(interest: "read" | "write", options: ReadyOptions = {}): Promise<void> {
    const signal = checkedReady(interest, options);
    await waitUntilReady(this.#state.descriptor, interest, signal);
  }

  /**
   * Whether closing removes the socket file. The path is removed only if it still names the file of this socket,
   * never one that another program has put there. For an adopted listener, Linux reports which file that is.
   *
   * @throws {Deno.errors.BadResource} If the listener is closed.
   * @throws {TypeError} If it is set to anything but true or false, or to true where there is no file.
   * @throws {Deno.errors.NotSupported} If the system does not tell which file an adopted listener has.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const path = `${Deno.makeTempDirSync()}/app.sock`;
   * const listener = unix.listen(path);
   * listener.unlinkOnClose = false;
   * listener.close();
   * assertEquals(Deno.lstatSync(path).isSocket, true);
   * ```
   */
  get unlinkOnClose(): boolean {
    const { descriptor } = this.#state;
    return descriptor.fd >= 0 && descriptor.beforeClose !== undefined;
  }

  set unlinkOnClose(on: boolean) {
    const { descriptor } = this.#state;
    const file = checkedFlag("unlinkOnClose", on) ? this.#ownFile() : undefined;
    descriptor.beforeClose = file && (() => file.remove());
  }

  #ownFile(): BoundFile {
    const state = this.#state;
    const path = this.localAddress;
    if (path === null || path[0] === 0) {
      throw new TypeError(
        "Cannot remove a file on close: the listener has no path; leave `unlinkOnClose` off",
      );
    }
    return state.file ??= BoundFile.ofSocket(this.fd, { kind: "path", bytes: path });
  }

  /**
   * Whether `O_NONBLOCK` is set (fcntl(2)), for programs the descriptor is handed to. The methods of this object
   * behave the same either way. All duplicates of the open file share it: accepting from a listener that was
   * adopted or duplicated sets it.
   *
   * @throws {Deno.errors.BadResource} If the listener is closed.
   * @throws {TypeError} If it is set to anything but true or false.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * using listener = unix.listen(`${Deno.makeTempDirSync()}/app.sock`);
   * listener.nonblocking = true; // for a program that gets the descriptor and polls it
   * ```
   */
  override get nonblocking(): boolean {
    return super.nonblocking;
  }

  override set nonblocking(on: boolean) {
    super.nonblocking = on;
    this.#state.acceptor.forget();
  }

  /**
   * How long to busy-poll before blocking, in microseconds from 0 (off, the default) to 1,000,000.
   * Connections accepted later start with the same.
   *
   * @throws {RangeError} If it is set to anything else.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const path = `${Deno.makeTempDirSync()}/app.sock`;
   * using listener = unix.listen(path);
   * listener.busyPoll = 50; // microseconds
   * using client = await unix.connect(path);
   * using server = await listener.accept();
   * assertEquals(server.busyPoll, 50);
   * console.log(client.type);
   * ```
   */
  get busyPoll(): number {
    return this.#state.descriptor.busyPoll;
  }

  set busyPoll(microseconds: number) {
    this.#state.descriptor.busyPoll = checkedBusyPoll(microseconds);
  }

  /**
   * Stop listening: a pending `accept` ends with `BadResource`, an iterator cleanly, and the socket file is
   * removed if `unlinkOnClose` is on. Closing again does nothing.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   * import { assertRejects } from "@std/assert";
   *
   * const listener = unix.listen(`${Deno.makeTempDirSync()}/app.sock`);
   * const accepting = listener.accept();
   * listener.close();
   * await assertRejects(() => accepting, Deno.errors.BadResource);
   * ```
   */
  close(): void {
    this.#state.descriptor.close();
  }

  /** Stop listening, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Detach the descriptor: return its number without closing it. The caller owns and closes it from then on. The
   * socket file stays.
   *
   * If accepting has set `O_NONBLOCK` on a listener that is shared, this clears the flag, for all that share it. Where
   * other threads go on accepting, set {@linkcode Listener.nonblocking} before: then it stays.
   *
   * @throws {Deno.errors.BadResource} If the listener is closed.
   *
   * @example
   * ```ts
   * import { Listener, unix } from "@denet/unix";
   *
   * const number = unix.listen(`${Deno.makeTempDirSync()}/app.sock`).detach();
   * using again = Listener.adopt(number); // in a Worker, for instance
   * console.log(again.addr.path);
   * ```
   */
  detach(): number {
    this.#state.acceptor.restore(this.fd);
    return this.#state.descriptor.release();
  }

  /**
   * Return a second owner of the same listening socket, with a close-on-exec descriptor of its own: fcntl(2)
   * `F_DUPFD_CLOEXEC`. Each connection goes to one of the two. Closing one leaves the other; only this one removes
   * the socket file. While both exist, accepting sets `O_NONBLOCK` on their common open file.
   *
   * @throws {Deno.errors.BadResource} If the listener is closed.
   * @throws {Error} If the process has too many descriptors (`code` is `EMFILE`).
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * const path = `${Deno.makeTempDirSync()}/app.sock`;
   * using listener = unix.listen(path);
   * using second = listener.dup();
   * using client = await unix.connect(path);
   * using server = await second.accept();
   * console.log(server.type, client.type);
   * ```
   */
  dup(): Listener {
    const state = this.#state;
    const { type, local, file } = state;
    const descriptor = new Descriptor(duplicate(this.fd), "Listener");
    // Clearing the flag after each call would block the other owner in its call.
    if (state.acceptor === acceptorAlone) state.acceptor = new SharedAcceptor();
    return wrap(descriptor, type, { local, file, isShared: true });
  }

  /**
   * Let a pending `accept` keep the process alive: the default.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * using listener = unix.listen(`${Deno.makeTempDirSync()}/app.sock`);
   * listener.unref();
   * listener.ref(); // an accept that waits keeps the process alive again
   * ```
   */
  ref(): void {
    this.#state.descriptor.ref();
  }

  /**
   * Let the process end although an `accept` is pending.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * const listener = unix.listen(`${Deno.makeTempDirSync()}/app.sock`);
   * listener.unref();
   * const accepting = listener.accept(); // the program may end all the same
   * accepting.catch(() => {});
   * listener.close();
   * ```
   */
  unref(): void {
    this.#state.descriptor.unref();
  }

  /**
   * Show type and address in `console.log`.
   *
   * @ignore
   */
  [Symbol.for("Deno.customInspect")](): string {
    if (this.#state.descriptor.closed) return "Listener (closed)";
    return `Listener { fd: ${this.fd}, type: "${this.type}", path: ${
      JSON.stringify(this.addr.path)
    } }`;
  }
}

function wrap(descriptor: Descriptor, type: SocketType, names: SocketNames): Listener {
  const { local, file, isShared = false } = names;
  const acceptor = isShared ? new SharedAcceptor() : acceptorAlone;
  return create({ descriptor, type, acceptor, local, file });
}

/** Wrap a listening socket that this module made. */
export function createListener(
  descriptor: Descriptor,
  type: SocketType,
  names: SocketNames,
): Listener {
  return wrap(descriptor, type, names);
}

adopters.listener = (descriptor) => {
  const type = describeSocket(descriptor.fd, true);
  return wrap(new Descriptor(descriptor.release("converted"), "Listener"), type, {
    isShared: true,
  });
};

listeners.own = (descriptor, type, names) => {
  const { beforeClose } = descriptor;
  const own = new Descriptor(descriptor.release("converted"), "Listener");
  own.beforeClose = beforeClose;
  return wrap(own, type, names);
};

/** Takes one connection. */
class Accept implements Outcome<Socket> {
  readonly #state: ListenerState;
  readonly #flags: NewSocketFlags;
  readonly #timeout: number;

  /** @param listener Must not become garbage meanwhile: that would close the descriptor. */
  constructor(readonly listener: Listener, flags: NewSocketFlags, timeout = -1) {
    this.#state = stateOf(listener);
    this.#flags = flags;
    this.#timeout = timeout;
  }

  get descriptor(): Descriptor {
    return this.#state.descriptor;
  }

  attempt(): number {
    const { acceptor, descriptor } = this.#state;
    return acceptor.accept(descriptor.fd, this.#flags);
  }

  outcome(fd: number): Socket {
    if (fd === -EAGAIN && this.#timeout >= 0) throw timedOut("accept", this.#timeout);
    const { type, local, descriptor: { busyPoll } } = this.#state;
    const names = local === undefined ? UNNAMED : { local };
    const socket = socketFromFd(check(fd, "accept"), type, names);
    if (busyPoll > 0) socket.busyPoll = busyPoll;
    return socket;
  }
}

const UNNAMED: SocketNames = {};

/** Accept with flags: for `Listener.accept` and `unix.accept`. */
export function acceptFrom(
  listener: Listener,
  flags: NewSocketFlags,
  options?: ListenerAcceptOptions,
): Promise<Socket> {
  try {
    let signal: AbortSignal | undefined;
    if (options !== undefined) {
      requireOptions(options, "accept a connection");
      signal = options.signal;
    }
    const accept = new Accept(listener, flags);
    return perform(accept.descriptor.reading, accept, signal);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Accept with flags, blocking: for `Listener.acceptSync` and `unix.acceptSync`. */
export function acceptSyncFrom(
  listener: Listener,
  flags: NewSocketFlags,
  options: ListenerAcceptSyncOptions = {},
): Socket {
  requireOptions(options, "accept a connection");
  const timeout = checkedTimeout(options.timeout) ?? -1;
  const accept = new Accept(listener, flags, timeout);
  const { descriptor } = accept;
  const limit = () => timeout >= 0 ? timeout : pollTimeout(descriptor.fd, platform.SO_RCVTIMEO);
  return performSync(descriptor.reading, accept, limit);
}
