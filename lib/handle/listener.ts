/**
 * A listening Unix socket.
 *
 * @module
 */

import type { NewSocketFlags } from "../../ffi/syscalls/sockets.ts";
import { type Acceptor, acceptorAlone, SharedAcceptor } from "../socket/acceptor.ts";
import { adopters } from "./adopters.ts";
import { Descriptor } from "../descriptor/descriptor.ts";
import { closeWhenForgotten } from "../descriptor/finalizer.ts";
import { check } from "../errors.ts";
import { requireOpen } from "../fd/file_like.ts";
import { describeSocket, nameOf } from "../socket/inspect.ts";
import { addressText } from "../address/sockaddr.ts";
import { checkedBusyPoll } from "../socket/options.ts";
import { type Socket, socketFromFd } from "./socket.ts";
import { denoAddr, type SocketType } from "../socket/socket_type.ts";
import { type Outcome, perform, performSync } from "../descriptor/perform.ts";

const DEFAULT_FLAGS: NewSocketFlags = { cloexec: true, nonblocking: false };

/** The first and the longest pause of the iterator when the process is out of descriptors, in milliseconds. */
const FIRST_PAUSE = 5;
const LONGEST_PAUSE = 1000;

let create: (
  descriptor: Descriptor,
  type: SocketType,
  acceptor: Acceptor,
  local: Uint8Array | undefined,
) => Listener;

/** Accept with flags: for `unix.accept`. */
export let acceptConnection: (
  listener: Listener,
  flags: NewSocketFlags,
  signal?: AbortSignal,
) => Promise<Socket>;

/** Accept with flags, blocking: for `unix.acceptSync`. */
export let acceptConnectionSync: (listener: Listener, flags: NewSocketFlags) => Socket;

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
export class Listener implements Deno.Listener<Socket, Deno.UnixAddr> {
  readonly #descriptor: Descriptor;
  readonly #acceptor: Acceptor;
  #local: Uint8Array | undefined;

  /** The type of the connections. */
  readonly type: SocketType;

  private constructor(
    descriptor: Descriptor,
    type: SocketType,
    acceptor: Acceptor,
    local: Uint8Array | undefined,
  ) {
    this.#descriptor = descriptor;
    this.#acceptor = acceptor;
    this.type = type;
    this.#local = local;
    closeWhenForgotten(this, descriptor);
  }

  static {
    create = (descriptor, type, acceptor, local) => new this(descriptor, type, acceptor, local);
    acceptConnection = (listener, flags, signal) => listener.#accept(flags, signal);
    acceptConnectionSync = (listener, flags) => listener.#acceptSync(flags);
  }

  /**
   * Take over an open descriptor that is a listening Unix socket: inherited, received or detached elsewhere.
   * From now on this object closes it; its path stays. Several Workers and processes may serve the same
   * listener: while they do, it has O_NONBLOCK set for all of them.
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
    return create(Descriptor.adopt(fd, "Listener"), type, new SharedAcceptor(), undefined);
  }

  /**
   * The descriptor's number. It stays with this object.
   *
   * @throws {Deno.errors.BadResource} once the listener is closed or detached
   */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /** The address, in the form of Deno's own sockets. */
  get addr(): Deno.UnixAddr {
    return denoAddr(this.type, addressText(this.localAddress));
  }

  /** The address in exact bytes, with a leading NUL for an abstract name; `null` for none. */
  get localAddress(): Uint8Array | null {
    const { fd } = this;
    return (this.#local ??= nameOf(fd, false) ?? undefined)?.slice() ?? null;
  }

  /**
   * Accept a connection.
   *
   * @throws {Deno.errors.BadResource} if the listener is closed, also while waiting
   * @throws {Error} with `code` `EMFILE` if the process has too many descriptors; the connection waits on
   */
  accept(): Promise<Socket> {
    return this.#accept(DEFAULT_FLAGS);
  }

  /** Accept a connection, blocking the thread until one comes: what `accept` does. */
  acceptSync(): Socket {
    return this.#acceptSync(DEFAULT_FLAGS);
  }

  #accept(flags: NewSocketFlags, signal?: AbortSignal): Promise<Socket> {
    return perform(this.#descriptor.reading, this.#operation(flags), signal);
  }

  #acceptSync(flags: NewSocketFlags): Socket {
    return performSync(this.#descriptor.reading, this.#operation(flags));
  }

  #operation(flags: NewSocketFlags): Outcome<Socket> {
    return {
      attempt: () => this.#acceptor.accept(this.#descriptor.fd, flags),
      outcome: (fd) => this.#wrap(fd),
    };
  }

  #wrap(fd: number): Socket {
    const socket = socketFromFd(check(fd, "accept"), this.type, { local: this.#local });
    if (this.#descriptor.busyPoll > 0) socket.busyPoll = this.#descriptor.busyPoll;
    return socket;
  }

  /**
   * Go through the connections until the listener is closed. Out of descriptors, it waits until some are
   * free, while the connections stay in the queue. Leaving the loop leaves the listener open, unlike
   * Deno's own: `using` closes it.
   */
  async *[Symbol.asyncIterator](): AsyncIterableIterator<Socket> {
    let pause = FIRST_PAUSE;
    for (;;) {
      if (this.#descriptor.closed) return;
      try {
        yield await this.accept();
        pause = FIRST_PAUSE;
      } catch (error) {
        if (this.#descriptor.closed) return;
        if (!isShortage(error)) throw error;
        await this.#descriptor.delay(pause).catch(() => {});
        pause = Math.min(pause * 2, LONGEST_PAUSE);
      }
    }
  }

  /**
   * How long to look for a connection before parking, in microseconds from 0 (off, the default) to 1,000,000.
   * Connections accepted later start with the same.
   *
   * @throws {RangeError} when set to anything else
   */
  get busyPoll(): number {
    return this.#descriptor.busyPoll;
  }

  set busyPoll(microseconds: number) {
    this.#descriptor.busyPoll = checkedBusyPoll(microseconds);
  }

  /**
   * Stop listening: a pending `accept` ends with `BadResource`, an iterator cleanly, and the socket file is
   * removed if `unlinkOnClose` is on. Closing again does nothing.
   */
  close(): void {
    this.#descriptor.close();
  }

  /** Stop listening, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Give the descriptor up without closing it, and return its number: whoever takes it closes it. The
   * socket file stays.
   *
   * @throws {Deno.errors.BadResource} if the listener is closed
   */
  detach(): number {
    this.#acceptor.restore(this.fd);
    return this.#descriptor.release();
  }

  /** Let a pending `accept` keep the process alive: the default. */
  ref(): void {
    this.#descriptor.ref();
  }

  /** Let the process end although an `accept` is pending. */
  unref(): void {
    this.#descriptor.unref();
  }

  /** Show type and address in `console.log`. */
  [Symbol.for("Deno.customInspect")](): string {
    if (this.#descriptor.closed) return "Listener (closed)";
    return `Listener { fd: ${this.fd}, type: "${this.type}", path: ${
      JSON.stringify(this.addr.path)
    } }`;
  }
}

/** Wrap a listening socket that this module made. */
export function createListener(
  descriptor: Descriptor,
  type: SocketType,
  local: Uint8Array | undefined,
): Listener {
  return create(descriptor, type, acceptorAlone, local);
}

adopters.listener = (descriptor) => {
  const type = describeSocket(descriptor.fd, true);
  return create(
    new Descriptor(descriptor.release(), "Listener"),
    type,
    new SharedAcceptor(),
    undefined,
  );
};

const SHORTAGES: readonly string[] = ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"];

function isShortage(error: unknown): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "string" &&
    SHORTAGES.includes(error.code);
}
