/**
 * The content of a file as memory: mmap(2).
 *
 * @module
 */

import { errno } from "../errno.ts";
import { libc } from "../libc.ts";
import { mayFollowPointers } from "../pointers.ts";

// <sys/mman.h>
const PROT_READ = 0x1;
const PROT_WRITE = 0x2;
const MAP_SHARED = 0x1;
const MAP_PRIVATE = 0x2;

const MAP_FAILED = 2n ** 64n - 1n; // (void *) -1

/** The content of a file as memory: shared with all processes that map it, or copied page by page when written to. */
export class MappedMemory implements Disposable {
  readonly #address: Deno.PointerObject;
  readonly #length: number;
  #buffer: ArrayBuffer | undefined;

  private constructor(address: Deno.PointerObject, length: number) {
    this.#address = address;
    this.#length = length;
    this.#buffer = Deno.UnsafePointerView.getArrayBuffer(address, length);
  }

  /** mmap(2) the first `length` bytes of `fd`, at least 1: the memory or `-errno`. */
  static map(fd: number, length: number, shared = false): MappedMemory | number {
    if (!mayFollowPointers()) {
      throw new Deno.errors.NotCapable(
        "Cannot map the file: a view of its memory needs --allow-ffi without a path",
      );
    }
    const { mmap } = libc();
    const flags = shared ? MAP_SHARED : MAP_PRIVATE;
    const address = mmap(null, BigInt(length), PROT_READ | PROT_WRITE, flags, fd, 0n);
    const error = errno();
    return address === null || Deno.UnsafePointer.value(address) === MAP_FAILED
      ? -error
      : new MappedMemory(address, length);
  }

  /** The memory, empty once it is given back or transferred elsewhere. */
  get bytes(): Uint8Array<ArrayBuffer> {
    const buffer = this.#buffer;
    return buffer === undefined || buffer.detached ? new Uint8Array() : new Uint8Array(buffer);
  }

  /**
   * munmap(2). Every view of the memory becomes empty first, so that none can reach what comes to lie at
   * that address later. If the buffer was transferred elsewhere, the memory stays.
   */
  [Symbol.dispose](): void {
    const buffer = this.#buffer;
    this.#buffer = undefined;
    if (buffer === undefined || buffer.detached) return;
    buffer.transfer();
    libc().munmap(this.#address, BigInt(this.#length));
  }
}
