/**
 * One outgoing message, from the first attempt to the last byte in the kernel: for `Socket.send` and sendmsg
 * alike, so that they wait, duplicate descriptors and fail in the same way.
 *
 * @module
 */

import { byteLengthOf, viewOf } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { send, sendmsg } from "../../ffi/syscalls/sockets.ts";
import type { Destination } from "../address/destination.ts";
import { bufferDetachedError } from "../descriptor/caller_buffer.ts";
import type { Descriptor } from "../descriptor/descriptor.ts";
import type { Obstacle, Outcome } from "../descriptor/perform.ts";
import { reasonForRefusal } from "../address/refusal.ts";
import { check, systemError } from "../errors.ts";
import type { Credentials } from "../message/cmsg.ts";
import { sharedRights } from "../message/control.ts";
import { sharedHeader, SMALL_SIZE } from "../message/header.ts";
import { FullQueue, isFullQueue } from "./full_queue.ts";
import { HeldControl } from "./held_control.ts";
import { totalLength } from "./pieces.ts";
import { pieceOf } from "./send_bytes.ts";
import type { SocketType } from "./socket_type.ts";

const { EAGAIN, MSG_DONTWAIT } = platform;

/**
 * Sends one message: data, and control messages that go along with its first byte, once: after a short write they
 * must not be sent again. Before its first wait the message uses the caller's memory, so that one that is sent at
 * once costs no copy.
 */
export class Sender implements Outcome<number>, Disposable {
  readonly #descriptor: Descriptor;
  readonly #type: SocketType;
  readonly #flags: number;
  readonly #isWhole: boolean;
  #obstacle: FullQueue | undefined = undefined;
  #sent = 0;
  /** Whether the message has had to wait: code of the caller has run since it was checked. */
  #isPending = false;
  /** The data, if it is sent as one piece. */
  readonly #piece: Uint8Array | undefined;
  /** The data, if it is sent as several. */
  protected pieces: readonly Uint8Array[];
  /** The number of bytes of data when the send was started. */
  protected readonly size: number;
  readonly #files: readonly number[];
  readonly #credentials: Credentials | undefined;
  readonly #destination: Destination | undefined;
  readonly #hasControl: boolean;
  /** The copy of the control messages, made before the first wait. */
  protected held: HeldControl | undefined = undefined;

  /**
   * Take what has been checked.
   *
   * @param piece The data, if it is in one piece.
   * @param pieces The data, if it is in several.
   * @param size The number of bytes of data.
   * @param files The numbers of the descriptors that go along.
   * @param credentials The credentials that go along.
   * @param destination Where to send it, on an unconnected datagram socket; the sender disposes it.
   * @param flags Flags of sendmsg(2), beside `MSG_DONTWAIT`.
   * @param isWhole Whether to go on until all data is in the kernel, rather than send what it takes at once.
   * @param owner An object that must not become garbage while the message waits: that would close the descriptor.
   */
  constructor(
    descriptor: Descriptor,
    type: SocketType,
    piece: Uint8Array | undefined,
    pieces: readonly Uint8Array[],
    size: number,
    files: readonly number[],
    credentials: Credentials | undefined,
    destination: Destination | undefined,
    flags: number,
    isWhole: boolean,
    readonly owner?: object,
  ) {
    this.#descriptor = descriptor;
    this.#type = type;
    this.#piece = piece;
    this.pieces = pieces;
    this.size = size;
    this.#files = files;
    this.#credentials = credentials;
    this.#destination = destination;
    this.#hasControl = files.length > 0 || credentials !== undefined;
    this.#flags = flags | MSG_DONTWAIT;
    this.#isWhole = isWhole;
  }

  /** The number of bytes sent so far. */
  get sent(): number {
    return this.#sent;
  }

  /** What an unconnected datagram socket waits for: its own readiness does not depend on the receiver's queue. */
  get obstacle(): Obstacle | undefined {
    return this.#obstacle;
  }

  attempt(): number {
    const { fd } = this.#descriptor;
    const sockaddr = this.#destination?.sockaddr ?? null;
    for (;;) {
      if (this.#isPending && this.#currentSize() < this.size) throw bufferDetachedError();
      const count = this.transfer(fd, this.#sent, sockaddr, this.#flags);
      if (count < 0) return this.#refused(count);
      this.#sent += count;
      if (!this.#isWhole || this.#sent >= this.size) return this.#sent;
    }
  }

  /** Tell a full queue from a failure. */
  #refused(error: number): number {
    if (!isFullQueue(error, this.#type)) return error;
    const destination = this.#destination;
    const needsObstacle = destination !== undefined || error !== -EAGAIN;
    if (needsObstacle) this.#obstacle ??= new FullQueue(this.#descriptor, destination);
    return -EAGAIN;
  }

  /** Return the number of bytes sent. */
  outcome(count: number): number {
    const destination = this.#destination;
    if (count >= 0 || destination === undefined) return check(count, "sendmsg");
    const { display, name } = destination;
    throw systemError(-count, "sendmsg", display, reasonForRefusal(-count, name));
  }

  /** Copy what the caller may change from now on. */
  beforeWait(): void {
    this.#isPending = true;
    if (this.held !== undefined) return;
    const control = this.controlToHold();
    if (control !== undefined) this.held = new HeldControl(control);
  }

  [Symbol.dispose](): void {
    this.held?.release();
    this.#destination?.[Symbol.dispose]();
    this.#obstacle?.[Symbol.dispose]();
  }

  /** The number of bytes of data that are there now. */
  #currentSize(): number {
    return this.#piece === undefined ? totalLength(this.pieces) : byteLengthOf(this.#piece);
  }

  /**
   * Try to send the data behind the first `sent` bytes. Returns the number of bytes sent, or `-errno`.
   *
   * @param sent The number of bytes sent before; with any, the control messages have gone out, too.
   * @param sockaddr The destination, a `struct sockaddr_un`, or `null` for the peer.
   * @param flags The flags of sendmsg(2).
   */
  protected transfer(fd: number, sent: number, sockaddr: Uint8Array | null, flags: number): number {
    const piece = this.#piece;
    const size = pieceOf(this.size - sent, this.#type);
    if (piece === undefined) return this.#transferVectors(fd, sent, size, sockaddr, flags);
    const part = sent === 0 ? piece : viewOf(piece, sent, size);
    if (sockaddr === null && (sent > 0 || !this.#hasControl)) {
      return send(fd, part, flags, size);
    }
    const header = sharedHeader();
    if (size <= SMALL_SIZE) header.setCopy(part, size);
    else header.setSingleVector(part, size);
    this.#addControl(sent);
    header.setName(sockaddr);
    return sendmsg(fd, header.location, flags);
  }

  #transferVectors(
    fd: number,
    sent: number,
    size: number,
    sockaddr: Uint8Array | null,
    flags: number,
  ): number {
    const header = sharedHeader();
    header.setVectors(this.pieces, sent, size);
    this.#addControl(sent);
    header.setName(sockaddr);
    return sendmsg(fd, header.location, flags);
  }

  /** Descriptors are sent once: after a part of the data the receiver has them. */
  #addControl(sent: number): void {
    const header = sharedHeader();
    const { held } = this;
    if (sent > 0 || !this.#hasControl) return header.setControl(0, 0);
    if (held !== undefined) return header.setControl(held.address, held.length);
    const rights = sharedRights();
    header.setControl(rights.address, rights.write(this.#files, this.#credentials));
  }

  /** Return the control messages, to be copied before the first wait; `undefined` if none are left to be sent. */
  protected controlToHold(): Uint8Array | undefined {
    if (this.#sent > 0 || !this.#hasControl) return undefined;
    const rights = sharedRights();
    return rights.finished(rights.write(this.#files, this.#credentials));
  }
}
