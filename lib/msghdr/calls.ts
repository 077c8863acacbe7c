/**
 * sendmsg(2) and recvmsg(2) with a {@linkcode Msghdr}.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { recvmsg as recvmsgCall, sendmsg as sendmsgCall } from "../../ffi/syscalls/sockets.ts";
import { check } from "../errors.ts";
import type { Channel } from "../descriptor/descriptor.ts";
import { filesNeedByte, FullQueue, isFullQueue } from "../socket/full_queue.ts";
import { pollTimeout } from "../socket/options.ts";
import { isReadingShutDown } from "../socket/inspect.ts";
import { type Destination, destinationOf } from "../address/destination.ts";
import type { SocketType } from "../socket/socket_type.ts";
import { descriptorOf, receivingSideOf, Socket } from "../handle/socket.ts";
import { requireNoReceive, requireNoSend } from "../socket/busy.ts";
import { bufferTakenAway } from "../descriptor/caller_buffer.ts";
import {
  type Obstacle,
  type Outcome,
  perform,
  performOnce,
  performSync,
} from "../descriptor/perform.ts";
import { internals, Msghdr } from "./msghdr.ts";

// Looked up once: in each call, that would be a good part of all that is done for a message.
const { EAGAIN, MSG_DONTWAIT, MSG_OOB, MSG_PEEK } = platform;

/** How {@linkcode sendmsg} and {@linkcode recvmsg} work. */
export interface MessageCallOptions {
  /** Flags of the call, as `MSG_OOB` or `MSG_PEEK`. `MSG_DONTWAIT` throws `WouldBlock` instead of waiting. */
  flags?: number;
}

/** How the asynchronous {@linkcode sendmsg} and {@linkcode recvmsg} work. */
export interface AsyncMessageCallOptions extends MessageCallOptions {
  /** Ends the wait; the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Send a message as it is laid out, by sendmsg(2). SIGPIPE is never raised. On a stream it may send only a
 * part of the data; the descriptors are gone with it, and must not be sent again.
 *
 * @returns the number of bytes sent
 * @throws {TypeError} for descriptors without data on a stream, which the kernel would drop
 * @throws {Deno.errors.BadResource} if the socket is closed, also while waiting
 * @throws {Deno.errors.WouldBlock} with `MSG_DONTWAIT` in the flags
 *
 * @example
 * ```ts
 * import { Msghdr, sendmsg, unix } from "@denet/unix";
 *
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * using message = new Msghdr();
 * message.addVector(new TextEncoder().encode("head"));
 * message.addVector(new TextEncoder().encode("body"));
 * console.log(await sendmsg(a, message));
 * ```
 */
export async function sendmsg(
  s: Socket,
  m: Msghdr,
  o: AsyncMessageCallOptions = {},
): Promise<number> {
  const flags = checkedFlags(s, m, o.flags);
  const operation = new SendCall(s, m, flags);
  return isImpatient(flags)
    ? performOnce(operation, isFree(outgoing(s), s.type))
    : await perform(outgoing(s), operation, o.signal);
}

/**
 * Send a message as it is laid out, blocking the thread: what `sendmsg` does.
 *
 * @throws {Deno.errors.Busy} while an asynchronous send on a stream is under way
 * @throws {Deno.errors.WouldBlock} with `MSG_DONTWAIT` in the flags, or after `sendTimeout`
 *
 * @example
 * ```ts
 * import { Msghdr, sendmsgSync, unix } from "@denet/unix";
 *
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * using message = new Msghdr();
 * message.addVector(new Uint8Array(3));
 * console.log(sendmsgSync(a, message));
 * ```
 */
export function sendmsgSync(s: Socket, m: Msghdr, o: MessageCallOptions = NO_OPTIONS): number {
  const flags = checkedFlags(s, m, o.flags);
  const descriptor = descriptorOf(s);
  requireNoSend(descriptor, s.type);
  const header = internals.laidOutToSend(m);
  const sent = header === undefined
    ? sendFirst(s, m, flags)
    : sendmsgCall(descriptor.fd, header, flags | MSG_DONTWAIT);
  return sent >= 0 ? sent : sendAgain(s, m, flags, sent);
}

/** Send what has no address; what has one is left to {@linkcode SendCall}, as if it had to wait. */
function sendFirst(s: Socket, m: Msghdr, flags: number): number {
  if (internals.isNamed(m)) return -EAGAIN;
  requireByte(s, m);
  return sendOnce(s.fd, m, flags, null);
}

/** Wait, if that is what the first attempt's `error` asks for. */
function sendAgain(s: Socket, m: Msghdr, flags: number, error: number): number {
  // An error of the socket is reported once: asked again, it would be gone.
  if (!isFullQueue(error, s.type)) return check(error, "sendmsg");
  const operation = new SendCall(s, m, flags);
  return isImpatient(flags)
    ? performOnce(operation)
    : performSync(outgoing(s), operation, () => pollTimeout(s.fd, platform.SO_SNDTIMEO));
}

/**
 * Receive into a message's vectors, by recvmsg(2). Descriptors arrive close-on-exec. Descriptors of an
 * earlier receive that nobody took are closed first.
 *
 * @returns the number of bytes received; 0 at the end of a stream, too
 * @throws {Deno.errors.BadResource} if the socket is closed, also while waiting
 * @throws {Deno.errors.WouldBlock} with `MSG_DONTWAIT` in the flags
 *
 * @example
 * ```ts
 * import { Msghdr, recvmsg, unix } from "@denet/unix";
 *
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * await a.write(new Uint8Array([1, 2, 3]));
 * const head = new Uint8Array(1);
 * const body = new Uint8Array(8);
 * using message = new Msghdr();
 * message.addVector(head);
 * message.addVector(body);
 * console.log(await recvmsg(b, message));
 * ```
 */
export async function recvmsg(
  s: Socket,
  m: Msghdr,
  o: AsyncMessageCallOptions = {},
): Promise<number> {
  const flags = checkedFlags(s, m, o.flags);
  const operation = receiveCall(s, m, flags);
  return isImpatient(flags)
    ? performOnce(operation, isUrgent(flags) || isFree(incoming(s), s.type))
    : await perform(incoming(s), operation, o.signal);
}

/**
 * Receive into a message's vectors, blocking the thread: what `recvmsg` does.
 *
 * @throws {Deno.errors.Busy} while an asynchronous receive on a stream is under way, but for `MSG_OOB`
 * @throws {Deno.errors.WouldBlock} with `MSG_DONTWAIT` in the flags, or after `receiveTimeout`
 *
 * @example
 * ```ts
 * import { Msghdr, recvmsgSync, unix } from "@denet/unix";
 *
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * a.writeSync(new Uint8Array([1, 2, 3]));
 * using message = new Msghdr();
 * message.addVector(new Uint8Array(8));
 * console.log(recvmsgSync(b, message));
 * ```
 */
export function recvmsgSync(s: Socket, m: Msghdr, o: MessageCallOptions = NO_OPTIONS): number {
  const flags = checkedFlags(s, m, o.flags);
  const descriptor = descriptorOf(s);
  if (!isUrgent(flags)) requireNoReceive(descriptor, s.type);
  const result = receiveOnce(s, m, flags);
  if (result === -EAGAIN && !isImpatient(flags)) {
    const limit = () => pollTimeout(s.fd, platform.SO_RCVTIMEO);
    return performSync(incoming(s), receiveCall(s, m, flags), limit);
  }
  return check(result, "recvmsg");
}

/** What calls without options share: an object for each would be garbage at once. */
const NO_OPTIONS: MessageCallOptions = {};

function checkedFlags(s: Socket, m: Msghdr, flags = 0): number {
  if (s?.constructor !== Socket) requireInstance(Socket, s);
  if (m?.constructor !== Msghdr) requireInstance(Msghdr, m);
  if (Number.isInteger(flags)) return internals.flags(m, flags);
  throw new TypeError(`Cannot use ${flags} as flags: give an integer, as MSG_PEEK`);
}

/** Take the longer way, for what may still be one of a subclass. */
function requireInstance(kind: typeof Socket | typeof Msghdr, value: unknown): void {
  if (!(value instanceof kind)) {
    throw new TypeError(`Cannot transfer a message: give a \`${kind.name}\``);
  }
}

function isImpatient(flags: number): boolean {
  return (flags & MSG_DONTWAIT) !== 0;
}

/** Urgent data is no part of what is received in turn. */
function isUrgent(flags: number): boolean {
  return (flags & MSG_OOB) !== 0;
}

/** What would have to wait for its turn on a stream would block as well. */
function isFree(channel: Channel, type: SocketType): boolean {
  return type !== "stream" || !channel.isBusy;
}

function incoming(socket: Socket): Channel {
  return descriptorOf(socket).reading;
}

function outgoing(socket: Socket): Channel {
  return descriptorOf(socket).writing;
}

/** Sends a message as it is laid out, once. */
class SendCall implements Outcome<number>, Disposable {
  readonly #socket: Socket;
  readonly #message: Msghdr;
  readonly #flags: number;
  readonly #destination: Destination | undefined;
  #obstacle: FullQueue | undefined;
  readonly #room: number;

  constructor(socket: Socket, message: Msghdr, flags: number) {
    requireByte(socket, message);
    const name = message.name;
    this.#socket = socket;
    this.#message = message;
    this.#flags = flags;
    this.#room = internals.room(message);
    this.#destination = name === null ? undefined : destinationOf(name, "sendmsg");
  }

  outcome(count: number): number {
    return check(count, "sendmsg", this.#destination?.display);
  }

  get obstacle(): Obstacle | undefined {
    return this.#obstacle;
  }

  attempt(): number {
    const { fd } = this.#socket;
    requireRoom(this.#message, this.#room);
    const result = sendOnce(fd, this.#message, this.#flags, this.#destination?.sockaddr ?? null);
    if (!isFullQueue(result, this.#socket.type)) return result;
    if (this.#destination !== undefined || result !== -EAGAIN) {
      this.#obstacle ??= new FullQueue(descriptorOf(this.#socket), this.#destination);
    }
    return -EAGAIN;
  }

  [Symbol.dispose](): void {
    this.#destination?.[Symbol.dispose]();
    this.#obstacle?.[Symbol.dispose]();
  }
}

function requireByte(socket: Socket, message: Msghdr): void {
  if (internals.lacksByte(message) && socket.type === "stream") throw filesNeedByte();
}

/** Vectors may be detached, shrunk or taken out while a call waits: what is left looks like an end. */
function requireRoom(message: Msghdr, room: number): void {
  if (internals.room(message) < room) throw bufferTakenAway();
}

function sendOnce(fd: number, m: Msghdr, flags: number, sockaddr: Uint8Array | null): number {
  const ready = sockaddr === null ? internals.laidOutToSend(m) : undefined;
  const header = ready ?? internals.prepareSend(m, sockaddr);
  return sendmsgCall(fd, header, flags | MSG_DONTWAIT);
}

function receiveOnce(socket: Socket, m: Msghdr, flags: number): number {
  const { fd } = socket;
  const unread = isUrgent(flags) ? undefined : receivingSideOf(socket)?.unread;
  if (unread !== undefined) return receiveUnread(socket, m, flags);
  const header = internals.prepareReceive(m, socket.type !== "stream");
  const count = recvmsgCall(fd, header, flags | MSG_DONTWAIT);
  internals.finishReceive(m, count);
  return count;
}

/** Bytes that a `receive` with `waitAll` took before it failed come first. */
function receiveUnread(socket: Socket, m: Msghdr, flags: number): number {
  const peek = (flags & MSG_PEEK) !== 0;
  return internals.receiveFrom(
    m,
    (vectors) => receivingSideOf(socket)?.takeUnread(vectors, peek) ?? 0,
  );
}

function receiveCall(socket: Socket, message: Msghdr, flags: number): Outcome<number> {
  const room = internals.room(message);
  let hasWaited = false;
  return {
    attempt: () => {
      requireRoom(message, room);
      const count = receiveOnce(socket, message, flags);
      if (count !== -EAGAIN || socket.type !== "dgram") return count;
      const isOver = hasWaited && isReadingShutDown(socket.fd);
      hasWaited = true;
      return isOver ? 0 : count;
    },
    outcome: (count) => check(count, "recvmsg"),
  };
}
