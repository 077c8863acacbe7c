/**
 * One incoming message, from the system call to owned values.
 *
 * @module
 */

import { byteLengthOf } from "../../ffi/memory.ts";
import { MISSING, platform } from "../../ffi/platform/mod.ts";
import { getsockopt, recvmsg } from "../../ffi/syscalls/sockets.ts";
import { cmsgSpace, type Credentials, readCredentials, UCRED_SIZE } from "../message/cmsg.ts";
import { IncomingControl } from "../message/control.ts";
import type { Descriptor } from "../descriptor/descriptor.ts";
import type { OwnedFd } from "./owned_fd.ts";
import { bufferTakenAway, isBytes } from "../descriptor/caller_buffer.ts";
import { check, ControlTruncatedError } from "../errors.ts";
import { MAX_FILES, shortageOfDescriptors } from "../fd/file_like.ts";
import { isReadingShutDown } from "../socket/inspect.ts";
import { Header, MAX_VECTORS } from "../message/header.ts";
import { type Message, ReceivedMessage } from "./message.ts";
import { closeReceived, type Received, takeOver } from "./received_fds.ts";
import { concatenated, totalLength } from "../socket/sender.ts";
import { addressText, decodeSockaddr } from "../address/sockaddr.ts";
import { denoAddr, type SocketType } from "../socket/socket_type.ts";
import { setIntOption } from "../socket/options.ts";
import type { Outcome } from "../descriptor/perform.ts";

const { EAGAIN, MSG_CTRUNC, MSG_DONTWAIT, MSG_EOR, MSG_PEEK, MSG_TRUNC } = platform;

/** How {@linkcode Socket.receiveSync} receives. */
export interface SyncReceiveOptions {
  /** Memory to receive into, one piece or several filled in turn. The default is new memory. */
  buffer?: Uint8Array | readonly Uint8Array[];
  /** The most bytes to take, without `buffer`. The default is 65536. */
  size?: number;
  /** The most descriptors to accept, at most 253. The default is 0: the kernel closes what a peer sends. */
  files?: number;
  /** Leave the message in the queue. Not together with `files`: each look would make new descriptors. */
  peek?: boolean;
  /** On a stream, wait until the buffer is full or the stream ends, or descriptors come along. */
  waitAll?: boolean;
}

/** How {@linkcode Socket.receive} receives. */
export interface ReceiveOptions extends SyncReceiveOptions {
  /** Ends the wait; the promise is rejected with the signal's reason, and nothing is taken. */
  signal?: AbortSignal;
}

const DEFAULT_SIZE = 65536;

const NO_PIECES: readonly Uint8Array[] = [];

/** The largest size of a message to allocate for at once, in bytes. */
const MAX_SIZE = 0x40000000;

/** Memory that messages of usual size are received into before they are copied to their own. */
let scratch: Uint8Array | undefined;

/** The header for all sockets on this thread: calls never overlap. */
let shared: { header: Header; control: IncomingControl } | undefined;

/** What a socket's options make the kernel add to each message. Looked up once, at the first receive. */
export interface ControlRoom {
  /** Room for everything but descriptors, in bytes. */
  readonly fixed: number;
  /** Whether the sender's credentials come along. */
  readonly credentials: boolean;
  /** Whether empty messages can be told from the end of the connection. */
  readonly timestamps: boolean;
}

/** Find out what control data the socket's options call for, and ask for what the module itself needs. */
export function lookUpControlRoom(fd: number, type: SocketType): ControlRoom {
  const { SO_PASSCRED, SO_PASSPIDFD, SO_PASSSEC, SO_TIMESTAMP, SOL_SOCKET } = platform;
  // At the end of a seqpacket connection recvmsg(2) returns 0, as for an empty message. Only a message
  // has a time stamp.
  const timestamps = type === "seqpacket" && SO_TIMESTAMP !== MISSING &&
    setIntOption(fd, SOL_SOCKET, SO_TIMESTAMP, 1) >= 0;
  const credentials = isOn(fd, SO_PASSCRED);
  const fixed = (timestamps || isOn(fd, SO_TIMESTAMP) ? cmsgSpace(16, platform) : 0) +
    (credentials ? cmsgSpace(UCRED_SIZE, platform) : 0) +
    (isOn(fd, SO_PASSPIDFD) ? cmsgSpace(4, platform) : 0) +
    (isOn(fd, SO_PASSSEC) ? cmsgSpace(256, platform) : 0);
  return { fixed, credentials, timestamps };
}

/** Descriptors that nobody asked for. */
const surplus: Received = { files: undefined, pidfd: undefined };

const flag = new Uint8Array(4);
const oneByte = new Uint8Array(128).subarray(0, 1);

function isOn(fd: number, option: number): boolean {
  return option !== MISSING && getsockopt(fd, platform.SOL_SOCKET, option, flag) >= 0 &&
    flag[0] !== 0;
}

/** What receiving keeps from one message to the next. */
export class ReceivingSide {
  readonly descriptor: Descriptor;
  readonly type: SocketType;
  /** The receive of a stream that waits, or has failed, with a part of what it was to take. */
  partial: Receiver | undefined = undefined;
  #unread: Uint8Array | undefined = undefined;
  #room: ControlRoom | undefined = undefined;

  /** @param owner must not become garbage while a receive waits: that would close the descriptor */
  constructor(descriptor: Descriptor, type: SocketType, readonly owner?: object) {
    this.descriptor = descriptor;
    this.type = type;
  }

  /** What control data comes with messages. */
  get room(): ControlRoom {
    return this.#room ??= lookUpControlRoom(this.descriptor.fd, this.type);
  }

  /** Look the options up anew. */
  optionsChanged(): void {
    this.#room = undefined;
  }

  /**
   * Bytes taken from a stream for a receive that then failed; the next one gives them. Only who has his turn
   * asks: a receive that has a part is over then, although it may not have come to say so.
   */
  get unread(): Uint8Array | undefined {
    this.partial?.handBack();
    return this.#unread;
  }

  set unread(bytes: Uint8Array | undefined) {
    this.#unread = bytes;
  }

  /** The number of those bytes. */
  get unreadLength(): number {
    return this.#unread?.byteLength ?? 0;
  }

  /** Give unread bytes, at most `size`, or show them: how many. */
  takeUnread(target: readonly Uint8Array[], peek = false, size = totalLength(target)): number {
    const { unread } = this;
    if (unread === undefined) return 0;
    const count = Math.min(size, unread.byteLength);
    scatter(unread.subarray(0, count), target);
    if (!peek) this.#unread = count < unread.byteLength ? unread.subarray(count) : undefined;
    return count;
  }
}

/**
 * Receives one message. With `waitAll` it goes on until its buffer is full, the stream ends, or
 * descriptors come along, which stay with the bytes they came with.
 */
export class Receiver implements Outcome<Message | null>, Received, Disposable {
  files: OwnedFd[] | undefined = undefined;
  pidfd: OwnedFd | undefined = undefined;
  readonly #socket: ReceivingSide;
  /** Where to receive into: one piece of memory, or else several. */
  readonly #piece: Uint8Array | undefined;
  readonly #pieces: readonly Uint8Array[] = NO_PIECES;
  readonly #isCallers: boolean;
  readonly #size: number;
  readonly #limit: number;
  readonly #peek: boolean;
  readonly #waitAll: boolean;
  #filled = 0;
  #flags = 0;
  #from: Uint8Array | null = null;
  #ended = false;
  #isDone = false;
  #isTaken = false;
  #hasWaited = false;
  #data: Uint8Array | undefined;
  #credentials: Credentials | undefined;

  /**
   * Check the options, reading each once.
   *
   * @throws {TypeError} | {RangeError} if they cannot be followed
   */
  constructor(socket: ReceivingSide, options: SyncReceiveOptions) {
    const { buffer, size, files = 0, peek = false, waitAll = false } = options;
    if (files >>> 0 !== files || files > MAX_FILES || (peek && files > 0)) throw badLimit(files);
    this.#socket = socket;
    this.#limit = files;
    this.#peek = peek;
    this.#waitAll = waitAll && socket.type === "stream" && !peek;
    this.#isCallers = buffer !== undefined;
    if (isBytes(buffer)) {
      this.#piece = buffer;
    } else if (buffer !== undefined) {
      this.#pieces = checkedBuffers(buffer);
      if (this.#pieces.length === 1) this.#piece = this.#pieces[0];
    } else {
      this.#size = checkedSize(size);
      this.#piece = ownMemory(this.#size, this.#waitAll);
      return;
    }
    this.#size = this.#room();
  }

  /** The size of the memory to receive into. */
  #room(): number {
    return this.#piece === undefined ? totalLength(this.#pieces) : byteLengthOf(this.#piece);
  }

  #target(): readonly Uint8Array[] {
    return this.#piece === undefined ? this.#pieces : [this.#piece];
  }

  attempt(): number {
    const { fd } = this.#socket.descriptor;
    this.#takeUnread();
    while (!this.#isDone) {
      this.#checkRoom();
      const count = this.#receiveOnce(fd);
      if (count < 0 && !this.#isShutDown(fd, count)) {
        if (this.#filled > 0) this.#socket.partial = this;
        return count;
      }
      this.#filled += Math.max(count, 0);
      this.#isDone = !this.#waitAll || this.#isAll(fd);
    }
    this.#socket.partial = undefined;
    // The shared memory belongs to the next call: take what is in it along now.
    this.#data = this.#takeData();
    return this.#filled;
  }

  /** Whether a receive with `waitAll` has what it waits for. */
  #isAll(fd: number): boolean {
    return this.#ended || this.#filled >= this.#size || this.#hasDescriptors() ||
      !this.#isSameSender(fd);
  }

  /** A buffer may be detached or shrink while the receive waits: nothing is taken that has no place. */
  #checkRoom(): void {
    if (!this.#hasRoom()) throw bufferTakenAway();
  }

  #hasRoom(): boolean {
    return !this.#isCallers || this.#room() >= this.#size;
  }

  /** Once reading is shut down, a datagram socket stays readable and gives EAGAIN: that is its end. */
  #isShutDown(fd: number, result: number): boolean {
    if (result !== -EAGAIN || this.#socket.type !== "dgram") return false;
    this.#ended = this.#hasWaited && isReadingShutDown(fd);
    this.#hasWaited = true;
    return this.#ended;
  }

  /** With credentials, only what the same sender sent is put together: look who sent what comes next. */
  #isSameSender(fd: number): boolean {
    const { pid, uid, gid } = this.#credentials ?? {};
    if (pid === undefined || shared === undefined) return true;
    const { header, control } = shared;
    const room = this.#socket.room.fixed;
    header.setSingleVector(oneByte);
    header.setControl(control.prepare(room), room);
    const count = recvmsg(fd, header.location, MSG_DONTWAIT | MSG_PEEK);
    control.arrived = count < 0 ? 0 : header.controlLength;
    takeOver(control, surplus);
    closeReceived(surplus);
    const next = credentialsIn(control);
    return count <= 0 || (next?.pid === pid && next.uid === uid && next.gid === gid);
  }

  #hasDescriptors(): boolean {
    return this.files !== undefined || this.pidfd !== undefined;
  }

  #takeUnread(): void {
    if (this.#filled > 0 || this.#socket.unread === undefined) return;
    this.#filled = this.#socket.takeUnread(this.#target(), this.#peek, this.#size);
    this.#isDone = !this.#waitAll || this.#filled >= this.#size;
  }

  #receiveOnce(fd: number): number {
    const { header, control } = shared ??= { header: new Header(), control: new IncomingControl() };
    this.#layOut(header, control);
    const flags = MSG_DONTWAIT | (this.#peek ? MSG_PEEK : 0);
    const count = recvmsg(fd, header.location, flags);
    if (count >= 0) this.#takeOver(header, control, count);
    return count;
  }

  #layOut(header: Header, control: IncomingControl): void {
    const { type, room: { fixed } } = this.#socket;
    const capacity = this.#limit > 0 ? fixed + cmsgSpace(this.#limit * 4, platform) : fixed;
    if (this.#piece !== undefined && this.#filled === 0) {
      header.setSingleVector(this.#piece, this.#size);
    } else header.setVectors(this.#target(), this.#filled);
    if (type === "stream") header.setName(null);
    else header.receiveName();
    header.setControl(control.prepare(capacity), capacity);
    header.clearFlags();
  }

  #takeOver(header: Header, control: IncomingControl, count: number): void {
    const { type, room } = this.#socket;
    control.arrived = header.controlLength;
    takeOver(control, this);
    if (room.credentials) this.#credentials = credentialsIn(control);
    this.#flags |= header.flags;
    if (type !== "stream") {
      this.#from = decodeSockaddr(header.name, header.nameLength, platform);
    }
    this.#ended = count === 0 && this.#meansEnd(control, room);
  }

  /** Whether receiving nothing means that there is no more: on datagram sockets it never does. */
  #meansEnd(control: IncomingControl, room: ControlRoom): boolean {
    if (this.#socket.type === "stream") return this.#size > 0;
    return this.#socket.type === "seqpacket" && (!room.timestamps || control.arrived === 0);
  }

  /**
   * Return the message, or `null` at the end.
   *
   * @throws {ControlTruncatedError} if not everything that came was asked for
   */
  outcome(result: number): Message | null {
    check(result, "recvmsg");
    if (this.#ended && this.#filled === 0) return null;
    this.#isTaken = true;
    const { files, pidfd } = this;
    const data = this.#data ?? new Uint8Array(0);
    const isCut = (files !== undefined && files.length > this.#limit) ||
      (this.#flags & MSG_CTRUNC) !== 0;
    if (isCut) this.#refuse(data, files ?? []);
    const message = new ReceivedMessage(data, files === undefined || isCut ? [] : files);
    message.controlTruncated = isCut;
    if (pidfd !== undefined) message.pidfd = pidfd;
    if (this.#credentials !== undefined) message.credentials = this.#credentials;
    this.#describe(message);
    return message;
  }

  #describe(message: Message): void {
    const { type } = this.#socket;
    message.truncated = (this.#flags & MSG_TRUNC) !== 0;
    message.endOfRecord = (this.#flags & MSG_EOR) !== 0 ||
      (type === "seqpacket" && !message.truncated);
    if (this.#from !== null) message.from = denoAddr(type, addressText(this.#from));
  }

  /** Refuse what is not all that was sent; who asked for no descriptors does not mind. */
  #refuse(data: Uint8Array, files: readonly OwnedFd[]): void {
    if (this.#limit === 0) return files.forEach((file) => file.close());
    const { descriptor } = this.#socket;
    const arrived = files.length;
    // Fewer than were asked for: look for the reason before those that came are closed.
    const mayBeShort = arrived < this.#limit && !descriptor.closed;
    const shortage = mayBeShort ? shortageOfDescriptors(descriptor.fd, "recvmsg") : undefined;
    closeReceived(this);
    const what = arrived > this.#limit
      ? `${arrived} descriptors came, at most ${this.#limit} were asked for`
      : "more descriptors or other control data came than were asked for";
    const message = shortage?.message ?? `Cannot accept the message: ${what}`;
    throw new ControlTruncatedError(
      `${message}; all descriptors that came are closed, the data is in \`data\``,
      data,
      shortage?.code,
    );
  }

  #takeData(): Uint8Array {
    const piece = this.#piece;
    if (piece === undefined) return concatenated(this.#pieces).subarray(0, this.#filled);
    if (piece === scratch) return piece.slice(0, this.#filled);
    // A view is an object of its own: none where the piece is full.
    return this.#filled === this.#size ? piece : piece.subarray(0, this.#filled);
  }

  /** Keep what a failed receive took from the stream for the next one. */
  [Symbol.dispose](): void {
    if (this.#isTaken) return;
    closeReceived(this);
    this.handBack();
  }

  /** Leave the part that was taken to the next receive. */
  handBack(): void {
    if (this.#socket.partial !== this) return;
    this.#socket.partial = undefined;
    if (this.#hasRoom()) this.#socket.unread = this.#takeData().slice();
  }
}

function credentialsIn(control: IncomingControl): Credentials | undefined {
  if (control.arrived < cmsgSpace(UCRED_SIZE, platform)) return undefined;
  for (const { level, type, data } of control.items()) {
    if (level === platform.SOL_SOCKET && type === platform.SCM_CREDENTIALS) {
      return readCredentials(data);
    }
  }
  return undefined;
}

function badLimit(files: number): TypeError | RangeError {
  if (Number.isInteger(files) && files > 0 && files <= MAX_FILES) {
    return new TypeError(
      "Cannot peek at descriptors: each look would make new ones; use `files: 0`",
    );
  }
  return new RangeError(
    `Cannot accept ${files} descriptors: give an integer from 0 to ${MAX_FILES}`,
  );
}

function checkedBuffers(buffer: readonly Uint8Array[]): readonly Uint8Array[] {
  const isArray = Array.isArray(buffer);
  const buffers: readonly Uint8Array[] = isArray ? Array.from(buffer) : [];
  if (!isArray || !buffers.every(isBytes)) {
    throw new TypeError("Cannot receive: give `buffer` as a Uint8Array or an array of them");
  }
  if (buffers.length > MAX_VECTORS) {
    throw new RangeError(
      `Cannot receive into ${buffers.length} buffers: at most ${MAX_VECTORS} are possible`,
    );
  }
  return buffers;
}

function checkedSize(size: number = DEFAULT_SIZE): number {
  if (Number.isInteger(size) && size >= 0 && size <= MAX_SIZE) return size;
  throw new RangeError(`Cannot receive ${size} bytes: give an integer from 0 to ${MAX_SIZE}`);
}

/**
 * Memory for a message: usually the scratch, which is copied from. A `waitAll` may wait in between, when
 * others use the scratch.
 */
function ownMemory(size: number, waitAll: boolean): Uint8Array {
  if (size > DEFAULT_SIZE || waitAll) return new Uint8Array(size);
  return scratch ??= new Uint8Array(DEFAULT_SIZE);
}

function scatter(bytes: Uint8Array, buffers: readonly Uint8Array[]): void {
  let offset = 0;
  for (const buffer of buffers) {
    const part = bytes.subarray(offset, offset + buffer.byteLength);
    buffer.set(part);
    offset += part.byteLength;
  }
}
