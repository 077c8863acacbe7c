/**
 * Reading bytes of a socket, of whatever type.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { recv } from "../../ffi/syscalls/sockets.ts";
import { requireLength } from "../descriptor/caller_buffer.ts";
import type { Outcome } from "../descriptor/perform.ts";
import { check } from "../errors.ts";
import { END, foundEnd, lookAhead, noteTaken } from "../socket/seqpacket.ts";
import type { SocketState } from "./socket_state.ts";

const { EAGAIN, MSG_DONTWAIT } = platform;

/** A read of a socket: bytes only, so that the kernel closes descriptors that come along. */
export class Read implements Outcome<number | null> {
  readonly #state: SocketState;
  readonly #owner: object;
  readonly #bytes: Uint8Array;
  readonly #length: number;
  #hasEnded = false;
  #hasWaited = false;

  /**
   * @param owner The socket, which must not become garbage while the read waits: that would close the descriptor.
   * @param length The length of `bytes` at the time of the call.
   */
  constructor(state: SocketState, owner: object, bytes: Uint8Array, length: number) {
    this.#state = state;
    this.#owner = owner;
    this.#bytes = bytes;
    this.#length = length;
  }

  attempt(): number {
    const state = this.#state;
    const { fd } = state.descriptor;
    requireLength(this.#bytes, this.#length);
    // With no space it returns 0 here: recv(2) would wait for data all the same, or take a message.
    if (this.#length === 0) return 0;
    if (state.type === "stream") return Read.#readStream(this, fd);
    if (state.type === "seqpacket") return Read.#readMessage(this, fd);
    const count = recv(fd, this.#bytes, MSG_DONTWAIT, this.#length);
    return count === -EAGAIN ? Read.#nothingYet(this) : count;
  }

  // Static: with a private method, each read would take memory for the mark of its class.

  static #readStream(read: Read, fd: number): number {
    const { receiving } = read.#state;
    const count = receiving?.hasUnread
      ? receiving.takeUnread([read.#bytes], false, read.#length)
      : recv(fd, read.#bytes, MSG_DONTWAIT, read.#length);
    read.#hasEnded = count === 0;
    return count;
  }

  static #readMessage(read: Read, fd: number): number {
    const receiving = read.#state.receiveState(read.#owner);
    const next = lookAhead(fd, receiving);
    read.#hasEnded = next === END;
    if (next <= END) return next;
    const count = recv(fd, read.#bytes, MSG_DONTWAIT, read.#length);
    // A message that fills the memory may have been longer.
    noteTaken(receiving, count < 0 || count === read.#length ? undefined : count);
    read.#hasEnded = foundEnd(fd, next, count);
    return count;
  }

  static #nothingYet(read: Read): number {
    const receiving = read.#state.receiveState(read.#owner);
    read.#hasEnded = receiving.isOver(read.#hasWaited);
    read.#hasWaited = true;
    return read.#hasEnded ? 0 : -EAGAIN;
  }

  outcome(count: number): number | null {
    return check(count, "recv") === 0 && this.#hasEnded ? null : count;
  }
}
