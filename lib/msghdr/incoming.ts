/**
 * Receiving into a `Msghdr`.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { recvmsg } from "../../ffi/syscalls/sockets.ts";
import { check, systemError } from "../errors.ts";
import type { ReceiveState } from "../handle/receive_state.ts";
import type { OwnedFd } from "../handle/owned_fd.ts";
import { Receiver } from "../handle/receiver.ts";
import type { Credentials } from "../message/cmsg.ts";
import { noteTaken } from "../socket/seqpacket.ts";
import type { MessageState } from "./state.ts";

const { EAGAIN, EINVAL, MSG_DONTWAIT, MSG_OOB, MSG_PEEK, MSG_WAITALL } = platform;

/** Check the result of recvmsg(2): with `MSG_OOB`, the commonest error has another meaning. */
export function checkReceived(result: number, flags: number): number {
  if (result === -EINVAL && (flags & MSG_OOB) !== 0) throw noUrgentData();
  return check(result, "recvmsg");
}

function noVectors(): TypeError {
  return new TypeError(
    "Cannot receive from a stream into a message without vectors: 0 bytes would look like the end; add one with `addVector`",
  );
}

function noUrgentData(): Error {
  const reason = "no urgent data is there: none came yet, or it was taken";
  return systemError(EINVAL, "recvmsg", undefined, reason);
}

/** Receives into a message; its result is the number of bytes. */
export class HeaderReceiver extends Receiver<number> {
  files: OwnedFd[] | undefined = undefined;
  pidfd: OwnedFd | undefined = undefined;
  credentials: Credentials | undefined = undefined;
  protected readonly state: ReceiveState;
  protected readonly piece = undefined;
  protected pieces: readonly Uint8Array[];
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
  readonly #message: MessageState;
  readonly #resets: number;
  readonly #named: boolean;
  readonly #isUrgent: boolean;
  #isHeld = false;
  #isUnread = false;

  /** @throws {TypeError} If the socket is a stream, and the message has no vectors. */
  constructor(state: ReceiveState, message: MessageState, flags: number) {
    super();
    const { vectors, size, resets } = message;
    this.state = state;
    this.#message = message;
    this.#resets = resets;
    this.#named = state.type !== "stream";
    this.#isUrgent = (flags & MSG_OOB) !== 0;
    if (!this.#named && vectors.length === 0) throw noVectors();
    // Every call is made with MSG_DONTWAIT, which makes MSG_WAITALL void: filling the memory is done here.
    this.mustFill = (flags & MSG_WAITALL) !== 0 && size > 0 && !this.#named &&
      (flags & (MSG_OOB | MSG_DONTWAIT | MSG_PEEK)) === 0;
    this.flags = (flags & ~MSG_WAITALL) | MSG_DONTWAIT;
    this.pieces = vectors;
    this.size = size;
  }

  protected override takesUnread(): boolean {
    return this.#isUnread = !this.#isUrgent && super.takesUnread();
  }

  protected override hasDescriptors(): boolean {
    const { files, pidfd } = this.#message.received;
    return files !== undefined || pidfd !== undefined;
  }

  protected receiveOnce(fd: number): number {
    const message = this.#message;
    if (message.resets !== this.#resets) {
      throw new TypeError(
        "Cannot receive into the message: it was reset while the receive waited; reset it when the receive is done",
      );
    }
    const header = this.filled === 0 && !this.#isHeld
      ? message.layOutToReceive(this.#named)
      : message.layOutRest(this.#named, this.pieces, this.filled, this.size - this.filled);
    if (header === undefined || (this.size === 0 && !this.#named)) {
      message.finishUnread(0);
      return 0;
    }
    const count = recvmsg(fd, header, this.flags);
    noteTaken(this.state, undefined);
    // What came along with the bytes before counts until more of them come.
    if (this.filled === 0 || count > 0) message.finishReceive(count, this.#named);
    if (count > 0) {
      this.#isUnread = false;
      this.credentials = message.received.credentials;
    }
    this.hasEnded = count === 0 && !this.#named;
    return count;
  }

  /** The vectors may change from now on. */
  override beforeWait(): void {
    super.beforeWait();
    this.#isHeld = true;
    this.pieces = this.pieces.slice();
  }

  /** Return the number of bytes; after the socket's own time limit, too, if there are any. */
  outcome(result: number): number {
    const count = result === -EAGAIN && this.filled > 0
      ? this.filled
      : checkReceived(result, this.flags);
    this.taken();
    if (this.#isUnread) this.#message.finishUnread(count);
    else this.#message.bytesReceived = count;
    return count;
  }
}
