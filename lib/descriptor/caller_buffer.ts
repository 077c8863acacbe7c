/**
 * The caller's buffers. The caller may detach, resize or reuse them while an operation waits.
 *
 * @module
 */

import { byteLengthOf, isUint8Array } from "../../ffi/memory.ts";
import { shown } from "../errors.ts";

/**
 * Check that `bytes` can be transferred, and return its length in bytes at the call: the operation keeps to that
 * length, even if the buffer changes while it waits.
 *
 * @throws {TypeError} If it is no `Uint8Array`.
 */
export function requireBytes(bytes: Uint8Array): number {
  // No check of the brand first: reading the length of an object without it throws as well.
  if (bytes?.constructor !== Uint8Array && !isUint8Array(bytes)) throw noBytes(bytes);
  try {
    return byteLengthOf(bytes);
  } catch {
    throw noBytes(bytes);
  }
}

/** Whether `bytes` is a real `Uint8Array`, and not an object that only inherits from it. */
export function isBytes(bytes: unknown): bytes is Uint8Array {
  return isUint8Array(bytes);
}

/** Return the error for a value that is no `Uint8Array`. */
export function noBytes(value: unknown): TypeError {
  const remedy = typeof value === "string"
    ? "give a Uint8Array, as `TextEncoder` makes them"
    : "give a Uint8Array";
  return new TypeError(`Cannot transfer ${shown(value)} as data: ${remedy}`);
}

/**
 * Return a copy; that of a detached buffer is empty. `slice` would not do: that of a Node `Buffer` shares memory, and a
 * subclass may override it.
 */
export function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return byteLengthOf(bytes) === 0 ? new Uint8Array(0) : new Uint8Array(bytes);
}

/**
 * Check that a buffer still has the `length` bytes that it had when the operation started. A detached one has
 * length 0, which the kernel would answer as at the end of a stream.
 *
 * @throws {TypeError} If it was detached or shrunk.
 */
export function requireLength(bytes: Uint8Array, length: number): void {
  if (byteLengthOf(bytes) < length) throw bufferDetachedError();
}

/** Return the error for a buffer that was detached or resized while its operation waited. */
export function bufferDetachedError(): TypeError {
  return new TypeError(
    "Cannot complete the operation: its buffer was detached or resized while it was pending; keep it until the operation is done",
  );
}

/**
 * Return the count that a read reports: `null` at the end, 0 if there was no space to read into.
 *
 * @param count The number of bytes read.
 * @param length The number of bytes asked for: with 0, reading nothing is no end.
 */
export function countOrEnd(count: number, length: number): number | null {
  return count === 0 && length > 0 ? null : count;
}
