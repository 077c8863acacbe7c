/**
 * The control data of a message that waits to be sent, with duplicates of its descriptors.
 *
 * @module
 */

import { addressOf } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { controlStart, nextControl } from "../message/cmsg.ts";
import { Descriptor } from "../descriptor/descriptor.ts";
import { duplicate } from "../fd/file_like.ts";

/** Small arrays may live in V8's heap, where they move. */
const SMALLEST = 128;

/**
 * A copy of control data in which each descriptor is replaced by a duplicate, since the caller may close its own
 * while the message waits, and the kernel then reuses the number.
 */
export class HeldControl {
  /** The number of bytes. */
  readonly length: number;
  /** Where they lie. */
  readonly address: number;
  readonly #bytes: Uint8Array;
  readonly #duplicates: Descriptor[] = [];

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
        const copy = new Descriptor(duplicate(view.getInt32(offset, true)), "message under way");
        this.#duplicates.push(copy);
        view.setInt32(offset, copy.fd, true);
      }
    }
  }

  /** Close the duplicates, once. */
  release(): void {
    for (const copy of this.#duplicates) copy.close();
    this.#duplicates.length = 0;
  }
}
