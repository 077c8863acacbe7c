/**
 * One outgoing message, from what the caller gave to the last byte in the kernel.
 *
 * @module
 */

import { byteLengthOf } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { closeFd } from "../../ffi/syscalls/files.ts";
import { send, sendmsg } from "../../ffi/syscalls/sockets.ts";
import type { Credentials } from "../message/cmsg.ts";
import { check } from "../errors.ts";
import { RightsControl } from "../message/control.ts";
import type { Descriptor } from "../descriptor/descriptor.ts";
import { duplicate, type FileLike, fileNumbers } from "../fd/file_like.ts";
import { filesNeedByte, FullQueue, isFullQueue } from "./full_queue.ts";
import { Header, MAX_VECTORS } from "../message/header.ts";
import { type Destination, destinationOf } from "../address/destination.ts";
import { pieceOf } from "./send_bytes.ts";
import type { Address } from "../address/sockaddr.ts";
import type { SocketType } from "./socket_type.ts";
import { isBytes } from "../descriptor/caller_buffer.ts";
import type { Obstacle, Outcome } from "../descriptor/perform.ts";

const { EAGAIN, MSG_DONTWAIT } = platform;

/** What {@linkcode Socket.send} sends. */
export interface OutgoingMessage {
  /** The data: one piece, or several that are sent as one message. The default is none. */
  data?: Uint8Array | readonly Uint8Array[];
  /** Open files to pass along, at most 253. They stay open here, and yours to close. */
  files?: readonly FileLike[];
  /** Credentials to claim; the kernel refuses those that are not the process's own without privileges. Linux only. */
  credentials?: Credentials;
  /** Where to send it, on an unconnected datagram socket. */
  to?: Address;
}

const NO_FILES: readonly number[] = [];

const NO_PIECES: readonly Uint8Array[] = [];

/** The memory for headers and control data of all sockets on this thread: calls never overlap. */
let shared: { header: Header; control: RightsControl } | undefined;

/**
 * Sends one message. On a stream it goes on until all data is in the kernel, and the control messages
 * go with the first byte only: after a short write they must not be sent again.
 */
export class Sender implements Outcome<number>, Disposable {
  readonly #descriptor: Descriptor;
  readonly #type: SocketType;
  /** The data: one piece, or else several. */
  readonly #piece: Uint8Array | undefined;
  readonly #pieces: readonly Uint8Array[];
  readonly #total: number;
  readonly #files: readonly number[];
  #held: number[] | undefined;
  readonly #credentials: Credentials | undefined;
  readonly #destination: Destination | undefined;
  #obstacle: FullQueue | undefined;
  #sent = 0;

  /**
   * Check everything about a message, reading each of its properties once.
   *
   * @param owner must not become garbage while the message waits: that would close the descriptor
   * @throws {TypeError} | {RangeError} if it cannot be sent
   */
  constructor(
    descriptor: Descriptor,
    type: SocketType,
    message: OutgoingMessage,
    readonly owner?: object,
  ) {
    const { data, files, credentials, to } = message;
    if (data === undefined && files === undefined) requireMessage(message);
    this.#descriptor = descriptor;
    this.#type = type;
    this.#pieces = data === undefined || isBytes(data) ? NO_PIECES : checkedPieces(data, type);
    this.#piece = isBytes(data) ? data : this.#pieces.length === 1 ? this.#pieces[0] : undefined;
    this.#total = this.#length();
    this.#files = files === undefined ? NO_FILES : fileNumbers(files);
    if (this.#files.length > 0 && this.#total === 0 && this.#isStream()) throw filesNeedByte();
    this.#credentials = credentials === undefined ? undefined : checkedCredentials(credentials);
    if (to !== undefined && type !== "dgram") {
      throw new TypeError(
        "Cannot send to an address: only datagram sockets send to several; connect instead",
      );
    }
    this.#destination = to === undefined ? undefined : destinationOf(to, "sendmsg");
  }

  /** The number of bytes in the data as it is now. */
  #length(): number {
    return this.#piece === undefined ? totalLength(this.#pieces) : byteLengthOf(this.#piece);
  }

  #isStream(): boolean {
    return this.#type === "stream";
  }

  /** Return the number of bytes sent. */
  outcome(count: number): number {
    return check(count, "sendmsg", this.#destination?.display);
  }

  /** What an unconnected datagram socket waits for: its own readiness says nothing about the receiver. */
  get obstacle(): Obstacle | undefined {
    return this.#obstacle;
  }

  attempt(): number {
    const { fd } = this.#descriptor;
    for (;;) {
      this.#checkLength();
      const count = this.#sendOnce(fd);
      if (count < 0) return this.#refused(count);
      this.#sent += count;
      if (!this.#isStream() || this.#sent >= this.#total) return this.#sent;
    }
  }

  #sendOnce(fd: number): number {
    const size = pieceOf(this.#total - this.#sent, this.#type);
    const piece = this.#piece === undefined || size === this.#total
      ? this.#piece
      : this.#piece.subarray(this.#sent, this.#sent + size);
    if (piece !== undefined && this.#isPlain()) return send(fd, piece, MSG_DONTWAIT);
    const { header, control } = shared ??= { header: new Header(), control: new RightsControl() };
    if (piece !== undefined) header.setSingleVector(piece);
    else header.setVectors(this.#pieces, this.#sent, size);
    header.setName(this.#destination?.sockaddr ?? null);
    const length = this.#sent > 0 ? 0 : control.write(this.#held ?? this.#files, this.#credentials);
    header.setControl(control.address, length);
    return sendmsg(fd, header.location, MSG_DONTWAIT);
  }

  #isPlain(): boolean {
    return this.#destination === undefined &&
      (this.#sent > 0 || (this.#files.length === 0 && this.#credentials === undefined));
  }

  /** Tell a full queue from a failure. */
  #refused(error: number): number {
    if (!isFullQueue(error, this.#type)) return error;
    const needsObstacle = this.#destination !== undefined || error !== -EAGAIN;
    if (needsObstacle) this.#obstacle ??= new FullQueue(this.#descriptor, this.#destination);
    return -EAGAIN;
  }

  /** A buffer may be detached or shrink while the message waits: less than promised is never sent for it. */
  #checkLength(): void {
    if (this.#length() < this.#total) {
      throw new TypeError(
        "Cannot send: the data was detached or shrunk in the meantime; keep it until the send is done",
      );
    }
  }

  /** The caller may close his files while the message waits, and the numbers be reused: hold duplicates. */
  beforeWait(): void {
    if (this.#held !== undefined || this.#sent > 0 || this.#files.length === 0) return;
    this.#held = [];
    for (const fd of this.#files) this.#held.push(duplicate(fd));
  }

  [Symbol.dispose](): void {
    if (this.#held !== undefined) { for (const fd of this.#held) closeFd(fd); }
    this.#destination?.[Symbol.dispose]();
    this.#obstacle?.[Symbol.dispose]();
  }
}

/** Bytes or a string in place of a message have none of its properties, and would be an empty one. */
function requireMessage(message: unknown): void {
  if (typeof message === "object" && !isBytes(message) && !Array.isArray(message)) return;
  throw new TypeError("Cannot send: give a message, as in `{ data: bytes }`");
}

function checkedPieces(data: readonly Uint8Array[], type: SocketType): readonly Uint8Array[] {
  const pieces: readonly Uint8Array[] = Array.isArray(data) ? Array.from(data) : [];
  if (!Array.isArray(data) || !pieces.every(isBytes)) {
    throw new TypeError("Cannot send the data: give a Uint8Array or an array of them");
  }
  // A stream may take several calls; a message must fit one, and one takes IOV_MAX pieces.
  return type === "stream" || pieces.length <= MAX_VECTORS ? pieces : [concatenated(pieces)];
}

/** Return the bytes of `vectors` in one piece. */
export function concatenated(vectors: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(totalLength(vectors));
  let offset = 0;
  for (const bytes of vectors) {
    all.set(bytes, offset);
    offset += byteLengthOf(bytes);
  }
  return all;
}

/** Return the number of bytes in all of `vectors`. */
export function totalLength(vectors: readonly Uint8Array[]): number {
  let total = 0;
  for (const bytes of vectors) total += byteLengthOf(bytes);
  return total;
}

function checkedCredentials(credentials: Credentials): Credentials {
  const { pid, uid, gid } = credentials;
  for (
    const [what, value, limit] of [["pid", pid, 0x7fffffff], ["uid", uid, 0xffffffff], [
      "gid",
      gid,
      0xffffffff,
    ]] as const
  ) {
    if (!Number.isInteger(value) || value < 0 || value > limit) {
      throw new RangeError(
        `Cannot send credentials with the ${what} ${value}: give an integer from 0 to ${limit}`,
      );
    }
  }
  if (platform.SCM_CREDENTIALS < 0) {
    throw new Deno.errors.NotSupported("Sending credentials with a message exists on Linux only");
  }
  return { pid, uid, gid };
}
