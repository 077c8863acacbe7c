/**
 * Addresses of typed arrays.
 *
 * @module
 */

import { libc } from "./libc.ts";
import { utf8 } from "./text.ts";
import { bufferOf, byteLengthOf, byteOffsetOf } from "./typed_array.ts";

export { byteLengthOf, isUint8Array } from "./typed_array.ts";

/** Bytes in the form that the FFI types ask for. Shared memory is taken too, the types only hide it. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** The same bytes, in the type that `Deno.dlopen` gives a `buffer` parameter. */
export function ffiBytes(bytes: Uint8Array): Bytes {
  return bytes as Bytes;
}

/**
 * Return a view of our own on `length` bytes of `bytes`: `subarray` may be that of a subclass. No bytes need no memory,
 * which a detached buffer does not have.
 */
export function viewOf(bytes: Uint8Array, start: number, length: number): Uint8Array {
  return length === 0
    ? new Uint8Array(0)
    : new Uint8Array(bufferOf(bytes), byteOffsetOf(bytes) + start, length);
}

/**
 * Return a view of our own on all of the memory that `bytes` is a part of: its length is true, without asking
 * for it as {@linkcode byteLengthOf} does, and it changes when that of `bytes` may have changed.
 */
export function witnessOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bufferOf(bytes));
}

const wide = new BigUint64Array(1);
const halves = new Uint32Array(wide.buffer);

/**
 * Return `length` as a BigInt: a `size_t` given as a plain number leaves V8's fast calls. Read from an
 * array right before the call, it never becomes an object.
 */
export function size(length: number): bigint {
  halves[0] = length;
  halves[1] = length > 0xffffffff ? length / 0x100000000 : 0;
  return wide[0] ?? 0n;
}

/**
 * Return the address of `bytes`, 0 for an empty array. Addresses of programs have at most 52 bits, on all
 * systems: numbers are exact for them, and do without an object each.
 *
 * It holds until the buffer is detached, resized or collected: use it at once and keep `bytes`
 * reachable for as long. Touching its buffer moves a small array out of V8's own heap, where the garbage
 * collector could move it.
 */
export function addressOf(bytes: Uint8Array): number {
  if (byteLengthOf(bytes) === 0 || bufferOf(bytes).byteLength === 0) return 0;
  wide[0] = libc().memset(ffiBytes(bytes), 0, 0n);
  return (halves[1] ?? 0) * 0x100000000 + (halves[0] ?? 0);
}

/** Write an address, or a length of 64 bits, to two words of 32 bits. */
export function writeWide(words: Int32Array, index: number, value: number): void {
  words[index] = value;
  words[index + 1] = value / 0x100000000;
}

/** Return `text` as a C string: UTF-8 bytes and a NUL. */
export function cString(text: string | Uint8Array): Bytes {
  const bytes = typeof text === "string" ? utf8(text) : text;
  const terminated = new Uint8Array(bytes.byteLength + 1);
  terminated.set(bytes);
  return terminated;
}
