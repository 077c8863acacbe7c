/**
 * A buffer for the bytes of a stream that have arrived and were not taken yet.
 *
 * @module
 */

/** How much is received at a time, in bytes. */
const SIZE = 65536;

/** Less space than this is not worth a system call, in bytes. */
const LEAST_SPACE = 16384;

/** Memory of less than this is kept as it is, in bytes. */
const SMALL = 4096;

const NOTHING: Uint8Array = new Uint8Array(0);

/** Memory to receive into that no buffer uses: calls never overlap. */
let spare: Uint8Array | undefined;

function spareMemory(): Uint8Array {
  // A framing that kept a view of it may have detached it.
  if (spare === undefined || spare.byteLength < SIZE) spare = new Uint8Array(SIZE);
  return spare;
}

/** Let memory that is not used any more be the spare one, if there is none. */
function leave(memory: Uint8Array): void {
  if (spare === undefined && memory.byteLength === SIZE) spare = memory;
}

/**
 * A queue of bytes in one piece of memory. Of what has come and what comes, it is always the smaller part that is
 * moved: so each byte is moved a bounded number of times, however small the pieces. The memory is never more than
 * a few times what the bytes need, and none while there are none.
 */
export class FrameBuffer {
  /** The memory. Bytes from `start` to `end` are in use. */
  bytes: Uint8Array = NOTHING;
  /** Where the first byte is. */
  start = 0;
  /** Where the last byte ends. */
  end = 0;
  /** Whether the space that was reserved last is in spare memory. */
  #isSpare = false;

  /** The number of bytes. */
  get length(): number {
    return this.end - this.start;
  }

  /** Whether a framing detached the memory: then the bytes are lost. */
  get isDetached(): boolean {
    return this.end > this.bytes.byteLength;
  }

  /**
   * Return space for bytes to come. It belongs to this buffer up to the end of the step it is asked for in: receive
   * at once, and say by {@linkcode FrameBuffer.commit} how much.
   *
   * @param whole How many bytes the frame at the front has, if that is known. Space for a long one ends with it, so
   * that it can be taken as it lies.
   */
  reserve(whole: number | undefined): Uint8Array {
    const { length } = this;
    const limit = whole !== undefined && whole > SIZE ? whole : Infinity;
    this.#isSpare = limit === Infinity && length <= SIZE / 2;
    if (this.#isSpare) return spareMemory().subarray(length);
    let space = this.#spaceUpTo(limit);
    if (space < Math.min(LEAST_SPACE, limit - length)) {
      this.#move(Math.min(limit, Math.max(SIZE, 2 * length)));
      space = this.#spaceUpTo(limit);
    }
    return this.bytes.subarray(this.end, this.end + space);
  }

  #spaceUpTo(limit: number): number {
    return Math.min(this.bytes.byteLength, this.start + limit) - this.end;
  }

  /** Add the first `size` bytes of the space that was reserved. */
  commit(size: number): void {
    if (!this.#isSpare) this.end += size;
    else if (size >= this.length) this.#takeSpare(this.length + size);
    else this.#append(size);
  }

  /** Put the bytes that are there in front of those that have come to spare memory. */
  #takeSpare(total: number): void {
    const memory = spareMemory();
    const { bytes, start, end } = this;
    if (end > start) memory.set(bytes.subarray(start, end));
    this.start = 0;
    this.end = total;
    if (total * 4 < SIZE) {
      this.bytes = memory.slice(0, total);
    } else {
      this.bytes = memory;
      spare = undefined;
    }
    leave(bytes);
  }

  /** Put bytes that have come to spare memory behind those that are there. */
  #append(size: number): void {
    const { length } = this;
    const piece = spareMemory().subarray(length, length + size);
    if (this.bytes.byteLength - this.end < size) this.#move(Math.max(length + size, 2 * length));
    this.bytes.set(piece, this.end);
    this.end += size;
  }

  /** Move the bytes to the front of other memory. */
  #move(size: number): void {
    const { bytes, start, end, length } = this;
    this.bytes = new Uint8Array(size);
    this.bytes.set(bytes.subarray(start, end));
    this.start = 0;
    this.end = length;
    leave(bytes);
  }

  /** Take the first `size` bytes, in memory of their own. */
  take(size: number): Uint8Array {
    const { bytes, start } = this;
    if (size === bytes.byteLength && size === this.length) {
      this.#forget();
      return bytes;
    }
    const taken = bytes.slice(start, start + size);
    this.start += size;
    this.#trim();
    return taken;
  }

  /** Keep no more memory than a few times what the bytes need. */
  #trim(): void {
    const { bytes, length } = this;
    if (length === 0) {
      this.#forget();
      leave(bytes);
    } else if (bytes.byteLength > SMALL && length * 4 < bytes.byteLength) this.#move(length);
  }

  #forget(): void {
    this.bytes = NOTHING;
    this.start = this.end = 0;
  }
}
