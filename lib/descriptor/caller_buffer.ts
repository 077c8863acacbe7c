/**
 * Memory that the caller gave, and may take away again.
 *
 * @module
 */

/**
 * Check that it is memory to transfer.
 *
 * @throws {TypeError} if it is no `Uint8Array`
 */
export function requireBytes(bytes: Uint8Array): void {
  // Most often no chain of prototypes needs to be walked.
  if (bytes?.constructor !== Uint8Array && !isBytes(bytes)) throw noBytes();
}

/** Tell memory to transfer from anything else. */
export function isBytes(bytes: unknown): bytes is Uint8Array {
  return bytes instanceof Uint8Array;
}

/** Return the error for what is no memory to transfer. */
export function noBytes(): TypeError {
  return new TypeError("Cannot transfer data: give a Uint8Array");
}

/** Return the error for memory that is not there any more when it is its turn. */
export function bufferTakenAway(): TypeError {
  return new TypeError(
    "Cannot go on: the buffer was detached or shrunk in the meantime; keep it until the operation is done",
  );
}

/** Tell nothing read from the end: only without room for a byte nothing is no end. */
export function countOrEnd(count: number, bytes: Uint8Array): number | null {
  return count === 0 && bytes.byteLength > 0 ? null : count;
}
