/**
 * The two ends of a socket: binding, connecting and listening step by step, and the addresses.
 *
 * @module
 */

import { listen } from "../../ffi/syscalls/sockets.ts";
import { copyOf } from "../descriptor/caller_buffer.ts";
import type { Descriptor } from "../descriptor/descriptor.ts";
import { perform, performSync } from "../descriptor/perform.ts";
import { checkedReady, type ReadyOptions, waitUntilReady } from "../descriptor/ready.ts";
import { requireSignal } from "../descriptor/signal.ts";
import { check, requireOptions } from "../errors.ts";
import { type Destination, destinationOf, needsShortening } from "../address/destination.ts";
import type { Address } from "../address/sockaddr.ts";
import {
  bindDescriptor,
  parseBindAddress,
  planFile,
  type SocketFileOptions,
} from "../socket/binder.ts";
import { Connector, dissolve } from "../socket/connector.ts";
import { nameOf } from "../socket/inspect.ts";
import { checkedBacklog } from "../socket/setup.ts";
import { denoAddr, type SocketType } from "../socket/socket_type.ts";
import { checkedTimeout } from "../socket/time_limit.ts";
import type { Listener } from "./listener.ts";
import type { SocketNames, SocketState } from "./socket_state.ts";
import { SocketTransfer, stateOf } from "./socket_transfer.ts";

/**
 * How {@linkcode Socket.connect} waits.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 *
 * const path = `${Deno.makeTempDirSync()}/app.sock`;
 * using listener = unix.listen(path);
 * using client = unix.socket({ type: "stream" });
 * await client.connect(path, { signal: AbortSignal.timeout(5000) });
 * console.log(client.type, listener.type);
 * ```
 */
export interface SocketConnectOptions {
  /** Ends the wait for a place in the server's queue; the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * How {@linkcode Socket.connectSync} waits.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 *
 * const path = `${Deno.makeTempDirSync()}/app.sock`;
 * using listener = unix.listen(path);
 * using client = unix.socket({ type: "stream" });
 * client.connectSync(path, { timeout: 5000 });
 * console.log(client.type, listener.type);
 * ```
 */
export interface SyncSocketConnectOptions {
  /** How long to block while the server's queue is full, in milliseconds. The default is without limit. */
  timeout?: number;
}

/**
 * How {@linkcode Socket.listen} listens.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 *
 * using socket = unix.socket({ type: "stream" });
 * socket.bind(`${Deno.makeTempDirSync()}/app.sock`);
 * using listener = socket.listen({ backlog: 511 });
 * console.log(listener.type);
 * ```
 */
export interface SocketListenOptions {
  /** How many connections may wait to be accepted. The default is 10; the system has a limit (`somaxconn`). */
  backlog?: number;
}

/**
 * The part of `Socket` that gives it its addresses.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 *
 * using socket = unix.socket({ type: "stream" });
 * socket.bind(`${Deno.makeTempDirSync()}/app.sock`);
 * using listener = socket.listen();
 * console.log(listener.addr.path);
 * ```
 */
export abstract class SocketEndpoint extends SocketTransfer {
  /**
   * The descriptor's number. It stays with this object.
   *
   * @throws {Deno.errors.BadResource} If the socket is closed or detached.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * console.log(a.fd, b.fd);
   * ```
   */
  override get fd(): number {
    const state = stateOf(this);
    state.share();
    return state.descriptor.fd;
  }

  /**
   * The address of this end, in the form of Deno's own sockets; its path is `""` for an unnamed socket.
   *
   * @throws {Deno.errors.BadResource} If the socket is closed.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const path = `${Deno.makeTempDirSync()}/log`;
   * using log = unix.bind(path);
   * assertEquals(log.localAddr, { transport: "unixpacket", path });
   * ```
   */
  get localAddr(): Deno.UnixAddr {
    return denoAddr(this.type, this.localAddress);
  }

  /**
   * The address of the other end, in the form of Deno's own sockets; its path is `""` for an unnamed or missing one.
   *
   * @throws {Deno.errors.BadResource} If the socket is closed.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const path = `${Deno.makeTempDirSync()}/app.sock`;
   * using listener = unix.listen(path);
   * using client = await unix.connect(path);
   * assertEquals(client.remoteAddr.path, listener.addr.path);
   * ```
   */
  get remoteAddr(): Deno.UnixAddr {
    return denoAddr(this.type, this.remoteAddress);
  }

  /**
   * The address of this end in exact bytes, with a leading NUL for an abstract name; `null` for none.
   *
   * @throws {Deno.errors.BadResource} If the socket is closed.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * using socket = unix.bind(`${Deno.makeTempDirSync()}/log`);
   * console.log(socket.localAddress?.byteLength);
   * ```
   */
  get localAddress(): Uint8Array | null {
    const { fd } = this;
    return copied(stateOf(this).names.local) ?? nameOf(fd, false);
  }

  /**
   * The address of the other end in exact bytes, with a leading NUL for an abstract name; `null` for none.
   *
   * @throws {Deno.errors.BadResource} If the socket is closed.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * assertEquals(a.remoteAddress, null); // the sockets of a pair have no names
   * ```
   */
  get remoteAddress(): Uint8Array | null {
    const { fd } = this;
    return copied(stateOf(this).names.remote) ?? nameOf(fd, true);
  }

  /**
   * Give the socket an address, by bind(2). A socket can be bound once. What goes wrong leaves no file.
   *
   * @param address A path, an abstract name, or `""` for a name of the kernel's choosing.
   * @param options What to do about the socket file.
   * @throws {InvalidAddressError} If the address cannot be bound to.
   * @throws {Deno.errors.AddrInUse} If the address is taken.
   * @throws {Deno.errors.NotFound} If the directory is not there.
   * @throws {Deno.errors.PermissionDenied} If the directory is not writable.
   * @throws {SyscallError} If the socket has an address already (`code` is `EINVAL`).
   * @throws {Deno.errors.BadResource} If the socket is closed.
   *
   * Follows bind(2) and unix(7).
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * using socket = unix.socket({ type: "stream", passCredentials: true });
   * socket.bind(`${Deno.makeTempDirSync()}/app.sock`, { mode: 0o600 });
   * using listener = socket.listen({ backlog: 511 });
   * console.log(listener.addr.path);
   * ```
   */
  bind(address: Address, options: SocketFileOptions = {}): void {
    requireOptions(options, "bind");
    const name = parseBindAddress(address);
    const plan = planFile(name, options, this.type === "dgram");
    const state = stateOf(this);
    const file = bindDescriptor(state.descriptor, name, plan);
    const local = needsShortening(name) ? name.bytes : undefined;
    state.names = { ...state.names, local, file };
  }

  /**
   * Connect the socket, by connect(2). A stream or seqpacket socket connects once, to a server that listens; while
   * the server's queue is full, it waits. A datagram socket may be connected again and again: it then sends there
   * and receives from there only. `null` undoes that.
   *
   * It takes its turn among the sends of this socket: sends that were started before go to the earlier address.
   *
   * @param address A path or an abstract name; `null`, for datagram sockets, to be connected to nothing.
   * @param options How to wait.
   * @throws {InvalidAddressError} If the address cannot be connected to.
   * @throws {TypeError} If the socket is no datagram socket and `address` is `null`.
   * @throws {Deno.errors.NotFound} If the path is not there.
   * @throws {Deno.errors.ConnectionRefused} If nothing listens there.
   * @throws {SyscallError} If the socket there has another type (`code` is `EPROTOTYPE`), or this one is connected
   * already (`EISCONN`).
   * @throws {Deno.errors.BadResource} If the socket is closed, also while waiting.
   *
   * Follows connect(2) and unix(7).
   *
   * @example One socket without a name that sends to many
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * const dir = Deno.makeTempDirSync();
   * using first = unix.bind(`${dir}/first`);
   * using second = unix.bind(`${dir}/second`);
   * using sender = unix.socket();
   * for (const path of [`${dir}/first`, `${dir}/second`]) {
   *   await sender.connect(path);
   *   await sender.write(new TextEncoder().encode("hello"));
   * }
   * await sender.connect(null);
   * await sender.send({ data: new Uint8Array(1), to: `${dir}/first` });
   * ```
   */
  async connect(address: Address | null, options: SocketConnectOptions = {}): Promise<void> {
    requireOptions(options, "connect");
    const { signal } = options;
    requireSignal(signal);
    const { writing } = stateOf(this).descriptor;
    if (address === null) {
      requireDatagrams(this);
      await writing.enter(signal);
      try {
        disconnect(this);
      } finally {
        writing.leave();
      }
      return;
    }
    const destination = destinationOf(address);
    await perform(writing, connectorOf(this, destination, -1), signal);
    connectedTo(stateOf(this), destination.shortened);
  }

  /**
   * Connect the socket, blocking the thread while the server's queue is full: what `connect` does.
   *
   * @param address A path or an abstract name; `null`, for datagram sockets, to be connected to nothing.
   * @param options How to wait.
   * @throws {Deno.errors.TimedOut} If the server's queue stays full for `timeout` milliseconds.
   * @throws {Deno.errors.Busy} If an asynchronous `connect` or `send` is under way.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * const path = `${Deno.makeTempDirSync()}/app.sock`;
   * using listener = unix.listen(path);
   * using client = unix.socket({ type: "stream" });
   * client.connectSync(path, { timeout: 1000 });
   * console.log(client.remoteAddr.path === listener.addr.path);
   * ```
   */
  connectSync(address: Address | null, options: SyncSocketConnectOptions = {}): void {
    requireOptions(options, "connect");
    const timeout = checkedTimeout(options.timeout) ?? -1;
    requireIdle(stateOf(this).descriptor);
    if (address === null) {
      requireDatagrams(this);
      return disconnect(this);
    }
    const destination = destinationOf(address);
    const connector = connectorOf(this, destination, timeout);
    performSync(stateOf(this).descriptor.writing, connector, () => timeout);
    connectedTo(stateOf(this), destination.shortened);
  }

  /**
   * Listen for connections, by listen(2). The listener then owns the descriptor and its socket file; this object is
   * closed.
   *
   * @param options How many connections may wait.
   * @returns The listener.
   * @throws {TypeError} If it is a datagram socket, which stays as it is.
   * @throws {RangeError} If the backlog is out of range.
   * @throws {SyscallError} If the socket has no address, or is connected (`code` is `EINVAL`); it stays as it is.
   * @throws {Deno.errors.BadResource} If the socket is closed.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * using socket = unix.socket({ type: "stream" });
   * socket.bind(`${Deno.makeTempDirSync()}/app.sock`);
   * using listener = socket.listen({ backlog: 511 });
   * console.log(listener.type);
   * ```
   */
  listen(options: SocketListenOptions = {}): Listener {
    requireOptions(options, "listen");
    const backlog = checkedBacklog(options.backlog);
    const { descriptor, type, names } = stateOf(this);
    const { fd } = descriptor;
    if (type === "dgram") {
      throw new TypeError(
        "Cannot listen on a datagram socket: it has no connections; use `receive`",
      );
    }
    check(listen(fd, backlog), "listen");
    return listeners.own(descriptor, type, names);
  }

  /**
   * Wait until poll(2) reports that the socket can be read from or written to, a hang-up or an error. Nothing is
   * read: for protocols whose system calls the program makes itself. Bytes that the next read returns without a system
   * call, such as those that `Frames` gave back, count as well.
   *
   * @param interest What to wait for.
   * @param options How to wait.
   * @throws {TypeError} If `interest` is neither `"read"` nor `"write"`.
   * @throws {Deno.errors.BadResource} If the socket is closed, also while waiting.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * a.writeSync(new Uint8Array(3));
   * await b.ready("read", { signal: AbortSignal.timeout(1000) });
   * console.log(b.bytesAvailable);
   * ```
   */
  async ready(interest: "read" | "write", options: ReadyOptions = {}): Promise<void> {
    const signal = checkedReady(interest, options);
    const state = stateOf(this);
    const hasUnread = () => interest === "read" && (state.receiving?.unreadLength ?? 0) > 0;
    await waitUntilReady(state.descriptor, interest, signal, hasUnread);
  }
}

// Functions: with a private method, each socket would take memory for the mark of its class.

function connectedTo(state: SocketState, remote: Uint8Array | undefined): void {
  if (remote !== state.names.remote) state.names = { ...state.names, remote };
}

function connectorOf(socket: SocketEndpoint, destination: Destination, timeout: number): Connector {
  const neverWaits = socket.type === "dgram";
  return new Connector(stateOf(socket).descriptor, destination, neverWaits, timeout, socket);
}

function requireDatagrams(socket: SocketEndpoint): void {
  if (socket.fd >= 0 && socket.type === "dgram") return;
  throw new TypeError(
    `Cannot disconnect a ${socket.type} socket: only datagram sockets can be connected anew; close it`,
  );
}

function requireIdle(descriptor: Descriptor): void {
  if (!descriptor.isWriting) return;
  throw new Deno.errors.Busy(
    "Cannot connect in the calling thread while an asynchronous connect or send is under way: await that first",
  );
}

function disconnect(socket: SocketEndpoint): void {
  check(dissolve(socket.fd), "connect");
  connectedTo(stateOf(socket), undefined);
}

function copied(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes === undefined ? undefined : copyOf(bytes);
}

/** How a socket that was just made to listen becomes a `Listener`, whose file imports this one and sets it. */
export const listeners: {
  own(descriptor: Descriptor, type: SocketType, names: SocketNames): Listener;
} = {
  own(): never {
    throw new TypeError('Cannot listen: import "@denet/unix" for listeners');
  },
};
