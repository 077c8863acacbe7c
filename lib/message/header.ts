/**
 * A `struct msghdr` with its `iovec` array and address, laid out in one piece of memory that stays in
 * place, so that preparing a call allocates nothing.
 *
 * @module
 */

import { addressOf, byteLengthOf, witnessOf, writeWide } from "../../ffi/memory.ts";
import { type Platform, platform } from "../../ffi/platform/mod.ts";

/** Capacity for an address: a `sockaddr_un`, and one byte more, which the kernel reports for a full path. */
const NAME_CAPACITY = 128;
/** Behind the `struct msghdr`, of at most 56 bytes. */
const LOCATION_OFFSET = 56;
const NAME_OFFSET = 64;
const INLINE_VECTORS = 8;
const VECTORS_OFFSET = NAME_OFFSET + NAME_CAPACITY;

/**
 * The most bytes of memory that are copied instead of pointed to. V8 has arrays of up to 64 bytes in its own heap at
 * first; looking up their address moves them out of it, which takes longer than all else in a message.
 */
export const SMALL_SIZE = 64;

/** The most `iovec` entries one call takes (`IOV_MAX`). */
export const MAX_VECTORS = 1024;

/** The most bytes of memory that a header keeps reachable to know its address the next time. */
const LARGEST_KEPT = 65536;

const NOTHING = new Uint8Array(0);

/** Memory, and its length at some time. */
interface Remembered {
  readonly memory: Uint8Array;
  readonly length: number;
}

/** A length that no memory has: it forces a new layout each time. */
const NEVER = -1;

function hasLength(bytes: Uint8Array): boolean {
  return byteLengthOf(bytes) > 0;
}

function withLength(memory: Uint8Array): Remembered {
  return { memory, length: memory.length };
}

function isAsLong({ memory, length }: Remembered): boolean {
  return memory.length === length;
}

type Words = Readonly<
  Record<
    "name" | "nameLength" | "vectors" | "vectorCount" | "control" | "controlLength" | "flags",
    number
  >
>;

/** Where the fields lie, counted in words of 32 bits: stores to typed arrays are what V8 does fastest. */
function wordsOf(layout: Platform["msghdr"]): Words {
  return {
    name: layout.msg_name[0] / 4,
    nameLength: layout.msg_namelen[0] / 4,
    vectors: layout.msg_iov[0] / 4,
    vectorCount: layout.msg_iovlen[0] / 4,
    control: layout.msg_control[0] / 4,
    controlLength: layout.msg_controllen[0] / 4,
    flags: layout.msg_flags[0] / 4,
  };
}

let shared: Header | undefined;

/** Return the header that all sockets of this thread share: laid out right before each call, which never overlap. */
export function sharedHeader(): Header {
  return shared ??= new Header();
}

/** A message header in memory. */
export class Header {
  /** The `struct msghdr`. */
  readonly bytes: Uint8Array;
  /** Its address, behind it in the same memory: a reference to this array keeps all of the memory reachable. */
  readonly location: BigUint64Array;
  readonly #at = wordsOf(platform.msghdr);
  /** The fields: lengths are 32 or 64 bits wide, but their values fit 32, and the upper half stays zero. */
  readonly #words: Int32Array;
  readonly #name: Uint8Array;
  readonly #nameAddress: number;
  /** The `iovec` array: four words for each, an address and a length. */
  #vectors: Int32Array;
  /** Memory for small data. */
  readonly #small: Uint8Array;
  readonly #smallAddress: number;
  #hasName = false;
  #controlCapacity = 0;
  /** The memory to remember, and how long each piece was: most often one of data is all. */
  #first: Uint8Array = NOTHING;
  #firstLength = 0;
  #control: Uint8Array = NOTHING;
  #controlLength = 0;
  #others: readonly Remembered[] | undefined;
  /** The piece of memory of the last time, and where it lies: it stays there until its length becomes 0. */
  #last: Uint8Array | undefined = undefined;
  #lastAddress = 0;

  constructor() {
    const smallOffset = VECTORS_OFFSET + INLINE_VECTORS * platform.iovec.size;
    const memory = new ArrayBuffer(smallOffset + SMALL_SIZE);
    this.bytes = new Uint8Array(memory, 0, LOCATION_OFFSET);
    this.#words = new Int32Array(memory, 0, LOCATION_OFFSET / 4);
    this.#name = new Uint8Array(memory, NAME_OFFSET, NAME_CAPACITY);
    this.#vectors = new Int32Array(memory, VECTORS_OFFSET, INLINE_VECTORS * 4);
    this.#small = new Uint8Array(memory, smallOffset, SMALL_SIZE);
    const address = addressOf(new Uint8Array(memory));
    this.location = new BigUint64Array(memory, LOCATION_OFFSET, 1);
    this.location[0] = BigInt(address);
    this.#nameAddress = address + NAME_OFFSET;
    this.#smallAddress = address + smallOffset;
    writeWide(this.#words, this.#at.vectors, address + VECTORS_OFFSET);
  }

  /**
   * Point the header at `vectors`, and remember them together with the memory of control data: to be used
   * again for as long as {@linkcode Header.isIntact} says so.
   */
  keepVectors(vectors: readonly Uint8Array[], control: Uint8Array = NOTHING): void {
    this.setVectors(vectors);
    // What is empty may be detached, and grow if it is not: it cannot be remembered. A message without any
    // data is not remembered: its sender checks it each time.
    const isKept = vectors.length > 0 && vectors.every(hasLength);
    const [first = NOTHING, ...others] = isKept ? vectors.map(witnessOf) : [];
    this.#first = first;
    this.#firstLength = isKept ? first.length : NEVER;
    this.#control = control;
    this.#controlLength = control.length;
    this.#others = others.length === 0 ? undefined : others.map(withLength);
  }

  /**
   * Whether all that memory is where it was: it stays there for as long as its length does not change, and
   * detaching makes that 0.
   */
  isIntact(): boolean {
    if (this.#first.length !== this.#firstLength) return false;
    if (this.#control.length !== this.#controlLength) return false;
    return this.#others === undefined || this.#others.every(isAsLong);
  }

  /**
   * Point the header at the unsent or unfilled part of `vectors`: what lies behind the first `skip` bytes,
   * `most` bytes of it.
   */
  setVectors(vectors: readonly Uint8Array[], skip = 0, most = Infinity): void {
    let count = 0;
    let skipped = skip;
    let left = most;
    for (let i = 0; i < vectors.length && count < MAX_VECTORS && left > 0; i++) {
      const bytes = vectors[i];
      // deno-coverage-ignore -- for the compiler: the index is in range
      if (bytes === undefined) continue;
      const length = byteLengthOf(bytes);
      if (skipped >= length && skipped > 0) {
        skipped -= length;
        continue;
      }
      const part = Math.min(length - skipped, left);
      this.#setVector(count++, addressOf(bytes) + skipped, part);
      skipped = 0;
      left -= part;
    }
    this.#words[this.#at.vectorCount] = count;
  }

  /** Point the header at the first `length` bytes of one piece of memory. */
  setSingleVector(bytes: Uint8Array, length: number = byteLengthOf(bytes)): void {
    const capacity = byteLengthOf(bytes);
    this.#setVector(
      0,
      capacity > 0 ? this.#addressOf(bytes, capacity) : 0,
      Math.min(length, capacity),
    );
    this.#words[this.#at.vectorCount] = 1;
  }

  /** Point the header at a copy of the first `length` bytes, at most {@linkcode SMALL_SIZE}. */
  setCopy(bytes: Uint8Array, length: number): void {
    const small = this.#small;
    for (let i = 0; i < length; i++) small[i] = bytes[i] ?? 0;
    this.setOwnVector(length);
  }

  /** Point the header at `length` bytes of its own, at most {@linkcode SMALL_SIZE}, for {@linkcode Header.copyTo}. */
  setOwnVector(length: number): void {
    this.#setVector(0, this.#smallAddress, length);
    this.#words[this.#at.vectorCount] = 1;
  }

  /** Copy the first `length` bytes that arrived in the header's own memory. */
  copyTo(bytes: Uint8Array, length: number): void {
    const small = this.#small;
    for (let i = 0; i < length; i++) bytes[i] = small[i] ?? 0;
  }

  /**
   * Point the header at `size` bytes, all in the same small memory, followed by `beyond` bytes at an invalid address:
   * for peeking at how much there is.
   */
  setRepeated(bytes: Uint8Array, size: number, beyond: number): void {
    const length = byteLengthOf(bytes);
    const address = this.#addressOf(bytes, length);
    let count = 0;
    for (let left = size; left > 0 && count < MAX_VECTORS - 1; left -= length) {
      this.#setVector(count++, address, Math.min(left, length));
    }
    if (beyond > 0) this.#setVector(count++, 0, beyond);
    this.#words[this.#at.vectorCount] = count;
  }

  /** Most callers use the same memory again. Large memory is not kept reachable for that. */
  #addressOf(bytes: Uint8Array, length: number): number {
    if (bytes === this.#last) return this.#lastAddress;
    const address = addressOf(bytes);
    if (length <= LARGEST_KEPT) {
      this.#last = bytes;
      this.#lastAddress = address;
    }
    return address;
  }

  #setVector(index: number, address: number, length: number): void {
    if (index * 4 >= this.#vectors.length) this.#growVectors();
    writeWide(this.#vectors, index * 4, address);
    writeWide(this.#vectors, index * 4 + 2, length);
  }

  #growVectors(): void {
    const grown = new Int32Array(this.#vectors.length * 4);
    grown.set(this.#vectors);
    this.#vectors = grown;
    writeWide(this.#words, this.#at.vectors, addressOf(new Uint8Array(grown.buffer)));
  }

  /** Set the destination, a `sockaddr_un`, or none. */
  setName(sockaddr: Uint8Array | null): void {
    if (sockaddr !== null) this.#name.set(sockaddr);
    this.#pointAtName(sockaddr !== null);
    this.#words[this.#at.nameLength] = sockaddr === null ? 0 : sockaddr.byteLength;
  }

  /** Ask for the sender's address. */
  receiveName(): void {
    this.#pointAtName(true);
    this.#words[this.#at.nameLength] = NAME_CAPACITY;
  }

  #pointAtName(on: boolean): void {
    if (this.#hasName === on) return;
    this.#hasName = on;
    writeWide(this.#words, this.#at.name, on ? this.#nameAddress : 0);
  }

  /** The memory of the address. */
  get name(): Uint8Array {
    return this.#name;
  }

  /** The length of the address that arrived, in bytes. */
  get nameLength(): number {
    return this.#words[this.#at.nameLength] ?? 0;
  }

  /** Point the header at `length` bytes of control data. */
  setControl(address: number, length: number): void {
    writeWide(this.#words, this.#at.control, length === 0 ? 0 : address);
    this.#words[this.#at.controlLength] = length;
    this.#controlCapacity = length;
  }

  /** The number of bytes of control data that arrived. */
  get controlLength(): number {
    return this.#words[this.#at.controlLength] ?? 0;
  }

  /** The flags that arrived with the last call that succeeded: `MSG_TRUNC`, `MSG_CTRUNC`, … */
  get flags(): number {
    return this.#words[this.#at.flags] ?? 0;
  }

  /** Undo what a receive did to the lengths, for another with the same layout. */
  rewind(named: boolean): void {
    if (named) this.#words[this.#at.nameLength] = NAME_CAPACITY;
    this.#words[this.#at.controlLength] = this.#controlCapacity;
  }
}
