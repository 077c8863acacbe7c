/**
 * The options of a receive, and their checks.
 *
 * @module
 */

import { isBytes } from "../descriptor/caller_buffer.ts";
import { shown } from "../errors.ts";
import { MAX_FILES } from "../fd/file_like.ts";
import { MAX_VECTORS } from "../message/header.ts";

/**
 * What to receive: options that {@linkcode Socket.receive} and its `Sync` form share.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 *
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * const request: unix.ReceiveRequest = { size: 64, files: 1, peek: false };
 * a.sendSync({ data: new Uint8Array(3), files: [0] });
 * using message = b.receiveSync(request);
 * console.log(message?.files.length);
 * ```
 */
export interface ReceiveRequest {
  /** Memory to receive into, one piece or several filled in turn. The default is new memory. */
  buffer?: Uint8Array | readonly Uint8Array[];
  /** The most bytes to take, without `buffer`. The default is 65536. */
  size?: number;
  /** The most descriptors to accept, at most 253. The default is 0: the kernel closes what a peer sends. */
  files?: number;
  /**
   * On a stream with `files`, end the receive before bytes that descriptors were sent with, unless they are the
   * first. Otherwise the kernel puts bytes sent before in front: descriptors belong to the last part of `data`.
   */
  filesFirst?: boolean;
  /** Leave the message in the queue. Not together with `files`: each peek would make new descriptors. */
  peek?: boolean;
  /** On a stream, wait until the buffer is full, the stream ends, another sender follows or descriptors come along. */
  waitAll?: boolean;
}

/**
 * How {@linkcode Socket.receiveSync} receives.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 * import { assertThrows } from "@std/assert";
 *
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * assertThrows(() => a.receiveSync({ size: 64, timeout: 10 }), Deno.errors.TimedOut);
 * console.log(b.type);
 * ```
 */
export interface SyncReceiveOptions extends ReceiveRequest {
  /** How long to wait at most, in milliseconds; then `Deno.errors.TimedOut` is thrown. The default is `receiveTimeout`. */
  timeout?: number;
}

/**
 * How {@linkcode Socket.receive} receives.
 *
 * @example
 * ```ts
 * import { type ReceiveOptions, unix } from "@denet/unix";
 *
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * const options: ReceiveOptions = { buffer: new Uint8Array(1024), files: 1, filesFirst: true };
 * await a.send({ data: new Uint8Array(3) });
 * using message = await b.receive(options);
 * console.log(message?.data.byteLength);
 * ```
 */
export interface ReceiveOptions extends ReceiveRequest {
  /** Ends the wait; the promise is rejected with the signal's reason, and nothing is taken. */
  signal?: AbortSignal;
}

/** The default size of a message, in bytes. */
export const DEFAULT_SIZE = 65536;

/** The largest size of a message to allocate for at once, in bytes. */
const MAX_SIZE = 0x40000000;

/**
 * Check how many descriptors are to be accepted.
 *
 * @throws {RangeError} If that is out of range.
 * @throws {TypeError} If they are to be seen only.
 */
export function requireLimit(files: number, peek: boolean): void {
  if (!Number.isInteger(files) || files < 0 || files > MAX_FILES || (peek && files > 0)) {
    throw badLimit(files);
  }
}

function badLimit(files: number): TypeError | RangeError {
  if (Number.isInteger(files) && files > 0 && files <= MAX_FILES) {
    return new TypeError(
      "Cannot peek at descriptors: each peek would make new ones; use `files: 0`",
    );
  }
  return new RangeError(
    `Cannot accept ${shown(files)} descriptors: give an integer from 0 to ${MAX_FILES}`,
  );
}

/**
 * Return a copy of the array of buffers.
 *
 * @throws {TypeError} If it is no memory.
 * @throws {RangeError} If there are more than 1024 pieces.
 */
export function checkedBuffers(buffer: readonly Uint8Array[]): readonly Uint8Array[] {
  const isArray = Array.isArray(buffer);
  const buffers: readonly Uint8Array[] = isArray ? Array.from(buffer) : [];
  if (!isArray || !buffers.every(isBytes)) {
    throw new TypeError(
      "Cannot receive: `buffer` is no memory; give a Uint8Array or an array of them",
    );
  }
  if (buffers.length > MAX_VECTORS) {
    throw new RangeError(
      `Cannot receive into ${buffers.length} buffers: at most ${MAX_VECTORS} fit one call; give fewer`,
    );
  }
  return buffers;
}

/**
 * Check the size of a message.
 *
 * @throws {RangeError} If it is out of range.
 */
export function checkedSize(size: number = DEFAULT_SIZE): number {
  if (Number.isInteger(size) && size >= 0 && size <= MAX_SIZE) return size;
  throw new RangeError(
    `Cannot receive ${shown(size)} bytes: give an integer from 0 to ${MAX_SIZE}`,
  );
}
