/**
 * Finding the place of descriptors in a stream: one receive returns plain bytes together with later ones that carry
 * descriptors, and does not say where these begin.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { recvmsg } from "../../ffi/syscalls/sockets.ts";
import { Header } from "../message/header.ts";

const { MSG_CTRUNC, MSG_DONTWAIT, MSG_PEEK } = platform;

/** The memory that peeks fill again and again: small, so that it stays in the processor's cache. */
const PAGE_SIZE = 4096;

/** More than the largest buffer of a stream in the kernel. */
const BEYOND = 1 << 24;

let peeking: { all: Header; parts: Header; page: Uint8Array } | undefined;

/**
 * Return how many bytes of a stream, at most `limit`, may be received at once so that descriptors, if any come,
 * were sent with the first of them: those in front of the next descriptors, or, where the first byte itself
 * carries some, those up to the end of its part. 0 is the end, less is `-errno`. Nothing is taken, and no
 * descriptor is made.
 *
 * Two facts about recvmsg(2) with `MSG_PEEK` tell it. Without space for control data it ends right behind the
 * first part with descriptors, and says `MSG_CTRUNC`, as it does if such a part comes later. And it copies each
 * part, as the kernel keeps it, whole or not at all: where one more byte has no memory, it ends in front of the
 * last part.
 */
export function bytesBeforeFiles(fd: number, limit: number): number {
  const { all, parts, page } = peeking ??= {
    all: new Header(),
    parts: new Header(),
    page: new Uint8Array(PAGE_SIZE),
  };
  all.setRepeated(page, limit, 0);
  const size = recvmsg(fd, all.location, MSG_DONTWAIT | MSG_PEEK);
  if (size <= 1 || (all.flags & MSG_CTRUNC) === 0) return size;
  parts.setRepeated(page, size - 1, BEYOND);
  const before = recvmsg(fd, parts.location, MSG_DONTWAIT | MSG_PEEK);
  return before > 0 ? Math.min(before, size) : size;
}
