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
import { END, lookAhead } from "../socket/seqpacket.ts";
import type { ReceiveState } from "./receive_state.ts";

const { EAGAIN, MSG_DONTWAIT } = platform;

/** A read of a socket: bytes only, so that the kernel closes descriptors that come along. */
export class Read implements Outcome<number | null> {
  readonly #state: ReceiveState;
  readonly #bytes: Uint8Array;
  readonly #length: number;
  #hasEnded = false;
  #hasWaited = false;

  /** @param length The length of `bytes` at the time of the call. */
  constructor(state: ReceiveState, bytes: Uint8Array, length: number) {
    this.#state = state;
    this.#bytes = bytes;
    this.#length = length;
  }

  attempt(): number {
    const state = this.#state;
    const { fd } = state.descriptor;
    requireLength(this.#bytes, this.#length);
    // With no space it returns 0 here: recv(2) would wait for data all the same, or take a message.
    if (this.#length === 0) return 0;
    if (state.type === "stream") return this.#readStream(fd);
    const next = state.type === "seqpacket" ? lookAhead(fd) : 1;
    this.#hasEnded = next === END;
    const count = next <= END ? next : recv(fd, this.#bytes, MSG_DONTWAIT, this.#length);
    return count === -EAGAIN ? this.#nothingYet() : count;
  }

  #readStream(fd: number): number {
    const state = this.#state;
    const count = state.hasUnread
      ? state.takeUnread([this.#bytes], false, this.#length)
      : recv(fd, this.#bytes, MSG_DONTWAIT, this.#length);
    this.#hasEnded = count === 0;
    return count;
  }

  #nothingYet(): number {
    this.#hasEnded = this.#state.isOver(this.#hasWaited);
    this.#hasWaited = true;
    return this.#hasEnded ? 0 : -EAGAIN;
  }

  outcome(count: number): number | null {
    return check(count, "recv") === 0 && this.#hasEnded ? null : count;
  }
}
