/**
 * Reading and writing bytes, and sending and receiving messages, on a socket.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { recv } from "../../ffi/syscalls/sockets.ts";
import { countOrEnd, requireBytes } from "../descriptor/caller_buffer.ts";
import { closeOnFinalization } from "../descriptor/finalizer.ts";
import { perform } from "../descriptor/perform.ts";
import { checkedSignal } from "../descriptor/signal.ts";
import { check, requireOptions } from "../errors.ts";
import { progressed } from "../reactor/mod.ts";
import { requireNoReceive, requireNoSend } from "../socket/busy.ts";
import { type OutgoingMessage, senderOf } from "../socket/outgoing_message.ts";
import { sendBytes } from "../socket/send_bytes.ts";
import type { SocketType } from "../socket/socket_type.ts";
import { checkedTimeout, performWithin, type SyncOptions } from "../socket/time_limit.ts";
import { Write, WriteBatch } from "../socket/write_batch.ts";
import type { Message } from "./message.ts";
import { MessageIterator } from "./message_iterator.ts";
import { type MessageReceiver, messageReceiver } from "./message_receiver.ts";
import { Read } from "./reading.ts";
import type { ReceiveOptions, SyncReceiveOptions } from "./receive_options.ts";
import { PeerIdentity } from "./peer_identity.ts";
import type { SocketState } from "./socket_state.ts";

const { EAGAIN, MSG_DONTWAIT } = platform;

/**
 * How an asynchronous {@linkcode Socket.read} works.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 * import { assertRejects } from "@std/assert";
 *
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * const options = { signal: AbortSignal.timeout(20) };
 * await assertRejects(() => a.read(new Uint8Array(8), options), DOMException);
 * ```
 */
export interface ReadOptions {
  /** Ends the wait; the promise is rejected with the signal's reason, and nothing is taken. */
  signal?: AbortSignal;
}

/**
 * How an asynchronous {@linkcode Socket.write} works.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 *
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * await a.write(new TextEncoder().encode("hello"), { signal: AbortSignal.timeout(5000) });
 * ```
 */
export interface WriteOptions {
  /** Ends the wait; the promise is rejected with the signal's reason, and nothing is written. */
  signal?: AbortSignal;
}

/**
 * How an asynchronous {@linkcode Socket.send} works.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 *
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * const data = new TextEncoder().encode("hello");
 * await a.send({ data }, { signal: AbortSignal.timeout(5000) });
 * ```
 */
export interface SendOptions {
  /** Ends the wait; the promise is rejected with the signal's reason. On a stream, a part may be sent by then. */
  signal?: AbortSignal;
}

/** Return the state of a socket: the friend function of the class. */
export let stateOf: (socket: SocketTransfer) => SocketState;

/**
 * Reading and writing, sending and receiving: the part of `Socket` that moves data.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 *
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * await a.write(new TextEncoder().encode("bytes"));
 * await a.send({ data: new TextEncoder().encode("and files"), files: [0] });
 * using message = await b.receive({ files: 1 });
 * console.log(message?.files.length);
 * ```
 */
export abstract class SocketTransfer extends PeerIdentity {
  readonly #state: SocketState;

  /**
   * Called by what opens or adopts sockets.
   *
   * @ignore
   */
  protected constructor(state: SocketState) {
    super();
    this.#state = state;
    closeOnFinalization(this, state?.descriptor);
  }

  static {
    stateOf = (socket) => socket.#state;
  }

  /**
   * The type of the socket.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * assertEquals(a.type, "stream");
   * ```
   */
  get type(): SocketType {
    return this.#state.type;
  }

  /**
   * Read up to `bytes.byteLength` bytes. Descriptors that come along are closed by the kernel: use `receive` to
   * take them. On a socket with message boundaries, this takes a message, and what does not fit is lost. Reading
   * into an empty buffer returns 0 without waiting, and takes nothing.
   *
   * @param bytes Where to put them. Keep it unchanged until the read is done.
   * @param options What ends the wait.
   * @returns The number of bytes read, `null` at the end.
   * @throws {TypeError} If `bytes` is no `Uint8Array`, or is detached or shrunk while it waits.
   * @throws {Deno.errors.BadResource} If the socket is closed, also while waiting.
   * @throws {Deno.errors.ConnectionReset} If the peer closed with data of ours unread.
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
   * const bytes = new Uint8Array(16);
   * const count = await b.read(bytes);
   * assertEquals(new TextDecoder().decode(bytes.subarray(0, count ?? 0)), "hello");
   * ```
   */
  read(bytes: Uint8Array, options: ReadOptions = {}): Promise<number | null> {
    try {
      requireOptions(options, "read");
      const { signal } = options;
      const operation = new Read(this.#state, this, bytes, requireBytes(bytes));
      return perform(this.#state.descriptor.reading, operation, signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Read up to `bytes.byteLength` bytes, blocking the thread: what `read` does.
   *
   * @param bytes Where to put them.
   * @param options How long to wait.
   * @throws {Deno.errors.Busy} If an asynchronous `receive` or `read` on a stream is under way.
   * @throws {Deno.errors.TimedOut} If it takes longer than `timeout` milliseconds.
   * @throws {Deno.errors.WouldBlock} If it takes longer than `receiveTimeout`, and no `timeout` is given.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   * import { assertThrows } from "@std/assert";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * assertThrows(() => b.readSync(new Uint8Array(16), { timeout: 10 }), Deno.errors.TimedOut);
   * a.writeSync(new Uint8Array(3));
   * console.log(b.readSync(new Uint8Array(16)));
   * ```
   */
  readSync(bytes: Uint8Array, options: SyncOptions = NO_OPTIONS): number | null {
    const { descriptor, type } = this.#state;
    requireNoReceive(descriptor, type);
    requireOptions(options, "read");
    const timeout = checkedTimeout(options.timeout);
    const length = requireBytes(bytes);
    const count = readNow(this.#state, bytes, length);
    if (count !== -EAGAIN) {
      progressed();
      return countOrEnd(check(count, "recv"), length);
    }
    const operation = new Read(this.#state, this, bytes, length);
    return performWithin(descriptor.reading, operation, timeout);
  }

  /**
   * Write a part of `bytes`, or all; on sockets that keep message boundaries, all of it as one message.
   *
   * @param bytes What to write. Keep it unchanged until the write is done.
   * @param options What ends the wait.
   * @returns The number of bytes written.
   * @throws {TypeError} If `bytes` is no `Uint8Array`, or is detached or shrunk while it waits.
   * @throws {Deno.errors.BrokenPipe} If the peer has closed.
   * @throws {Deno.errors.BadResource} If the socket is closed, also while waiting.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * const bytes = new TextEncoder().encode("hello");
   * for (let done = 0; done < bytes.byteLength;) done += await a.write(bytes.subarray(done));
   * console.log(b.bytesAvailable);
   * ```
   */
  write(bytes: Uint8Array, options: WriteOptions = {}): Promise<number> {
    try {
      requireOptions(options, "write");
      const { signal } = options;
      const { descriptor, type } = this.#state;
      if (type === "stream" && descriptor.isWriting && signal === undefined) {
        return queueWrite(this.#state, bytes, this);
      }
      const length = requireBytes(bytes);
      const operation = new Write(descriptor, bytes, length, type, this);
      return perform(descriptor.writing, operation, signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Write a part of `bytes`, or all, blocking the thread: what `write` does.
   *
   * @param bytes What to write.
   * @param options How long to wait.
   * @throws {Deno.errors.Busy} If an asynchronous `send` or `write` on a stream is under way.
   * @throws {Deno.errors.TimedOut} If it takes longer than `timeout` milliseconds.
   * @throws {Deno.errors.WouldBlock} If it takes longer than `sendTimeout`, and no `timeout` is given.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * assertEquals(a.writeSync(new TextEncoder().encode("hello")), 5);
   * ```
   */
  writeSync(bytes: Uint8Array, options: SyncOptions = NO_OPTIONS): number {
    const { descriptor, type } = this.#state;
    requireNoSend(descriptor, type);
    requireOptions(options, "write");
    const timeout = checkedTimeout(options.timeout);
    const length = requireBytes(bytes);
    const count = sendBytes(descriptor.fd, bytes, type, length);
    if (count !== -EAGAIN) {
      progressed();
      return check(count, "send");
    }
    const operation = new Write(descriptor, bytes, length, type, this);
    return performWithin(descriptor.writing, operation, timeout);
  }

  /**
   * Send one message: all of its data, and its descriptors exactly once, with the first byte. The
   * descriptors stay open here.
   *
   * @returns The number of bytes sent.
   * @throws {TypeError} If there are descriptors or credentials without data on a stream, or `to` elsewhere than
   * on a datagram socket, or the data is detached or shrunk while it waits.
   * @throws {RangeError} If there are more than 253 descriptors.
   * @throws {Deno.errors.BadResource} If the socket or one of the files is closed.
   * @throws {Deno.errors.BrokenPipe} If the peer has closed.
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
      requireOptions(options, "send");
      const { signal } = options;
      const { descriptor, type } = this.#state;
      return perform(descriptor.writing, senderOf(descriptor, type, message, this), signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Send one message, blocking the thread: what `send` does.
   *
   * @param message What to send.
   * @param options How long to wait.
   * @throws {Deno.errors.Busy} If an asynchronous `send` or `write` on a stream is under way.
   * @throws {Deno.errors.TimedOut} If it takes longer than `timeout` milliseconds.
   * @throws {Deno.errors.WouldBlock} If it takes longer than `sendTimeout`, and no `timeout` is given.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * a.sendSync({ data: [new Uint8Array([0, 1]), new Uint8Array([7])], files: [0] });
   * using message = b.receiveSync({ files: 1 });
   * console.log(message?.files[0]?.kind());
   * ```
   */
  sendSync(message: OutgoingMessage, options: SyncOptions = NO_OPTIONS): number {
    const { descriptor, type } = this.#state;
    requireNoSend(descriptor, type);
    requireOptions(options, "send");
    const timeout = checkedTimeout(options.timeout);
    const sender = senderOf(descriptor, type, message);
    return performWithin(descriptor.writing, sender, timeout);
  }

  /**
   * Receive one message; on a stream, the bytes that have come. On a stream, a receive into an empty buffer takes
   * nothing.
   *
   * On a stream, `files` belong to the last part of `data`, unless `filesFirst` is set.
   *
   * @param options How much to take, how many descriptors to accept, and what ends the wait.
   * @returns The message, `null` at the end.
   * @throws {ControlTruncatedError} If `files` is above 0 and the peer sent more. All of them are closed. `code`
   * is `EMFILE` if this process hit its descriptor limit.
   * @throws {TypeError} If `filesFirst`, `peek` or `waitAll` is no boolean.
   * @throws {TypeError} If `peek` and `files` are given together, or the buffer is detached or shrunk while it waits.
   * @throws {RangeError} If `size` or `files` is out of range.
   * @throws {Deno.errors.BadResource} If the socket is closed, also while waiting.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * await a.send({ data: new TextEncoder().encode("a file"), files: [0] });
   * using message = await b.receive({ size: 64, files: 1, signal: AbortSignal.timeout(5000) });
   * assertEquals(message?.files.length, 1);
   * ```
   */
  receive(options: ReceiveOptions = {}): Promise<Message | null> {
    try {
      requireOptions(options, "receive");
      const { signal } = options;
      const receiver = messageReceiver(this.#state.receiveState(this), options);
      return perform(this.#state.descriptor.reading, receiver, signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Receive one message, blocking the thread: what `receive` does.
   *
   * @param options How much to take, how many descriptors to accept, and how long to wait.
   * @throws {Deno.errors.Busy} If an asynchronous `receive` or `read` on a stream is under way.
   * @throws {Deno.errors.TimedOut} If it takes longer than `timeout` milliseconds.
   * @throws {Deno.errors.WouldBlock} If it takes longer than `receiveTimeout`, and no `timeout` is given.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * a.sendSync({ data: new Uint8Array([1, 2, 3]) });
   * using message = b.receiveSync({ timeout: 5000 });
   * console.log(message?.data);
   * ```
   */
  receiveSync(options: SyncReceiveOptions = NO_OPTIONS): Message | null {
    const { descriptor, type } = this.#state;
    requireNoReceive(descriptor, type);
    requireOptions(options, "receive");
    const timeout = checkedTimeout(options.timeout);
    const receiver = messageReceiver(this.#state.receiveState(this), options);
    return performWithin(descriptor.reading, receiver, timeout);
  }

  /**
   * Go through the messages until the end of the connection; on a datagram socket, for ever. Nothing that a peer
   * sends ends it: a message with more descriptors than requested comes with `controlTruncated`, and none of them.
   *
   * @param options As for `receive`, for each message.
   * @throws {RangeError} If `size` is 0 or the buffer is empty, on a stream: its end could never be seen.
   * @throws {Deno.errors.BadResource} If the socket is closed meanwhile.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * const [a, b] = unix.socketpair();
   * using _b = b;
   * await a.send({ data: new TextEncoder().encode("hello") });
   * a.close();
   * for await (using message of b.messages()) console.log(message.data.byteLength);
   * ```
   */
  messages(options: ReceiveOptions = {}): AsyncIterableIterator<Message> {
    const { descriptor } = this.#state;
    requireOptions(options, "receive");
    const { signal, ...request } = options;
    const newReceiver = (): MessageReceiver => {
      const receiver = messageReceiver(this.#state.receiveState(this), request, false);
      receiver.requireSize();
      return receiver;
    };
    return new MessageIterator(descriptor, newReceiver, checkedSignal(signal));
  }
}

// Functions: with a private method, each socket would take memory for the mark of its class.

/** Read by one recv(2) if that is all it takes; `-EAGAIN` otherwise, or if nothing has come. */
function readNow(state: SocketState, bytes: Uint8Array, length: number): number {
  const { descriptor: { fd }, type, receiving } = state;
  const isPlain = type === "stream" && receiving === undefined && length > 0;
  return isPlain ? recv(fd, bytes, MSG_DONTWAIT, length) : -EAGAIN;
}

/** Queue a write: those that wait for others go out together. */
function queueWrite(state: SocketState, bytes: Uint8Array, owner: object): Promise<number> {
  if (state.batch?.isOpen) return state.batch.add(bytes);
  const batch = state.batch = new WriteBatch(state.descriptor, owner);
  const written = batch.add(bytes);
  const forget = () => {
    if (state.batch === batch) state.batch = undefined;
  };
  perform(state.descriptor.writing, batch).then(forget, (reason) => {
    forget();
    batch.fail(reason);
  });
  return written;
}

/** The options of calls without any, shared: an object for each call would be garbage at once. */
const NO_OPTIONS: SyncOptions = {};
