/**
 * Memory in several pieces.
 *
 * @module
 */

import { byteLengthOf, viewOf } from "../../ffi/memory.ts";

/** Return the number of bytes in all of `pieces`. */
export function totalLength(pieces: readonly Uint8Array[]): number {
  let total = 0;
  for (const bytes of pieces) total += byteLengthOf(bytes);
  return total;
}

/** Return a copy of the first `size` bytes of `pieces` in one piece. The default is all of them. */
export function concatenated(
  pieces: readonly Uint8Array[],
  size: number = totalLength(pieces),
): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(size);
  let offset = 0;
  for (const bytes of pieces) {
    const length = Math.min(byteLengthOf(bytes), size - offset);
    all.set(viewOf(bytes, 0, length), offset);
    offset += length;
  }
  return all;
}

/** Copy `bytes` into `pieces`, one after the other, for as long as there is a place: the number of bytes copied. */
export function scatter(bytes: Uint8Array, pieces: readonly Uint8Array[]): number {
  let offset = 0;
  for (const piece of pieces) {
    const length = Math.min(byteLengthOf(piece), bytes.byteLength - offset);
    viewOf(piece, 0, length).set(bytes.subarray(offset, offset + length));
    offset += length;
  }
  return offset;
}
