/**
 * A `Msghdr` on its way out.
 *
 * @module
 */

import { sendmsg } from "../../ffi/syscalls/sockets.ts";
import { bufferDetachedError } from "../descriptor/caller_buffer.ts";
import { sharedHeader } from "../message/header.ts";
import { HeldControl, type Outgoing } from "../socket/outgoing.ts";
import { totalLength } from "../socket/pieces.ts";
import type { MessageState } from "./state.ts";

/** Sends a message as it is laid out, and from the first wait on as it was then. */
export class OutgoingHeader implements Outgoing {
  readonly size: number;
  readonly #message: MessageState;
  #vectors: readonly Uint8Array[];
  #control: HeldControl | undefined = undefined;

  constructor(message: MessageState) {
    this.#message = message;
    this.#vectors = message.vectors;
    this.size = message.size;
  }

  requireSize(): void {
    if (totalLength(this.#vectors) < this.size) throw bufferDetachedError();
  }

  transfer(fd: number, _sent: number, sockaddr: Uint8Array | null, flags: number): number {
    const control = this.#control;
    if (control === undefined) return sendmsg(fd, this.#message.layOutToSend(sockaddr), flags);
    const header = sharedHeader();
    header.setVectors(this.#vectors, 0, this.size);
    header.setName(sockaddr);
    header.setControl(control.address, control.length);
    return sendmsg(fd, header.location, flags);
  }

  hold(): void {
    if (this.#control !== undefined) return;
    this.#vectors = this.#vectors.slice();
    this.#control = new HeldControl(this.#message.outgoing.finished());
  }

  release(): void {
    this.#control?.release();
  }
}
