/**
 * Receiving messages for `Socket.receive`: data, descriptors, credentials and address.
 *
 * @module
 */

import { byteLengthOf, viewOf } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { recvmsg } from "../../ffi/syscalls/sockets.ts";
import { decodeSockaddr, unambiguous } from "../address/sockaddr.ts";
import { isBytes } from "../descriptor/caller_buffer.ts";
import { check, checkedFlag, ControlTruncatedError } from "../errors.ts";
import { shortageOfDescriptors } from "../fd/file_like.ts";
import { type Credentials, isUnknownSender } from "../message/cmsg.ts";
import { sharedHeader } from "../message/header.ts";
import { concatenated, totalLength } from "../socket/pieces.ts";
import { END, foundEnd, lookAhead, noteTaken } from "../socket/seqpacket.ts";
import { denoAddr } from "../socket/socket_type.ts";
import { bytesBeforeFiles, startsWithFiles } from "./files_first.ts";
import { type Message, ReceivedMessage } from "./message.ts";
import type { OwnedFd } from "./owned_fd.ts";
import {
  checkedBuffers,
  checkedSize,
  DEFAULT_SIZE,
  type ReceiveRequest,
  requireLimit,
} from "./receive_options.ts";
import { FULL_CONTROL, type ReceiveState } from "./receive_state.ts";
import { Receiver, sharedControl } from "./receiver.ts";
import { closeReceived, ownReceivedFds } from "./received_fds.ts";

const { MSG_CTRUNC, MSG_DONTWAIT, MSG_EOR, MSG_PEEK, MSG_TRUNC } = platform;

/** Asks for the full length of a truncated message, if the system supports that. */
const TELL_LENGTH = platform.reportsFullLength ? MSG_TRUNC : 0;

const NO_DATA = new Uint8Array(0);

const NO_PIECES: readonly Uint8Array[] = [];

/** Memory that messages of usual size are received into before they are copied to their own. */
let scratch: Uint8Array | undefined;

/**
 * Return memory for a message: usually the scratch, from which the message is copied. A receive that is to fill its
 * memory gets its own: it may wait in between, and other receives use the scratch then.
 */
function ownMemory(size: number, waitAll: boolean): Uint8Array {
  if (size > DEFAULT_SIZE || waitAll) return new Uint8Array(size);
  return scratch ??= new Uint8Array(DEFAULT_SIZE);
}

/**
 * Return what receives one message, after checking the request and reading each option of it once.
 *
 * @param refusesSurplus Whether more files than requested are an error; otherwise the message comes without any.
 * @throws {TypeError} If `buffer` is no memory, `filesFirst`, `peek` or `waitAll` is no boolean, or `peek` is to see files.
 * @throws {RangeError} If `size` or `files` is out of range, or there are more than 1024 buffers.
 */
export function messageReceiver(
  state: ReceiveState,
  request: ReceiveRequest,
  refusesSurplus = true,
): MessageReceiver {
  const { buffer, size, files = 0, filesFirst = false, peek = false, waitAll = false } = request;
  checkedFlag("filesFirst", filesFirst);
  checkedFlag("peek", peek);
  checkedFlag("waitAll", waitAll);
  requireLimit(files, peek);
  const isStream = state.type === "stream";
  let piece: Uint8Array | undefined = undefined;
  let pieces = NO_PIECES;
  let length: number;
  if (buffer === undefined) {
    length = checkedSize(size);
    piece = ownMemory(length, waitAll);
  } else if (isBytes(buffer)) {
    length = byteLengthOf(buffer);
    piece = buffer;
  } else {
    pieces = checkedBuffers(buffer);
    length = totalLength(pieces);
    if (pieces.length === 1) piece = pieces[0];
  }
  return new MessageReceiver(
    state,
    piece,
    pieces,
    length,
    MSG_DONTWAIT | (peek ? MSG_PEEK : 0) | (isStream ? 0 : TELL_LENGTH),
    waitAll && length > 0 && isStream && !peek,
    files,
    filesFirst && files > 0 && isStream,
    refusesSurplus,
  );
}

/** Receives one message of a socket; its result is `null` at the end. */
export class MessageReceiver extends Receiver<Message | null> {
  files: OwnedFd[] | undefined = undefined;
  pidfd: OwnedFd | undefined = undefined;
  credentials: Credentials | undefined = undefined;
  protected readonly state: ReceiveState;
  protected readonly piece: Uint8Array | undefined;
  protected readonly pieces: readonly Uint8Array[];
  protected readonly size: number;
  protected readonly flags: number;
  protected readonly mustFill: boolean;
  protected filled = 0;
  protected hasEnded = false;
  protected sender: Credentials | undefined = undefined;
  protected isPending = false;
  protected isDone = false;
  protected isTaken = false;
  protected hasWaited = false;
  readonly #limit: number;
  readonly #filesFirst: boolean;
  readonly #refusesSurplus: boolean;
  #arrivedFlags = 0;
  #fullLength = 0;
  #from: Uint8Array | null = null;
  #data: Uint8Array | undefined = undefined;

  /**
   * Take what {@linkcode messageReceiver} has checked.
   *
   * @param limit How many descriptors are accepted.
   * @param filesFirst Whether to end before bytes that descriptors were sent with.
   * @param refusesSurplus Whether more descriptors are an error; otherwise the message comes without any.
   */
  constructor(
    state: ReceiveState,
    piece: Uint8Array | undefined,
    pieces: readonly Uint8Array[],
    size: number,
    flags: number,
    mustFill: boolean,
    limit: number,
    filesFirst: boolean,
    refusesSurplus: boolean,
  ) {
    super();
    this.state = state;
    this.piece = piece;
    this.pieces = pieces;
    this.size = size;
    this.flags = flags;
    this.mustFill = mustFill;
    this.#limit = limit;
    this.#filesFirst = filesFirst;
    this.#refusesSurplus = refusesSurplus;
  }

  /**
   * Check that there is space for a byte.
   *
   * @throws {RangeError} If there is none: on a stream, what came could never be told from the end.
   */
  requireSize(): void {
    if (this.size > 0 || this.state.type !== "stream") return;
    throw new RangeError(
      "Cannot receive messages of 0 bytes on a stream: its end could never be seen; give a size of at least 1",
    );
  }

  protected receiveOnce(fd: number): number {
    const { state } = this;
    if (state.type === "stream") return this.#receiveBytes(fd);
    if (state.type === "dgram") return this.#receiveInto(fd, this.size);
    const next = lookAhead(fd, state);
    this.hasEnded = next === END;
    if (next <= END) return next;
    const count = this.#receiveInto(fd, this.size);
    if ((this.flags & MSG_PEEK) === 0) {
      noteTaken(state, count >= 0 ? this.#fullLength : undefined);
    }
    // Without space for bytes, a whole message counts as 0 of them.
    this.hasEnded = count === 0 && foundEnd(fd, next, this.#fullLength);
    return count;
  }

  #receiveBytes(fd: number): number {
    // With no space for bytes, recvmsg(2) would wait, and take descriptors.
    if (this.size === 0) return 0;
    const left = this.size - this.filled;
    const size = this.#filesFirst ? bytesBeforeFiles(fd, left, this.state) : left;
    this.hasEnded = size === 0;
    if (size <= 0) return size;
    const count = this.#receiveInto(fd, size);
    this.hasEnded = count === 0;
    return count;
  }

  protected override mustStop(fd: number): boolean {
    return this.#filesFirst && startsWithFiles(fd, this.state);
  }

  /** Receive at most `size` bytes behind those that are there. */
  #receiveInto(fd: number, size: number): number {
    const header = sharedHeader();
    const control = sharedControl();
    const { state, piece, filled } = this;
    const isStream = state.type === "stream";
    const capacity = this.#limit > 0 ? FULL_CONTROL : state.unrequestedControl;
    if (piece !== undefined && filled === 0) header.setSingleVector(piece, size);
    else header.setVectors(this.vectors, filled, size);
    if (isStream) header.setName(null);
    else header.receiveName();
    header.setControl(control.prepare(capacity), capacity);
    const count = recvmsg(fd, header.location, this.flags);
    if (count < 0) return count;
    this.#fullLength = count;
    if (count === 0 && isStream) return count;
    control.arrived = header.controlLength;
    ownReceivedFds(control, this);
    this.#arrivedFlags |= header.flags;
    if (!isStream) this.#from = decodeSockaddr(header.name, header.nameLength, platform);
    return Math.min(count, size);
  }

  protected override keepData(): void {
    this.#data = this.#takeData();
  }

  #takeData(): Uint8Array {
    const { piece, pieces, filled } = this;
    if (piece === undefined) {
      return filled > 0 ? concatenated(pieces, filled) : NO_DATA.slice();
    }
    if (piece === scratch) return piece.slice(0, filled);
    // A view is an object of its own: none where the piece is full.
    return filled === byteLengthOf(piece) ? piece : viewOf(piece, 0, filled);
  }

  /**
   * Return the message, or `null` at the end.
   *
   * @throws {ControlTruncatedError} If not everything that came was asked for.
   */
  outcome(result: number): Message | null {
    check(result, "recvmsg");
    if (this.hasEnded && this.filled === 0) return null;
    this.taken();
    const { files, pidfd, filled, state: { type } } = this;
    const flags = this.#arrivedFlags;
    const isCut = (flags & MSG_CTRUNC) !== 0;
    const isRefused = isCut || (files !== undefined && files.length > this.#limit);
    const truncated = (flags & MSG_TRUNC) !== 0;
    const message = new ReceivedMessage(
      this.#data ?? NO_DATA.slice(),
      isRefused || files === undefined ? [] : files,
      type === "stream" ? filled : Math.max(this.#fullLength, filled),
      truncated,
      isRefused,
      (flags & MSG_EOR) !== 0 || (type === "seqpacket" && !truncated),
    );
    this.#describeSender(message);
    if (isRefused) this.#refuse(message, files ?? []);
    if (pidfd !== undefined) message.pidfd = pidfd;
    return message;
  }

  #describeSender(message: ReceivedMessage): void {
    const { state: { type }, credentials } = this;
    if (this.#from !== null) {
      message.from = denoAddr(type, this.#from);
      message.fromAddress = unambiguous(this.#from);
    }
    if (credentials !== undefined && !isUnknownSender(credentials)) {
      message.credentials = credentials;
    }
  }

  /** Throw if control data is missing; without a request for descriptors, that is allowed. */
  #refuse(message: ReceivedMessage, files: readonly OwnedFd[]): void {
    // Another process has changed the options, or the kernel closed descriptors that were not requested.
    if (this.#limit === 0 && !this.state.descriptor.closed) this.state.lookUpOptions();
    const shortage = this.#shortage(files.length);
    for (const file of files) file.close();
    this.files = undefined;
    if (this.#limit === 0 || !this.#refusesSurplus) return;
    closeReceived(this);
    throw refusal(message, files.length, this.#limit, shortage);
  }

  /** Fewer descriptors than requested: find the reason before those that came are closed. */
  #shortage(arrived: number): { readonly message: string; readonly code: string } | undefined {
    const { descriptor } = this.state;
    const mayBeShort = this.#limit > 0 && arrived <= this.#limit && !descriptor.closed;
    return mayBeShort ? shortageOfDescriptors(descriptor.fd, "recvmsg") : undefined;
  }
}

function refusal(
  message: Message,
  arrived: number,
  limit: number,
  shortage: { readonly message: string; readonly code: string } | undefined,
): ControlTruncatedError {
  const what = arrived > limit
    ? `the peer sent more than the ${limit} descriptors requested`
    : "the peer sent more descriptors or other control data than requested";
  const why = shortage?.message ?? `Cannot accept the message: ${what}`;
  return new ControlTruncatedError(
    `${why}; all of them are closed, the data is in \`data\``,
    message,
    shortage?.code,
  );
}
