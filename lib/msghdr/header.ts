/**
 * A `struct msghdr` with its `iovec` array and address, laid out in one piece of memory that stays in
 * place, so that preparing a call allocates nothing.
 *
 * @module
 */

import { addressOf, byteLengthOf } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/mod.ts";

/** Room for an address: a `sockaddr_un`, and one byte more, which the kernel reports for a full path. */
const NAME_ROOM = 128;
const NAME_OFFSET = 64;
const INLINE_VECTORS = 8;
const VECTORS_OFFSET = NAME_OFFSET + NAME_ROOM;

/** The most `iovec` entries one call takes (`IOV_MAX`). */
export const MAX_VECTORS = 1024;

/** A message header in memory. */
export class Header {
  /** The `struct msghdr`, to be passed to sendmsg(2) and recvmsg(2). */
  readonly bytes: Uint8Array;
  #view: DataView;
  #name: Uint8Array;
  #nameAddress: bigint;
  #vectors: BigUint64Array;
  #vectorsAddress: bigint;
  #layout = platform.msghdr;
  #hasName = false;
  #controlAddress = 0n;
  /** What the vectors stand for, if it is memory of a Msghdr's own, and how long each was. */
  #kept: readonly Uint8Array[] = [];
  #keptLengths: number[] = [];

  constructor() {
    const memory = new ArrayBuffer(VECTORS_OFFSET + INLINE_VECTORS * platform.iovec.size);
    this.bytes = new Uint8Array(memory, 0, NAME_OFFSET);
    this.#view = new DataView(memory);
    this.#name = new Uint8Array(memory, NAME_OFFSET, NAME_ROOM);
    this.#vectors = new BigUint64Array(memory, VECTORS_OFFSET, INLINE_VECTORS * 2);
    const address = addressOf(new Uint8Array(memory));
    this.#nameAddress = address + BigInt(NAME_OFFSET);
    this.#vectorsAddress = address + BigInt(VECTORS_OFFSET);
    this.#setPointer(this.#layout.msg_iov[0], this.#vectorsAddress);
  }

  #setPointer(offset: number, address: bigint): void {
    this.#view.setBigUint64(offset, address, true);
  }

  /** Lengths are 32 or 64 bits wide; the values always fit 32, and the upper half stays zero. */
  #setLength(offset: number, length: number): void {
    this.#view.setUint32(offset, length, true);
  }

  /**
   * Point the header at `vectors`, which the caller keeps reachable and unchanged as an array. Nothing is
   * to be done if they are those of the last time: memory stays where it is for as long as its length
   * does not change, and detaching makes that 0.
   */
  keepVectors(vectors: readonly Uint8Array[]): void {
    if (this.#keeps(vectors)) return;
    this.setVectors(vectors);
    this.#kept = vectors.slice();
    this.#keptLengths = vectors.map(byteLengthOf);
  }

  #keeps(vectors: readonly Uint8Array[]): boolean {
    if (vectors.length === 0 || vectors.length !== this.#kept.length) return false;
    for (let i = 0; i < vectors.length; i++) {
      const bytes = vectors[i];
      if (bytes === undefined || bytes !== this.#kept[i]) return false;
      if (byteLengthOf(bytes) !== this.#keptLengths[i]) return false;
    }
    return true;
  }

  /** Point the header at the unsent or unfilled part of `vectors`: what lies behind the first `skip` bytes. */
  setVectors(vectors: readonly Uint8Array[], skip = 0): void {
    this.#kept = [];
    let count = 0;
    let skipped = skip;
    for (let i = 0; i < vectors.length && count < MAX_VECTORS; i++) {
      const bytes = vectors[i];
      if (bytes === undefined) continue;
      const length = byteLengthOf(bytes);
      if (skipped >= length && skipped > 0) {
        skipped -= length;
        continue;
      }
      this.#setVector(count++, addressOf(bytes) + BigInt(skipped), length - skipped);
      skipped = 0;
    }
    this.#setLength(this.#layout.msg_iovlen[0], count);
  }

  /** Point the header at the first `length` bytes of one piece of memory. */
  setSingleVector(bytes: Uint8Array, length: number = byteLengthOf(bytes)): void {
    this.#kept = [];
    this.#setVector(0, addressOf(bytes), Math.min(length, byteLengthOf(bytes)));
    this.#setLength(this.#layout.msg_iovlen[0], 1);
  }

  #setVector(index: number, address: bigint, length: number): void {
    if (index * 2 >= this.#vectors.length) this.#growVectors();
    this.#vectors[index * 2] = address;
    this.#vectors[index * 2 + 1] = BigInt(length);
  }

  #growVectors(): void {
    const grown = new BigUint64Array(this.#vectors.length * 4);
    grown.set(this.#vectors);
    this.#vectors = grown;
    this.#vectorsAddress = addressOf(new Uint8Array(grown.buffer));
    this.#setPointer(this.#layout.msg_iov[0], this.#vectorsAddress);
  }

  /** Set the destination, a `sockaddr_un`, or none. */
  setName(sockaddr: Uint8Array | null): void {
    if (sockaddr !== null) this.#name.set(sockaddr);
    this.#pointAtName(sockaddr !== null);
    this.#setLength(this.#layout.msg_namelen[0], sockaddr?.byteLength ?? 0);
  }

  /** Ask for the sender's address. */
  receiveName(): void {
    this.#pointAtName(true);
    this.#setLength(this.#layout.msg_namelen[0], NAME_ROOM);
  }

  #pointAtName(on: boolean): void {
    if (this.#hasName === on) return;
    this.#hasName = on;
    this.#setPointer(this.#layout.msg_name[0], on ? this.#nameAddress : 0n);
  }

  /** The memory of the address. */
  get name(): Uint8Array {
    return this.#name;
  }

  /** The length of the address that arrived, in bytes. */
  get nameLength(): number {
    return this.#view.getUint32(this.#layout.msg_namelen[0], true);
  }

  /** Point the header at `length` bytes of control data. */
  setControl(address: bigint, length: number): void {
    const pointer = length === 0 ? 0n : address;
    if (pointer !== this.#controlAddress) {
      this.#controlAddress = pointer;
      this.#setPointer(this.#layout.msg_control[0], pointer);
    }
    this.#setLength(this.#layout.msg_controllen[0], length);
  }

  /** The number of bytes of control data that arrived. */
  get controlLength(): number {
    return this.#view.getUint32(this.#layout.msg_controllen[0], true);
  }

  /** The flags that arrived: `MSG_TRUNC`, `MSG_CTRUNC`, … */
  get flags(): number {
    return this.#view.getInt32(this.#layout.msg_flags[0], true);
  }

  /** Clear the flags: an output only, and untouched by a call that fails. */
  clearFlags(): void {
    this.#view.setInt32(this.#layout.msg_flags[0], 0, true);
  }
}
