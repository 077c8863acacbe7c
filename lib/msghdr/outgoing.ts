/**
 * Sending a `Msghdr`.
 *
 * @module
 */

import { sendmsg } from "../../ffi/syscalls/sockets.ts";
import type { Destination } from "../address/destination.ts";
import type { SocketState } from "../handle/socket_state.ts";
import { sharedHeader } from "../message/header.ts";
import { Sender } from "../socket/sender.ts";
import type { MessageState } from "./state.ts";

const NO_FILES: readonly number[] = [];

/** Sends a message once, as it is laid out, and from the first wait on as it was then. */
export class HeaderSender extends Sender {
  readonly #state: MessageState;

  constructor(
    socket: SocketState,
    state: MessageState,
    destination: Destination | undefined,
    flags: number,
    owner: object,
  ) {
    const { descriptor, type } = socket;
    const { vectors, size } = state;
    // No descriptors and credentials: they are in the control messages of `state`.
    super(
      descriptor,
      type,
      undefined,
      vectors,
      size,
      NO_FILES,
      undefined,
      destination,
      flags,
      false,
      owner,
    );
    this.#state = state;
  }

  protected override transfer(
    fd: number,
    _sent: number,
    sockaddr: Uint8Array | null,
    flags: number,
  ): number {
    const { held } = this;
    if (held === undefined) return sendmsg(fd, this.#state.layOutToSend(sockaddr), flags);
    const header = sharedHeader();
    header.setVectors(this.pieces, 0, this.size);
    header.setName(sockaddr);
    header.setControl(held.address, held.length);
    return sendmsg(fd, header.location, flags);
  }

  protected override controlToHold(): Uint8Array {
    this.pieces = this.pieces.slice();
    return this.#state.outgoing.finished();
  }
}
