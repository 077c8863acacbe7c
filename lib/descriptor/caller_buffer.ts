/**
 * Memory that the caller gave, and may detach, resize or reuse while an operation waits.
 *
 * @module
 */

import { byteLengthOf, isUint8Array } from "../../ffi/memory.ts";

/**
 * Check that it is memory to transfer, and return its length in bytes now: what the call is about, whatever
 * becomes of the memory later.
 *
 * @throws {TypeError} If it is no `Uint8Array`.
 */
export function requireBytes(bytes: Uint8Array): number {
  // Most often the brand needs no look: asking a pretender for its length throws as well.
  if (bytes?.constructor !== Uint8Array && !isUint8Array(bytes)) throw noBytes();
  try {
    return byteLengthOf(bytes);
  } catch {
    throw noBytes();
  }
}

/** Tell memory to transfer from anything else, such as an object that only inherits from `Uint8Array`. */
export function isBytes(bytes: unknown): bytes is Uint8Array {
  return isUint8Array(bytes);
}

/** Return the error for what is no memory to transfer. */
export function noBytes(): TypeError {
  return new TypeError("Cannot transfer data: give a Uint8Array");
}

/** Return a copy in memory of its own. `slice` of a Node `Buffer` shares memory, and that of a subclass is its own. */
export function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

/**
 * Check that memory still has the `length` bytes that it had when the operation was started. What is detached
 * has none, and would look like an end or an empty message.
 *
 * @throws {TypeError} If it was detached or shrunk.
 */
export function requireLength(bytes: Uint8Array, length: number): void {
  if (byteLengthOf(bytes) < length) throw bufferDetachedError();
}

/** Return the error for memory that is not there any more when it is its turn. */
export function bufferDetachedError(): TypeError {
  return new TypeError(
    "Cannot complete the operation: its buffer was detached or resized while it was pending; keep it until the operation is done",
  );
}

/**
 * Tell nothing read from the end.
 *
 * @param count The number of bytes read.
 * @param length The number of bytes asked for: with 0, reading nothing is no end.
 */
export function countOrEnd(count: number, length: number): number | null {
  return count === 0 && length > 0 ? null : count;
}
