/**
 * What a sender needs to know of a message, and what is held while one waits.
 *
 * @module
 */

import { addressOf } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { closeFd } from "../../ffi/syscalls/files.ts";
import { controlStart, nextControl } from "../message/cmsg.ts";
import { duplicate } from "../fd/file_like.ts";

/**
 * An outgoing message: data, and control messages that go along with its first byte. Until it is held, it is
 * what the caller gave, so that a message that goes out at once costs no copy.
 */
export interface Outgoing {
  /** The number of bytes of data when the send was started. */
  readonly size: number;
  /** Check that these bytes are still there. @throws {TypeError} If they were detached or shrunk. */
  requireSize(): void;
  /**
   * Try to send what lies behind the first `sent` bytes: the number of bytes that went out, or `-errno`.
   *
   * @param sent The number of bytes sent before; with any, the control messages have gone out, too.
   * @param sockaddr The destination, a `struct sockaddr_un`, or `null` for the peer.
   * @param flags The flags of sendmsg(2).
   */
  transfer(fd: number, sent: number, sockaddr: Uint8Array | null, flags: number): number;
  /**
   * Make the message independent of what the caller does from now on: called before it waits.
   *
   * @param sent The number of bytes sent so far.
   */
  hold(sent: number): void;
  /** Give up what is held. */
  release(): void;
}

/** Small arrays may live in V8's heap, where they move. */
const SMALLEST = 128;

/**
 * Control data on hold: a copy in which duplicates stand in for all descriptors to be passed, since the caller
 * may close those and the kernel then reuses their numbers.
 */
export class HeldControl {
  /** The number of bytes. */
  readonly length: number;
  /** Where they lie. */
  readonly address: number;
  readonly #bytes: Uint8Array;
  readonly #duplicates: number[] = [];

  /** @throws {Deno.errors.BadResource} If a descriptor in it is not open: then nothing is held. */
  constructor(finished: Uint8Array) {
    this.length = finished.byteLength;
    this.#bytes = new Uint8Array(Math.max(SMALLEST, this.length));
    this.#bytes.set(finished);
    this.address = addressOf(this.#bytes);
    try {
      this.#duplicateAll(new DataView(this.#bytes.buffer));
    } catch (error) {
      this.release();
      throw error;
    }
  }

  #duplicateAll(view: DataView): void {
    const { SOL_SOCKET, SCM_RIGHTS } = platform;
    const position = controlStart();
    while (nextControl(position, view, this.length, platform)) {
      const { level, type, start, end } = position;
      if (level !== SOL_SOCKET || type !== SCM_RIGHTS) continue;
      for (let offset = start; offset + 4 <= end; offset += 4) {
        const fd = duplicate(view.getInt32(offset, true));
        this.#duplicates.push(fd);
        view.setInt32(offset, fd, true);
      }
    }
  }

  /** Close the duplicates, once. */
  release(): void {
    for (const fd of this.#duplicates) closeFd(fd);
    this.#duplicates.length = 0;
  }
}
