/**
 * Finding the place of descriptors in a stream: one receive returns plain bytes together with later ones that carry
 * descriptors, and does not say where these begin.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { Header } from "../message/header.ts";
import { peekMessage } from "../socket/peek.ts";
import { closeReceived, nothingReceived, ownReceivedFds } from "./received_fds.ts";
import { CREDENTIALS_CONTROL, type ReceiveState } from "./receive_state.ts";
import { sharedControl } from "./receiver.ts";

const { MSG_CTRUNC } = platform;

/** The memory that peeks fill again and again: small, so that it stays in the processor's cache. */
const PAGE_SIZE = 4096;

/** More than the largest buffer of a stream in the kernel, in bytes. */
const BEYOND = 1 << 24;

/** The same for one peek that copies it. */
const BEYOND_PART = 1 << 20;

let peeking: { header: Header; page: Uint8Array } | undefined;

const seen = nothingReceived();

/** Whether the last peek met descriptors, or other control data that it had no space for. */
let metFiles = false;

/**
 * Peek at `size` bytes and `beyond` more that have no memory: the number of bytes, or `-errno`. Without space for
 * descriptors a peek ends right behind the first part that carries some, and says `MSG_CTRUNC`. It copies each part, as
 * the kernel keeps it, whole or not at all: where bytes have no memory, it ends in front of their part.
 */
function peek(fd: number, size: number, beyond: number, capacity: number): number {
  const { header, page } = peeking ??= { header: new Header(), page: new Uint8Array(PAGE_SIZE) };
  const control = sharedControl();
  header.setRepeated(page, size, beyond);
  header.setControl(control.prepare(capacity), capacity);
  const count = peekMessage(fd, header.location);
  control.arrived = count < 0 ? 0 : header.controlLength;
  // If another process has just switched an option off, its space is taken by descriptors.
  ownReceivedFds(control, seen);
  metFiles = (header.flags & MSG_CTRUNC) !== 0 || seen.files !== undefined;
  closeReceived(seen);
  return count;
}

/**
 * Return how many bytes of a stream, at most `limit`, may be received at once so that descriptors, if any come,
 * were sent with the first of them: those in front of the next descriptors, or, where the first byte itself
 * carries some, those up to the end of its part. 0 is the end, less is `-errno`. Nothing is taken, and no
 * descriptor is made.
 */
export function bytesBeforeFiles(fd: number, limit: number, state: ReceiveState): number {
  // With space for the credentials and no more, these are not taken for descriptors.
  const capacity = state.plainControl === CREDENTIALS_CONTROL ? CREDENTIALS_CONTROL : 0;
  const size = peek(fd, limit, 0, capacity);
  if (size <= 1 || !metFiles) return size;
  const before = peek(fd, size - 1, BEYOND, 0);
  return before > 0 ? Math.min(before, size) : size;
}

/** Whether descriptors come with the next byte. Nothing is taken, and no descriptor is made. */
export function startsWithFiles(fd: number, state: ReceiveState): boolean {
  const size = sizeOfLook(fd, state);
  // If plain bytes come first, the size up to the descriptors is less.
  return size > 0 && bytesBeforeFiles(fd, BEYOND_PART, state) >= size;
}

/** Peek: return the number of bytes up to the end of the first buffer with descriptors, 0 if there are none. */
function sizeOfLook(fd: number, state: ReceiveState): number {
  const size = peek(fd, BEYOND_PART, 0, state.plainControl);
  if (size <= 0 || !metFiles) return 0;
  // Another process may have set an option since they were read: its control data is cut like descriptors are.
  state.lookUpOptions();
  const again = peek(fd, BEYOND_PART, 0, state.plainControl);
  return metFiles ? again : 0;
}
