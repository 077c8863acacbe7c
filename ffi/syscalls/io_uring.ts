/**
 * io_uring(7): one thin typed function per call, returning a value or `-errno`, and the memory that
 * the process shares with the kernel. The C library has no names for these calls.
 *
 * @module
 */

import { libc } from "../libc.ts";
import { ffiBytes } from "../memory.ts";
import { platform } from "../platform/mod.ts";
import { mayFollowPointers } from "../pointers.ts";
import { checked, missing } from "./result.ts";

const SETUP = BigInt(platform.SYS_io_uring_setup);
const ENTER = BigInt(platform.SYS_io_uring_enter);
const REGISTER = BigInt(platform.SYS_io_uring_register);

/** io_uring_setup(2) with a `struct io_uring_params` laid out in `params`: a descriptor, close-on-exec. */
export function ioUringSetup(entries: number, params: Uint8Array): number {
  const { io_uring_setup } = libc();
  if (io_uring_setup === null || SETUP < 0n) return missing();
  return checked(io_uring_setup(SETUP, entries, ffiBytes(params)));
}

/** io_uring_enter(2), without waiting: the number of entries that the kernel took. */
export function ioUringEnter(ring: number, submit: number, flags: number): number {
  const { io_uring_enter } = libc();
  // deno-coverage-ignore -- macOS and other BSD systems only
  if (io_uring_enter === null) return missing();
  return checked(io_uring_enter(ENTER, ring, submit, 0, flags, null, 0n));
}

/** io_uring_register(2) with an array of numbers. */
export function ioUringRegister(ring: number, operation: number, numbers: Int32Array): number {
  const { io_uring_register } = libc();
  // deno-coverage-ignore -- macOS and other BSD systems only
  if (io_uring_register === null) return missing();
  const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  return checked(io_uring_register(REGISTER, ring, operation, ffiBytes(bytes), numbers.length));
}

// <linux/mman.h>
const PROT_READ = 0x1;
const PROT_WRITE = 0x2;
const MAP_SHARED = 0x1;
const MAP_POPULATE = 0x8000;

/** Memory shared with the kernel. No view of it may be touched once it is given back. */
export class SharedMemory implements Disposable {
  readonly #address: Deno.PointerObject;
  readonly #length: number;
  /** The memory as 32-bit words; an empty array once it is given back. */
  words: Int32Array;

  private constructor(address: Deno.PointerObject, length: number) {
    this.#address = address;
    this.#length = length;
    this.words = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(address, length));
  }

  /** mmap(2) `length` bytes, a multiple of 4, of what `fd` has at `offset`, or `-errno`. */
  static map(fd: number, length: number, offset: number): SharedMemory | number {
    if (!mayFollowPointers()) return -platform.EPERM;
    const { mmap } = libc();
    const address = mmap(
      null,
      BigInt(length),
      PROT_READ | PROT_WRITE,
      MAP_SHARED | MAP_POPULATE,
      fd,
      BigInt(offset),
    );
    // MAP_FAILED is (void *) -1.
    if (address === null || Deno.UnsafePointer.value(address) === 0xffff_ffff_ffff_ffffn) {
      return checked(-1);
    }
    return new SharedMemory(address, length);
  }

  /** munmap(2). */
  [Symbol.dispose](): void {
    if (this.words.length === 0) return;
    this.words = new Int32Array(0);
    libc().munmap(this.#address, BigInt(this.#length));
  }
}
