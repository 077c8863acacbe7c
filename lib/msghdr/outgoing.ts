/**
 * Sending a `Msghdr`.
 *
 * @module
 */

import { sendmsg } from "../../ffi/syscalls/sockets.ts";
import type { Destination } from "../address/destination.ts";
import type { SocketState } from "../handle/socket_state.ts";
import { sharedHeader } from "../message/header.ts";
import { totalLength } from "../socket/pieces.ts";
import { Sender } from "../socket/sender.ts";
import type { MessageState } from "./state.ts";

/** Sends a message once, as it is laid out, and from the first wait on as it was then. */
export class HeaderSender extends Sender {
  readonly #message: MessageState;
  #vectors: readonly Uint8Array[];

  constructor(
    socket: SocketState,
    message: MessageState,
    destination: Destination | undefined,
    flags: number,
    owner: object,
  ) {
    super(socket.descriptor, socket.type, message.size, destination, flags, false, owner);
    this.#message = message;
    this.#vectors = message.vectors;
  }

  protected currentSize(): number {
    return totalLength(this.#vectors);
  }

  protected transfer(
    fd: number,
    _sent: number,
    sockaddr: Uint8Array | null,
    flags: number,
  ): number {
    const { held } = this;
    if (held === undefined) return sendmsg(fd, this.#message.layOutToSend(sockaddr), flags);
    const header = sharedHeader();
    header.setVectors(this.#vectors, 0, this.size);
    header.setName(sockaddr);
    header.setControl(held.address, held.length);
    return sendmsg(fd, header.location, flags);
  }

  protected controlToHold(): Uint8Array {
    this.#vectors = this.#vectors.slice();
    return this.#message.outgoing.finished();
  }
}
