/**
 * sendmsg(2) and recvmsg(2) with a {@linkcode Msghdr}.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { recvmsg as recvmsgCall, sendmsg as sendmsgCall } from "../../ffi/syscalls/sockets.ts";
import { destinationOf } from "../address/destination.ts";
import type { Channel } from "../descriptor/descriptor.ts";
import { perform, performOnce } from "../descriptor/perform.ts";
import { requireSignal } from "../descriptor/signal.ts";
import { check, requireOptions } from "../errors.ts";
import { Socket } from "../handle/socket.ts";
import type { SocketState } from "../handle/socket_state.ts";
import { stateOf as socketStateOf } from "../handle/socket_transfer.ts";
import { progressed } from "../reactor/mod.ts";
import { noteTaken } from "../socket/seqpacket.ts";
import { requireNoReceive, requireNoSend } from "../socket/busy.ts";
import { controlNeedsByte, isFullQueue } from "../socket/full_queue.ts";
import type { Sender } from "../socket/sender.ts";
import { performWithin } from "../socket/time_limit.ts";
import { checkReceived, HeaderReceiver } from "./incoming.ts";
import { checkedFlags, Msghdr, stateOf } from "./msghdr.ts";
import { HeaderSender } from "./outgoing.ts";
import type { MessageState } from "./state.ts";

// Read once: a lookup in each call would be a considerable part of the cost of a message.
const { EAGAIN, MSG_DONTWAIT, MSG_OOB, MSG_WAITALL } = platform;

/**
 * How {@linkcode sendmsg} and {@linkcode recvmsg} work.
 *
 * @example
 * ```ts
 * import { Msghdr, recvmsgSync, unix } from "@denet/unix";
 * import { assertThrows } from "@std/assert";
 *
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * using message = new Msghdr();
 * message.addVector(new Uint8Array(8));
 * const options = { flags: unix.constants.MSG_DONTWAIT };
 * assertThrows(() => recvmsgSync(a, message, options), Deno.errors.WouldBlock);
 * ```
 */
export interface MessageCallOptions {
  /** Flags of the call, as `MSG_OOB` or `MSG_PEEK`. `MSG_DONTWAIT` throws `WouldBlock` instead of waiting. */
  flags?: number;
}

/**
 * How the asynchronous {@linkcode sendmsg} and {@linkcode recvmsg} work.
 *
 * @example
 * ```ts
 * import { Msghdr, recvmsg, unix } from "@denet/unix";
 * import { assertRejects } from "@std/assert";
 *
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * using message = new Msghdr();
 * message.addVector(new Uint8Array(8));
 * const options = { signal: AbortSignal.timeout(20) };
 * await assertRejects(() => recvmsg(a, message, options), DOMException);
 * ```
 */
export interface AsyncMessageCallOptions extends MessageCallOptions {
  /** Ends the wait; the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Send a message as it is laid out, by sendmsg(2). SIGPIPE is never raised. On a stream it may send only a
 * part of the data; the descriptors are gone with it, and must not be sent again.
 *
 * @returns The number of bytes sent: 0 for a message without vectors, of which nothing is sent on a stream.
 * @throws {TypeError} If there are descriptors without data on a stream, which the kernel would drop.
 * @throws {Deno.errors.BadResource} If the socket is closed, also while waiting.
 * @throws {Deno.errors.WouldBlock} If it would have to wait, with `MSG_DONTWAIT` in the flags.
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
  requireOptions(o, "send a message");
  const { flags: given, signal } = o;
  requireSignal(signal);
  const flags = combinedFlags(s, m, given);
  const socket = socketStateOf(s);
  const { writing } = socket.descriptor;
  const sender = senderOf(socket, stateOf(m), flags, s);
  return isImpatient(flags)
    ? performOnce(sender, isFree(writing, socket))
    : await perform(writing, sender, signal);
}

/**
 * Send a message as it is laid out, blocking the thread: what `sendmsg` does.
 *
 * @throws {Deno.errors.Busy} If an asynchronous send on a stream is under way.
 * @throws {Deno.errors.WouldBlock} If it would have to wait, with `MSG_DONTWAIT` in the flags.
 * @throws {Deno.errors.WouldBlock} If it takes longer than `sendTimeout`.
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
  requireOptions(o, "send a message");
  const flags = combinedFlags(s, m, o.flags);
  const socket = socketStateOf(s);
  const message = stateOf(m);
  requireNoSend(socket.descriptor, socket.type);
  const sent = sendNow(socket, message, flags);
  if (sent >= 0) {
    progressed();
    return sent;
  }
  // An error of the socket is reported once: asked again, it would be gone.
  if (!isFullQueue(sent, socket.type)) return check(sent, "sendmsg");
  const sender = senderOf(socket, message, flags, s);
  return isImpatient(flags)
    ? performOnce(sender)
    : performWithin(socket.descriptor.writing, sender, undefined);
}

/** Send what has no address; what has one is left to the sender, as if it had to wait. */
function sendNow(socket: SocketState, message: MessageState, flags: number): number {
  let header = message.laidOutToSend();
  if (header === undefined) {
    if (message.name !== null) return -EAGAIN;
    requireByte(socket, message);
    header = message.layOutToSend(null);
  }
  return sendmsgCall(socket.descriptor.fd, header, flags | MSG_DONTWAIT);
}

/** Return what sends the message once, as the caller laid it out. */
function senderOf(
  socket: SocketState,
  message: MessageState,
  flags: number,
  owner: Socket,
): Sender {
  requireByte(socket, message);
  const destination = message.name === null ? undefined : destinationOf(message.name, "sendmsg");
  return new HeaderSender(socket, message, destination, flags, owner);
}

/**
 * Receive into a message's vectors, by recvmsg(2). Descriptors arrive close-on-exec. Descriptors of an
 * earlier receive that were not taken are closed first.
 *
 * @returns The number of bytes received; 0 at the end of a stream, too.
 * @throws {TypeError} If the socket is a stream, and the message has no vectors.
 * @throws {Deno.errors.BadResource} If the socket is closed, also while waiting.
 * @throws {Deno.errors.WouldBlock} If it would have to wait, with `MSG_DONTWAIT` in the flags.
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
  requireOptions(o, "receive a message");
  const { flags: given, signal } = o;
  requireSignal(signal);
  const flags = combinedFlags(s, m, given);
  const socket = socketStateOf(s);
  const { reading } = socket.descriptor;
  const receiver = new HeaderReceiver(socket.receiveState(s), stateOf(m), flags);
  return isImpatient(flags)
    ? performOnce(receiver, isUrgent(flags) || isFree(reading, socket))
    : await perform(reading, receiver, signal);
}

/**
 * Receive into a message's vectors, blocking the thread: what `recvmsg` does.
 *
 * @throws {Deno.errors.Busy} If an asynchronous receive on a stream is under way, but for `MSG_OOB`.
 * @throws {Deno.errors.WouldBlock} If it would have to wait, with `MSG_DONTWAIT` in the flags.
 * @throws {Deno.errors.WouldBlock} If it takes longer than `receiveTimeout`.
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
  requireOptions(o, "receive a message");
  const flags = combinedFlags(s, m, o.flags);
  const socket = socketStateOf(s);
  const message = stateOf(m);
  if (!isUrgent(flags)) requireNoReceive(socket.descriptor, socket.type);
  const count = receiveNow(socket, message, flags);
  if (count !== -EAGAIN) {
    progressed();
    return checkReceived(count, flags);
  }
  const receiver = new HeaderReceiver(socket.receiveState(s), message, flags);
  return isImpatient(flags)
    ? performOnce(receiver)
    : performWithin(socket.descriptor.reading, receiver, undefined);
}

/** Receive what one call gives; the rest is left to the receiver, as if it had to wait. */
function receiveNow(socket: SocketState, message: MessageState, flags: number): number {
  if (socket.receiving?.hasUnread || (flags & MSG_WAITALL) !== 0) return -EAGAIN;
  const named = socket.type !== "stream";
  const header = message.layOutToReceive(named);
  if (header === undefined) return -EAGAIN;
  const count = recvmsgCall(socket.descriptor.fd, header, flags | MSG_DONTWAIT);
  if (socket.receiving !== undefined) noteTaken(socket.receiving, undefined);
  message.finishReceive(count, named);
  return count;
}

/** The options of calls without any, shared: an object for each call would be garbage at once. */
const NO_OPTIONS: MessageCallOptions = {};

function combinedFlags(s: Socket, m: Msghdr, flags = 0): number {
  if (s?.constructor !== Socket) requireInstance(Socket, s);
  if (m?.constructor !== Msghdr) requireInstance(Msghdr, m);
  const state = stateOf(m);
  state.requireUsable();
  return state.flags | checkedFlags(flags);
}

/** Check again, more slowly, for what may be an instance of a subclass. */
function requireInstance(kind: typeof Socket | typeof Msghdr, value: unknown): void {
  if (!(value instanceof kind)) {
    throw new TypeError(`Cannot transfer a message: give a \`${kind.name}\``);
  }
}

function isImpatient(flags: number): boolean {
  return (flags & MSG_DONTWAIT) !== 0;
}

/** Urgent data does not wait for its turn among other receives. */
function isUrgent(flags: number): boolean {
  return (flags & MSG_OOB) !== 0;
}

/** On a stream, a call with `MSG_DONTWAIT` that would wait for its turn throws as well. */
function isFree(channel: Channel, socket: SocketState): boolean {
  return socket.type !== "stream" || !channel.isBusy;
}

function requireByte(socket: SocketState, message: MessageState): void {
  if (socket.type !== "stream" || message.outgoing.used === 0 || !message.isEmpty) return;
  throw controlNeedsByte(message.outgoing.carriesRights ? "descriptors" : "control data");
}
