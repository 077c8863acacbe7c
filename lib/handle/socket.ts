/**
 * A connected or datagram Unix socket.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { recv, shutdown, suppressSigpipe } from "../../ffi/syscalls/sockets.ts";
import { adopters } from "./adopters.ts";
import { Descriptor } from "../descriptor/descriptor.ts";
import { closeWhenForgotten } from "../descriptor/finalizer.ts";
import { check } from "../errors.ts";
import { requireOpen } from "../fd/file_like.ts";
import { lengthOf, type Message } from "./message.ts";
import * as options from "../socket/options.ts";
import { SocketOptions } from "./socket_options.ts";
import {
  type ReceiveOptions,
  Receiver,
  ReceivingSide,
  type SyncReceiveOptions,
} from "./receiver.ts";
import { sendBytes } from "../socket/send_bytes.ts";
import { type OutgoingMessage, Sender } from "../socket/sender.ts";
import { addressText } from "../address/sockaddr.ts";
import { denoAddr, directionNumber, type SocketType } from "../socket/socket_type.ts";
import { SocketStreams } from "./socket_streams.ts";
import { requireNoReceive, requireNoSend } from "../socket/busy.ts";
import { Write, WriteBatch } from "../socket/write_batch.ts";
import { type Outcome, perform, performSync } from "../descriptor/perform.ts";
import { describeSocket, nameOf } from "../socket/inspect.ts";
import {
  bufferTakenAway,
  countOrEnd,
  isBytes,
  noBytes,
  requireBytes,
} from "../descriptor/caller_buffer.ts";

const { EAGAIN, MSG_DONTWAIT } = platform;

/** How an asynchronous {@linkcode Socket.read} works. */
export interface ReadOptions {
  /** Ends the wait; the promise is rejected with the signal's reason, and nothing is taken. */
  signal?: AbortSignal;
}

/** How an asynchronous {@linkcode Socket.send} works. */
export interface SendOptions {
  /** Ends the wait; the promise is rejected with the signal's reason. On a stream, a part may be sent by then. */
  signal?: AbortSignal;
}

let create: (descriptor: Descriptor, type: SocketType, names: SocketNames) => Socket;

/** Return the descriptor behind a socket: for the rest of the module. */
export let descriptorOf: (socket: Socket) => Descriptor;

let readOnce: (socket: Socket, bytes: Uint8Array) => number;

/** Return what a socket keeps from one receive to the next, once it has received: for the rest of the module. */
export let receivingSideOf: (socket: Socket) => ReceivingSide | undefined;

/**
 * A connected Unix socket, or a datagram one: all of `Deno.Conn`, and messages that carry open files,
 * credentials and addresses.
 *
 * Every operation has an asynchronous form and a `Sync` form, which blocks the thread. Operations of one
 * direction run one after the other, in the order they were started; a `Sync` form that would overtake an
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
export class Socket extends SocketOptions implements Deno.Conn<Deno.UnixAddr> {
  readonly #descriptor: Descriptor;
  #receiving: ReceivingSide | undefined;
  #batch: WriteBatch | undefined;
  #local: Uint8Array | undefined;
  #remote: Uint8Array | undefined;
  #streams: SocketStreams | undefined;

  /** The type of the socket. */
  readonly type: SocketType;

  private constructor(descriptor: Descriptor, type: SocketType, names: SocketNames) {
    super();
    this.#descriptor = descriptor;
    this.type = type;
    this.#local = names.local;
    this.#remote = names.remote;
    closeWhenForgotten(this, descriptor);
  }

  static {
    create = (descriptor, type, names) => new this(descriptor, type, names);
    descriptorOf = (socket) => socket.#descriptor;
    readOnce = (socket, bytes) => socket.#readOnce(bytes);
    receivingSideOf = (socket) => socket.#receiving;
  }

  /**
   * Take over an open descriptor that is a connected or datagram Unix socket: inherited, received or
   * detached elsewhere. From now on this object closes it.
   *
   * @throws {TypeError} if it is something else, which then stays open and with its owner
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
    return socketFromFd(fd, type);
  }

  /**
   * The descriptor's number. It stays with this object.
   *
   * @throws {Deno.errors.BadResource} once the socket is closed or detached
   */
  override get fd(): number {
    return this.#descriptor.fd;
  }

  /** Look up the options anew at the next receive. */
  protected override optionsChanged(): void {
    this.#receiving?.optionsChanged();
  }

  /** The address of this end, in the form of Deno's own sockets; its path is `""` for an unnamed socket. */
  get localAddr(): Deno.UnixAddr {
    return denoAddr(this.type, addressText(this.localAddress));
  }

  /** The address of the other end, in the form of Deno's own sockets; its path is `""` for an unnamed or missing one. */
  get remoteAddr(): Deno.UnixAddr {
    return denoAddr(this.type, addressText(this.remoteAddress));
  }

  /** The address of this end in exact bytes, with a leading NUL for an abstract name; `null` for none. */
  get localAddress(): Uint8Array | null {
    const { fd } = this;
    return this.#local?.slice() ?? nameOf(fd, false);
  }

  /** The address of the other end in exact bytes, with a leading NUL for an abstract name; `null` for none. */
  get remoteAddress(): Uint8Array | null {
    const { fd } = this;
    return this.#remote?.slice() ?? nameOf(fd, true);
  }

  /**
   * Read up to `bytes.byteLength` bytes. Descriptors that come along are closed by the kernel: use
   * `receive` to take them. On a stream, reading into no room at all gives 0 without waiting.
   *
   * @returns the number of bytes read, `null` at the end of the stream
   * @throws {Deno.errors.BadResource} if the socket is closed, also while waiting
   * @throws {Deno.errors.ConnectionReset} if the peer closed with data of ours unread
   */
  read(bytes: Uint8Array, options: ReadOptions = {}): Promise<number | null> {
    if (this.type !== "stream") return this.receive({ ...options, buffer: bytes }).then(lengthOf);
    if (!isBytes(bytes)) return Promise.reject(noBytes());
    return perform(this.#descriptor.reading, new Read(this, bytes), options.signal);
  }

  /**
   * Read up to `bytes.byteLength` bytes, blocking the thread: what `read` does.
   *
   * @throws {Deno.errors.Busy} while an asynchronous `receive` or `read` on a stream is under way
   * @throws {Deno.errors.WouldBlock} after `receiveTimeout`, if that is set
   */
  readSync(bytes: Uint8Array): number | null {
    if (this.type !== "stream") return lengthOf(this.receiveSync({ buffer: bytes }));
    requireNoReceive(this.#descriptor, this.type);
    requireBytes(bytes);
    const count = this.#readOnce(bytes);
    if (count === -EAGAIN) {
      const operation = new Read(this, bytes);
      return performSync(this.#descriptor.reading, operation, () => this.#receiveLimit());
    }
    return countOrEnd(check(count, "recv"), bytes);
  }

  /** Bytes that a `receive` with `waitAll` took before it was aborted come first. */
  #readOnce(bytes: Uint8Array): number {
    const { fd } = this.#descriptor;
    // Nothing is there at once: recv(2) would wait for data all the same.
    if (bytes.byteLength === 0) return 0;
    const receiving = this.#receiving;
    return receiving?.unread === undefined
      ? recv(fd, bytes, MSG_DONTWAIT)
      : receiving.takeUnread([bytes]);
  }

  #receiveLimit(): number {
    return options.pollTimeout(this.fd, platform.SO_RCVTIMEO);
  }

  #sendLimit(): number {
    return options.pollTimeout(this.fd, platform.SO_SNDTIMEO);
  }

  /**
   * Write a part of `bytes`, or all; on sockets that keep message boundaries, all of it as one message.
   *
   * @returns the number of bytes written
   * @throws {Deno.errors.BrokenPipe} if the peer has closed
   * @throws {Deno.errors.BadResource} if the socket is closed, also while waiting
   */
  write(bytes: Uint8Array): Promise<number> {
    if (!isBytes(bytes)) return Promise.reject(noBytes());
    if (this.type === "stream" && this.#descriptor.isWriting) return this.#queue(bytes);
    return perform(this.#descriptor.writing, new Write(this.#descriptor, bytes, this.type, this));
  }

  /** Writes that wait for others go out together. */
  async #queue(bytes: Uint8Array): Promise<number> {
    let batch = this.#batch;
    if (batch === undefined || !batch.add(bytes)) {
      batch = this.#batch = new WriteBatch(this.#descriptor);
      batch.add(bytes);
      batch.result = perform(this.#descriptor.writing, batch);
    }
    const result = await batch.result;
    if (this.#batch === batch) this.#batch = undefined;
    check(result ?? 0, "sendmsg");
    return bytes.byteLength;
  }

  /**
   * Write a part of `bytes`, or all, blocking the thread: what `write` does.
   *
   * @throws {Deno.errors.Busy} while an asynchronous `send` or `write` on a stream is under way
   * @throws {Deno.errors.WouldBlock} after `sendTimeout`, if that is set
   */
  writeSync(bytes: Uint8Array): number {
    requireNoSend(this.#descriptor, this.type);
    requireBytes(bytes);
    const count = sendBytes(this.#descriptor.fd, bytes, this.type);
    if (count === -EAGAIN) {
      const operation = new Write(this.#descriptor, bytes, this.type, this);
      return performSync(this.#descriptor.writing, operation, () => this.#sendLimit());
    }
    return check(count, "send");
  }

  /**
   * Send one message: all of its data, and its descriptors exactly once, with the first byte. The
   * descriptors stay open here.
   *
   * @returns the number of bytes sent
   * @throws {TypeError} for descriptors without data on a stream
   * @throws {RangeError} for more than 253 descriptors
   * @throws {Deno.errors.BadResource} if the socket or one of the files is closed
   * @throws {Deno.errors.BrokenPipe} if the peer has closed
   *
   * @example Datagrams to an address
   * ```ts
   * import { unix } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const dir = Deno.makeTempDirSync();
   * using receiver = unix.bind(`${dir}/inbox`);
   * using sender = unix.bind(`${dir}/outbox`);
   * await sender.send({ data: new Uint8Array([1]), to: `${dir}/inbox` });
   * using message = await receiver.receive();
   * assertEquals(message?.from?.path, `${dir}/outbox`);
   * ```
   */
  send(message: OutgoingMessage, options: SendOptions = {}): Promise<number> {
    try {
      const sender = new Sender(this.#descriptor, this.type, message, this);
      return perform(this.#descriptor.writing, sender, options.signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Send one message, blocking the thread: what `send` does.
   *
   * @throws {Deno.errors.Busy} while an asynchronous `send` or `write` on a stream is under way
   * @throws {Deno.errors.WouldBlock} after `sendTimeout`, if that is set
   */
  sendSync(message: OutgoingMessage): number {
    requireNoSend(this.#descriptor, this.type);
    const sender = new Sender(this.#descriptor, this.type, message);
    return performSync(this.#descriptor.writing, sender, () => this.#sendLimit());
  }

  /**
   * Receive one message; on a stream, what has come.
   *
   * @returns the message, `null` at the end
   * @throws {ControlTruncatedError} with `files` above 0, if more came than asked for; nothing leaks. Its
   * `code` is `EMFILE` if it was this process that had no room for them
   * @throws {TypeError} for `peek` together with `files`
   * @throws {RangeError} for a size or number of files that cannot be
   * @throws {Deno.errors.BadResource} if the socket is closed, also while waiting
   */
  receive(options: ReceiveOptions = {}): Promise<Message | null> {
    try {
      const receiver = new Receiver(this.#receivingSide(), options);
      return perform(this.#descriptor.reading, receiver, options.signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Receive one message, blocking the thread: what `receive` does.
   *
   * @throws {Deno.errors.Busy} while an asynchronous `receive` or `read` on a stream is under way
   * @throws {Deno.errors.WouldBlock} after `receiveTimeout`, if that is set
   */
  receiveSync(options: SyncReceiveOptions = {}): Message | null {
    requireNoReceive(this.#descriptor, this.type);
    const receiver = new Receiver(this.#receivingSide(), options);
    return performSync(this.#descriptor.reading, receiver, () => this.#receiveLimit());
  }

  #receivingSide(): ReceivingSide {
    return this.#receiving ??= new ReceivingSide(this.#descriptor, this.type, this);
  }

  /**
   * Go through the messages until the end of the connection; on a datagram socket, for ever.
   *
   * @throws {Deno.errors.BadResource} if the socket is closed meanwhile
   */
  async *messages(options: ReceiveOptions = {}): AsyncIterableIterator<Message> {
    for (;;) {
      const message = await this.receive(options);
      if (message === null) return;
      yield message;
    }
  }

  /**
   * Shut down one direction, or both, by shutdown(2): the peer reads an end, or cannot write any more.
   *
   * @throws {TypeError} if `how` is none of the three
   * @throws {Deno.errors.NotConnected} if the socket is not connected, where the system minds: Linux does not
   */
  shutdown(how: "read" | "write" | "both"): void {
    check(shutdown(this.fd, directionNumber(how)), "shutdown");
  }

  /** Shut down writing: the peer reads to the end. An asynchronous form of `shutdown("write")`. */
  async closeWrite(): Promise<void> {
    await this.#descriptor.writing.enter();
    try {
      this.shutdown("write");
    } finally {
      this.#descriptor.writing.leave();
    }
  }

  /** Close the socket. Closing again does nothing. */
  close(): void {
    this.#descriptor.close();
  }

  /** Close the socket, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Give the descriptor up without closing it, and return its number: whoever takes it closes it. Bytes that
   * a `receive` with `waitAll` took before it was aborted stay behind: read them first.
   *
   * @throws {Deno.errors.BadResource} if the socket is closed
   */
  detach(): number {
    return this.#descriptor.release();
  }

  /** Let pending operations keep the process alive: the default. */
  ref(): void {
    this.#descriptor.ref();
  }

  /** Let the process end although operations on this socket are pending. */
  unref(): void {
    this.#descriptor.unref();
  }

  /**
   * What arrives, as a byte stream that reads only when its consumer wants more. Its end, a cancel and an error
   * shut down reading; once `writable` has ended as well, the socket is closed.
   *
   * On a socket with message boundaries the stream has the bytes of all messages, each in full: a message
   * longer than one read continues in the next chunk. Use `receive` where the boundaries matter.
   */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return (this.#streams ??= new SocketStreams(this, this.#descriptor)).readable;
  }

  /**
   * A stream that sends what is written to it, each chunk in full before the next: on a socket with message
   * boundaries, as one message. Closing it, an abort and an error shut down writing; once `readable` has
   * ended as well, the socket is closed. An abort ends a write that waits.
   */
  get writable(): WritableStream<Uint8Array<ArrayBufferLike>> {
    return (this.#streams ??= new SocketStreams(this, this.#descriptor)).writable;
  }

  /**
   * How long to look for an event before parking, in microseconds from 0 (off, the default) to 1,000,000.
   * It costs processor time and saves the wake-up; it never changes a result.
   *
   * @throws {RangeError} when set to anything else
   */
  get busyPoll(): number {
    return this.#descriptor.busyPoll;
  }

  set busyPoll(microseconds: number) {
    this.#descriptor.busyPoll = options.checkedBusyPoll(microseconds);
  }

  /** The number of bytes that wait to be read (SIOCINQ): on a datagram socket, those of the next message. */
  override get bytesAvailable(): number {
    return super.bytesAvailable + (this.#receiving?.unreadLength ?? 0);
  }

  /** Show type and addresses in `console.log`. */
  [Symbol.for("Deno.customInspect")](): string {
    if (this.#descriptor.closed) return "Socket (closed)";
    const [local, remote] = [this.localAddr.path, this.remoteAddr.path];
    return `Socket { fd: ${this.fd}, type: "${this.type}", local: ${
      JSON.stringify(local)
    }, remote: ${JSON.stringify(remote)} }`;
  }
}

/** A read of a stream. */
class Read implements Outcome<number | null> {
  readonly #length: number;

  constructor(readonly socket: Socket, readonly bytes: Uint8Array) {
    this.#length = bytes.byteLength;
  }

  attempt(): number {
    if (this.bytes.byteLength < this.#length) throw bufferTakenAway();
    return readOnce(this.socket, this.bytes);
  }

  outcome(count: number): number | null {
    return countOrEnd(check(count, "recv"), this.bytes);
  }
}

/** Addresses that the kernel does not know in full, because they were too long for it. */
export interface SocketNames {
  readonly local?: Uint8Array | undefined;
  readonly remote?: Uint8Array | undefined;
}

/** Wrap a descriptor that this module made. */
export function createSocket(
  descriptor: Descriptor,
  type: SocketType,
  names: SocketNames = {},
): Socket {
  return create(descriptor, type, names);
}

/** Own a socket that the kernel just gave: it needs no check. */
export function socketFromFd(fd: number, type: SocketType, names: SocketNames = {}): Socket {
  return create(new Descriptor(fd, "Socket"), type, names);
}

adopters.socket = (descriptor) => {
  const type = describeSocket(descriptor.fd, false);
  suppressSigpipe(descriptor.fd);
  return socketFromFd(descriptor.release(), type);
};
