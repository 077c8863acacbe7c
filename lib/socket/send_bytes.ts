/**
 * Sending large data in pieces of the size that is fastest in the kernel.
 *
 * @module
 */

import { byteLengthOf, viewOf } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { send } from "../../ffi/syscalls/sockets.ts";
import type { SocketType } from "./socket_type.ts";

const { MSG_DONTWAIT } = platform;

/**
 * The size of a piece, in bytes. Linux divides what a stream takes at once into buffers of one block of
 * 32 KiB (`UNIX_SKB_FRAGS_SZ`) and a head of some 3.6 KiB. Of 64 KiB that leaves 28 KiB for a second buffer,
 * which takes blocks of four pages, two and one: allocating, charging and freeing those costs more than to
 * call twice, for two buffers of one block each.
 */
const PIECE = 32768;

/** Three pieces, in bytes: of more than that, the odd block at the end is too small a part to matter. */
const MOST = 98304;

/** How much of the rest to send at once, in bytes. A message of a socket with message boundaries is not divided. */
export function pieceOf(left: number, type: SocketType): number {
  const isDivided = left > PIECE && left <= MOST && left % PIECE === 0 && type === "stream";
  return isDivided ? PIECE : left;
}

/**
 * Send the first `length` bytes, or what there is send space for on a stream: the number of bytes, or `-errno`.
 *
 * @param length At most that of `bytes`, which is the default.
 */
export function sendBytes(
  fd: number,
  bytes: Uint8Array,
  type: SocketType,
  length: number = byteLengthOf(bytes),
): number {
  if (length <= PIECE) return send(fd, bytes, MSG_DONTWAIT, length);
  let sent = 0;
  do {
    const size = pieceOf(length - sent, type);
    const piece = sent === 0 ? bytes : viewOf(bytes, sent, size);
    const count = send(fd, piece, MSG_DONTWAIT, size);
    // As send(2) itself, report an error after a part only when it comes again.
    if (count < 0) return sent > 0 ? sent : count;
    sent += count;
    if (count < size) break;
  } while (sent < length);
  return sent;
}
