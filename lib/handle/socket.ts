/**
 * A connected or datagram Unix socket.
 *
 * @module
 */

import { suppressSigpipe } from "../../ffi/syscalls/sockets.ts";
import { Descriptor } from "../descriptor/descriptor.ts";
import { check } from "../errors.ts";
import { duplicate, requireOpen } from "../fd/file_like.ts";
import { describeSocket } from "../socket/inspect.ts";
import * as options from "../socket/options.ts";
import { shutDown } from "../socket/shutdown.ts";
import { directionNumber, type SocketType } from "../socket/socket_type.ts";
import { adopters } from "./owned_fd.ts";
import { SocketEndpoint } from "./socket_endpoint.ts";
import { type SocketNames, SocketState } from "./socket_state.ts";
import { SocketStreams } from "./socket_streams.ts";
import { stateOf } from "./socket_transfer.ts";

export type { SocketNames } from "./socket_state.ts";
export type { ReadOptions, SendOptions, WriteOptions } from "./socket_transfer.ts";

let create: (state: SocketState) => Socket;

/**
 * A connected Unix socket, or a datagram one: all of `Deno.Conn`, and messages that carry open files,
 * credentials and addresses.
 *
 * Every operation has an asynchronous form and a `Sync` form, which blocks the thread. Operations of one
 * direction run one after the other, in the order of the calls; a `Sync` form that would overtake an
 * asynchronous one on a stream throws `Deno.errors.Busy`. Closing, disposing and detaching end everything
 * that waits on the socket with `Deno.errors.BadResource`.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 * import { assertEquals } from "@std/assert";
 *
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * await a.send({ data: new TextEncoder().encode("hello"), files: [0] });
 * using message = await b.receive({ files: 1 });
 * assertEquals(message?.files.length, 1);
 * ```
 */
export class Socket extends SocketEndpoint implements Deno.Conn<Deno.UnixAddr> {
  private constructor(state: SocketState) {
    super(state);
  }

  static {
    create = (state) => new this(state);
  }

  /**
   * Take ownership of an open descriptor that is a connected or datagram Unix socket. This object closes it.
   *
   * @throws {TypeError} If it is something else, which then stays open and with its owner.
   * @throws {Deno.errors.Busy} If an object of this module owns it already.
   *
   * @example
   * ```ts
   * import { Socket, unix } from "@denet/unix";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using again = Socket.adopt(b.detach());
   * console.log(again.type);
   * ```
   */
  static adopt(fd: number): Socket {
    requireOpen(fd);
    const type = describeSocket(fd, false);
    suppressSigpipe(fd);
    return createSocket(Descriptor.adopt(fd, "Socket"), type, ADOPTED);
  }

  /**
   * Shut down one direction, or both, by shutdown(2): the peer reads an end, or cannot write any more. A write of this
   * socket that waits fails then. One of the peer that waits for send space fails once this socket reads what has come,
   * or is closed: the system reports nothing to it before.
   *
   * @param how The direction.
   * @throws {TypeError} If `how` is none of the three.
   * @throws {Deno.errors.NotConnected} If the socket is not connected, where the system minds: Linux does not.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * a.shutdown("write");
   * assertEquals(await b.read(new Uint8Array(1)), null);
   * ```
   */
  shutdown(how: "read" | "write" | "both"): void {
    check(shutDown(stateOf(this).descriptor, directionNumber(how)), "shutdown");
  }

  /**
   * Shut down writing: the peer reads to the end. An asynchronous form of `shutdown("write")`.
   *
   * @throws {Deno.errors.BadResource} If the socket is closed, also while waiting.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * await a.write(new TextEncoder().encode("all"));
   * await a.closeWrite();
   * console.log(await new Response(b.readable).text());
   * ```
   */
  async closeWrite(): Promise<void> {
    await stateOf(this).descriptor.writing.enter();
    try {
      this.shutdown("write");
    } finally {
      stateOf(this).descriptor.writing.leave();
    }
  }

  /**
   * Close the socket. Closing again does nothing.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   * import { assertRejects } from "@std/assert";
   *
   * const [a, b] = unix.socketpair();
   * using _b = b;
   * const reading = a.read(new Uint8Array(1));
   * a.close();
   * await assertRejects(() => reading, Deno.errors.BadResource);
   * ```
   */
  close(): void {
    stateOf(this).descriptor.close();
  }

  /** Close the socket, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Detach the descriptor: return its number without closing it. The caller owns and closes it from then on. Bytes that
   * a `receive` with `waitAll` took before it was aborted are lost then: read them first.
   *
   * @throws {Deno.errors.BadResource} If the socket is closed.
   *
   * @example
   * ```ts
   * import { Socket, unix } from "@denet/unix";
   *
   * const [a, b] = unix.socketpair();
   * using _b = b;
   * const number = a.detach(); // post it to a Worker, or give it to `node:net`
   * using again = Socket.adopt(number);
   * console.log(again.type);
   * ```
   */
  detach(): number {
    return stateOf(this).descriptor.release();
  }

  /**
   * Return a second owner of the same socket, with a close-on-exec descriptor of its own: fcntl(2)
   * `F_DUPFD_CLOEXEC`. What one reads, the other does not see; they share the options. Closing one leaves the
   * other. The socket file stays with this object.
   *
   * @throws {Deno.errors.BadResource} If the socket is closed.
   * @throws {Error} If the process has too many descriptors (`code` is `EMFILE`).
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * using copy = a.dup();
   * a.close();
   * assertEquals(await copy.write(new Uint8Array(1)), 1);
   * ```
   */
  dup(): Socket {
    const state = stateOf(this);
    const descriptor = new Descriptor(duplicate(this.fd), "Socket");
    const { local, remote } = state.names;
    state.names = { ...state.names, isShared: true };
    return create(new SocketState(descriptor, state.type, { local, remote, isShared: true }));
  }

  /**
   * Let pending operations keep the process alive: the default.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * a.unref();
   * a.ref(); // what waits keeps the process alive again
   * ```
   */
  ref(): void {
    stateOf(this).descriptor.ref();
  }

  /**
   * Let the process end although operations on this socket are pending.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * const [a, b] = unix.socketpair();
   * using _b = b;
   * a.unref();
   * const reading = a.read(new Uint8Array(1)); // the program may end all the same
   * reading.catch(() => {});
   * a.close();
   * ```
   */
  unref(): void {
    stateOf(this).descriptor.unref();
  }

  /**
   * The received data as a byte stream that reads only when its consumer asks for more. Its end, a cancel and an error
   * shut down reading; once `writable` has ended as well, the socket is closed.
   *
   * On a socket with message boundaries each chunk is a message, in full and not empty; where the consumer gives
   * memory of its own, a longer message continues in the next read. Use `receive` where the boundaries matter.
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
   * await a.write(new TextEncoder().encode("hello"));
   * await a.closeWrite();
   * assertEquals(await new Response(b.readable).text(), "hello");
   * ```
   */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return (stateOf(this).streams ??= new SocketStreams(this, stateOf(this))).readable;
  }

  /**
   * A stream that sends what is written to it, each chunk in full before the next: on a socket with message
   * boundaries, as one message. Closing it, an abort and an error shut down writing; once `readable` has
   * ended as well, the socket is closed. An abort ends a write that waits.
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
   * await new Blob(["hello"]).stream().pipeTo(a.writable); // shuts writing down
   * assertEquals(await new Response(b.readable).text(), "hello");
   * ```
   */
  get writable(): WritableStream<Uint8Array<ArrayBufferLike>> {
    return (stateOf(this).streams ??= new SocketStreams(this, stateOf(this))).writable;
  }

  /**
   * How long to busy-poll before blocking, in microseconds from 0 (off, the default) to 1,000,000.
   * It costs processor time and saves the wake-up; it never changes a result.
   *
   * @throws {RangeError} If it is set to anything else.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * a.busyPoll = 50; // look for up to 50 microseconds before sleeping
   * assertEquals(a.busyPoll, 50);
   * ```
   */
  get busyPoll(): number {
    return stateOf(this).descriptor.busyPoll;
  }

  set busyPoll(microseconds: number) {
    stateOf(this).descriptor.busyPoll = options.checkedBusyPoll(microseconds);
  }

  /**
   * The number of bytes that wait to be read (SIOCINQ): on a datagram socket, those of the next message.
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
   * a.writeSync(new Uint8Array(3));
   * assertEquals(b.bytesAvailable, 3);
   * ```
   */
  override get bytesAvailable(): number {
    return super.bytesAvailable + (stateOf(this).receiving?.unreadLength ?? 0);
  }

  /**
   * Show type and addresses in `console.log`.
   *
   * @ignore
   */
  [Symbol.for("Deno.customInspect")](): string {
    if (stateOf(this).descriptor.closed) return "Socket (closed)";
    const [local, remote] = [this.localAddr.path, this.remoteAddr.path];
    return `Socket { fd: ${this.fd}, type: "${this.type}", local: ${
      JSON.stringify(local)
    }, remote: ${JSON.stringify(remote)} }`;
  }
}

/** Return the descriptor behind a socket. */
export function descriptorOf(socket: Socket): Descriptor {
  return stateOf(socket).descriptor;
}

/** Whether other owners may have the same open file: so for a socket that this module did not make. */
const ADOPTED: SocketNames = { isShared: true };

/** Wrap a descriptor that this module made. */
export function createSocket(
  descriptor: Descriptor,
  type: SocketType,
  names: SocketNames = {},
): Socket {
  return create(new SocketState(descriptor, type, names));
}

/** Own a socket that the kernel just gave: it needs no check. */
export function socketFromFd(fd: number, type: SocketType, names: SocketNames = {}): Socket {
  return create(new SocketState(new Descriptor(fd, "Socket"), type, names));
}

adopters.socket = (descriptor) => {
  const type = describeSocket(descriptor.fd, false);
  suppressSigpipe(descriptor.fd);
  return socketFromFd(descriptor.release("converted"), type, ADOPTED);
};
