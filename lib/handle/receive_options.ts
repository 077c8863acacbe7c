/**
 * How a receive is asked for, and its checks.
 *
 * @module
 */

import { byteLengthOf } from "../../ffi/memory.ts";
import { isBytes } from "../descriptor/caller_buffer.ts";
import { MAX_FILES } from "../fd/file_like.ts";
import { MAX_VECTORS } from "../message/header.ts";
import { totalLength } from "../socket/pieces.ts";

/** What {@linkcode Socket.receive} is to receive. */
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
  /** Leave the message in the queue. Not together with `files`: each look would make new descriptors. */
  peek?: boolean;
  /** On a stream, wait until the buffer is full, the stream ends, another sender follows or descriptors come along. */
  waitAll?: boolean;
}

/** How {@linkcode Socket.receiveSync} receives. */
export interface SyncReceiveOptions extends ReceiveRequest {
  /** How long to wait at most, in milliseconds; then `Deno.errors.TimedOut` is thrown. The default is `receiveTimeout`. */
  timeout?: number;
}

/** How {@linkcode Socket.receive} receives. */
export interface ReceiveOptions extends ReceiveRequest {
  /** Ends the wait; the promise is rejected with the signal's reason, and nothing is taken. */
  signal?: AbortSignal;
}

/** The size of a message without another request, in bytes. */
export const DEFAULT_SIZE = 65536;

/** The largest size of a message to allocate for at once, in bytes. */
const MAX_SIZE = 0x40000000;

const NO_PIECES: readonly Uint8Array[] = [];

/** A request that has been checked. */
export interface CheckedRequest {
  /** The caller's memory in one piece, */
  readonly piece: Uint8Array | undefined;
  /** or else in several; none where it gave none. */
  readonly pieces: readonly Uint8Array[];
  /** Whether the caller gave memory. */
  readonly isCallers: boolean;
  /** The number of bytes to receive at most. */
  readonly size: number;
  readonly files: number;
  readonly filesFirst: boolean;
  readonly peek: boolean;
  readonly waitAll: boolean;
}

/**
 * Check a request, reading each option once.
 *
 * @throws {TypeError} If `buffer` is no memory, or `peek` is to see files.
 * @throws {RangeError} If `size` or `files` is out of range, or there are more than 1024 buffers.
 */
export function checkedRequest(request: ReceiveRequest): CheckedRequest {
  const { buffer, size, files = 0, filesFirst = false, peek = false, waitAll = false } = request;
  if (files >>> 0 !== files || files > MAX_FILES || (peek && files > 0)) throw badLimit(files);
  const common = { files, filesFirst, peek, waitAll };
  if (buffer === undefined) {
    const length = checkedSize(size);
    return { piece: undefined, pieces: NO_PIECES, isCallers: false, size: length, ...common };
  }
  if (isBytes(buffer)) {
    const length = byteLengthOf(buffer);
    return { piece: buffer, pieces: NO_PIECES, isCallers: true, size: length, ...common };
  }
  const pieces = checkedBuffers(buffer);
  const piece = pieces.length === 1 ? pieces[0] : undefined;
  return { piece, pieces, isCallers: true, size: totalLength(pieces), ...common };
}

/**
 * Check what `messages` is to receive.
 *
 * @throws {RangeError} If there would be no room for a byte on a stream: what came could never be told from the end.
 */
export function requireRoomForBytes({ size }: CheckedRequest): void {
  if (size > 0) return;
  throw new RangeError(
    "Cannot go through a stream in messages of 0 bytes: give room for at least 1",
  );
}

function badLimit(files: number): TypeError | RangeError {
  if (Number.isInteger(files) && files > 0 && files <= MAX_FILES) {
    return new TypeError(
      "Cannot peek at descriptors: each look would make new ones; use `files: 0`",
    );
  }
  return new RangeError(
    `Cannot accept ${String(files)} descriptors: give an integer from 0 to ${MAX_FILES}`,
  );
}

function checkedBuffers(buffer: readonly Uint8Array[]): readonly Uint8Array[] {
  const isArray = Array.isArray(buffer);
  const buffers: readonly Uint8Array[] = isArray ? Array.from(buffer) : [];
  if (!isArray || !buffers.every(isBytes)) {
    throw new TypeError("Cannot receive: give `buffer` as a Uint8Array or an array of them");
  }
  if (buffers.length > MAX_VECTORS) {
    throw new RangeError(
      `Cannot receive into ${buffers.length} buffers: at most ${MAX_VECTORS} are possible`,
    );
  }
  return buffers;
}

function checkedSize(size: number = DEFAULT_SIZE): number {
  if (Number.isInteger(size) && size >= 0 && size <= MAX_SIZE) return size;
  throw new RangeError(
    `Cannot receive ${String(size)} bytes: give an integer from 0 to ${MAX_SIZE}`,
  );
}
