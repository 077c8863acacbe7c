/**
 * One incoming message, from the system call to owned values: for `Socket.receive` and recvmsg alike, so that
 * they wait, stop and fail in the same way.
 *
 * @module
 */

import { byteLengthOf, viewOf } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { bufferDetachedError } from "../descriptor/caller_buffer.ts";
import type { Outcome } from "../descriptor/perform.ts";
import { type Credentials, isSameSender } from "../message/cmsg.ts";
import { IncomingControl } from "../message/control.ts";
import { sharedHeader } from "../message/header.ts";
import { peekMessage } from "../socket/peek.ts";
import { concatenated, totalLength } from "../socket/pieces.ts";
import type { OwnedFd } from "./owned_fd.ts";
import type { PartialReceive, ReceiveState } from "./receive_state.ts";
import { closeReceived, nothingReceived, ownReceivedFds, type Received } from "./received_fds.ts";

const { EAGAIN, MSG_CTRUNC, MSG_PEEK } = platform;

/** The control data of all sockets on this thread: calls never overlap. */
let control: IncomingControl | undefined;

/** Return the memory for control data that all sockets of this thread share: used for one call, which never overlap. */
export function sharedControl(): IncomingControl {
  return control ??= new IncomingControl();
}

// The results of peeking at the next sender, beside `-errno`.
const STOP = 0;
const GO_ON = 1;

const oneByte = new Uint8Array(128).subarray(0, 1);

/** The control data of a peek, which must not be kept. */
const seen: Received = nothingReceived();

/**
 * Receives one message, or what has come of a stream. If it is to fill its memory, it goes on until that is full,
 * the stream ends, another sender follows, or descriptors come along, which stay with the bytes they came with.
 *
 * One is made for each message, and a constructor that calls another takes a thirtieth of the time of a message. So this
 * class has no constructor, and nothing that needs one, such as fields or `#private` methods: its subclasses declare the
 * fields, with the values given here.
 */
export abstract class Receiver<T> implements Outcome<T>, Received, PartialReceive, Disposable {
  abstract files: OwnedFd[] | undefined;
  abstract pidfd: OwnedFd | undefined;
  abstract credentials: Credentials | undefined;
  protected abstract readonly state: ReceiveState;
  /** The memory, if it is used as one piece. */
  protected abstract readonly piece: Uint8Array | undefined;
  /** The memory, if it is used as several. */
  protected abstract pieces: readonly Uint8Array[];
  /** The number of bytes to receive at most: what the memory had when the receive was started. */
  protected abstract readonly size: number;
  /** Flags of recvmsg(2). */
  protected abstract readonly flags: number;
  /** Whether to go on until the memory is full. */
  protected abstract readonly mustFill: boolean;
  /** The number of bytes received: 0 at first. */
  protected abstract filled: number;
  /** Whether the end was received: `false` at first. */
  protected abstract hasEnded: boolean;
  /** The sender of the first byte, if it is known: read only where it matters. */
  protected abstract sender: Credentials | undefined;
  /** Whether the receive has had to wait: code of the caller has run since then. `false` at first. */
  protected abstract isPending: boolean;
  /** Whether nothing more is to be received: `false` at first. */
  protected abstract isDone: boolean;
  /** Whether the caller has got what was received: `false` at first. */
  protected abstract isTaken: boolean;
  /** Whether an attempt has found nothing: `false` at first. */
  protected abstract hasWaited: boolean;

  /**
   * Receive once, behind the bytes that are there: the number of bytes, or `-errno`. The descriptors that come
   * are owned by this object, and `hasEnded` is set at the end.
   */
  protected abstract receiveOnce(fd: number): number;

  /** Return the caller's value for the result of the last attempt. */
  abstract outcome(result: number): T;

  /** Called when the last byte has come: shared memory must be released now. */
  protected keepData(): void {}

  /** The bytes received so far, to be copied. */
  protected get received(): Uint8Array {
    const { piece, pieces, filled } = this;
    return piece === undefined ? concatenated(pieces, filled) : viewOf(piece, 0, filled);
  }

  /** The memory, in the form for several pieces. */
  protected get vectors(): readonly Uint8Array[] {
    return this.piece === undefined ? this.pieces : [this.piece];
  }

  private hasSize(): boolean {
    const { piece, pieces, size } = this;
    return (piece === undefined ? totalLength(pieces) : byteLengthOf(piece)) >= size;
  }

  attempt(): number {
    const { fd } = this.state.descriptor;
    if (this.filled === 0 && this.takesUnread()) this.takeUnread();
    while (!this.isDone) {
      // A buffer may be detached or shrink while the receive waits: then no bytes are taken.
      if (this.isPending && !this.hasSize()) throw bufferDetachedError();
      const next = this.mustFill ? this.lookAhead(fd) : GO_ON;
      if (next === STOP) break;
      const count = next < 0 ? next : this.receiveOnce(fd);
      if (count < 0 && !this.isOver(count)) {
        if (this.filled > 0) this.state.partial = this;
        return count;
      }
      this.filled += Math.max(count, 0);
      this.isDone = !this.mustFill || this.isAll();
    }
    this.isDone = true;
    this.state.partial = undefined;
    this.keepData();
    return this.filled;
  }

  /** Whether bytes that an earlier receive left come first. */
  protected takesUnread(): boolean {
    return this.state.hasUnread;
  }

  private takeUnread(): void {
    const { state, size } = this;
    this.credentials = this.sender = state.unreadCredentials;
    this.filled = state.takeUnread(this.vectors, (this.flags & MSG_PEEK) !== 0, size);
    this.isDone = !this.mustFill || this.filled >= size || state.hasUnread;
  }

  /** Note that the caller's code may run now and change its memory. */
  beforeWait(): void {
    this.isPending = true;
  }

  private isOver(result: number): boolean {
    if (result !== -EAGAIN) return false;
    this.hasEnded = this.state.isOver(this.hasWaited);
    this.hasWaited = true;
    return this.hasEnded;
  }

  /** Whether a receive that is to fill its memory has what it waits for. */
  private isAll(): boolean {
    return this.hasEnded || this.filled >= this.size || this.hasDescriptors();
  }

  /** Whether descriptors have come: what follows is not theirs. */
  protected hasDescriptors(): boolean {
    return this.files !== undefined || this.pidfd !== undefined;
  }

  /**
   * Peek whether the next bytes may be appended: only bytes of one sender are put together. Returns
   * `STOP`, `GO_ON`, or `-errno`.
   */
  private lookAhead(fd: number): number {
    let count = lookAtSender(fd, this.state);
    if (count > 0 && (sharedHeader().flags & MSG_CTRUNC) !== 0) {
      // Another process may have set an option since: a peek loses nothing.
      this.state.lookUpOptions();
      count = lookAtSender(fd, this.state);
    }
    if (count < 0) return count;
    // A receive at the end would overwrite what came along with the bytes before.
    if (count === 0) return this.filled === 0 ? GO_ON : STOP;
    if (this.filled === 0) this.sender = seen.credentials;
    else if (!isSameSender(seen.credentials, this.sender) || this.mustStop(fd)) return STOP;
    return GO_ON;
  }

  /** Whether there is another reason not to append the next bytes. */
  protected mustStop(_fd: number): boolean {
    return false;
  }

  /** Note that the caller has got what was received. */
  protected taken(): void {
    this.isTaken = true;
    if (this.state.partial === this) this.state.partial = undefined;
  }

  /** Leave the part that was taken to the next receive. */
  handBack(): void {
    if (this.state.partial !== this) return;
    this.state.partial = undefined;
    if (this.hasSize()) this.state.giveBack(this.received, this.credentials);
  }

  /** Close descriptors that the caller did not get, and keep the bytes of a stream for the next receive. */
  [Symbol.dispose](): void {
    if (this.isTaken) return;
    closeReceived(this);
    this.handBack();
  }
}

/** Peek at the sender of the next byte. Returns the number of bytes seen, or `-errno`. */
function lookAtSender(fd: number, state: ReceiveState): number {
  const capacity = state.plainControl;
  const header = sharedHeader();
  const control = sharedControl();
  header.setSingleVector(oneByte);
  header.setName(null);
  header.setControl(control.prepare(capacity), capacity);
  const count = peekMessage(fd, header.location);
  control.arrived = count < 0 ? 0 : header.controlLength;
  ownReceivedFds(control, seen);
  closeReceived(seen);
  return count;
}
