/**
 * Whether descriptors come with the next byte of a stream.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { recvmsg } from "../../ffi/syscalls/sockets.ts";
import { bytesBeforeFiles } from "../socket/barrier.ts";
import { sharedHeader } from "../message/header.ts";
import { closeReceived, nothingReceived, ownReceivedFds } from "./received_fds.ts";
import type { ReceiveState } from "./receive_state.ts";
import { sharedControl } from "./receiver.ts";

const { MSG_CTRUNC, MSG_DONTWAIT, MSG_PEEK } = platform;

/** More than the largest buffer of a stream in the kernel, in bytes. */
const BEYOND_PART = 1 << 20;

const page = new Uint8Array(4096);

const seen = nothingReceived();

/** Whether descriptors come with the next byte. Nothing is taken, and no descriptor is made. */
export function startsWithFiles(fd: number, state: ReceiveState): boolean {
  const size = sizeOfLook(fd, state);
  // If plain bytes come first, the size up to the descriptors is less.
  return size > 0 && bytesBeforeFiles(fd, BEYOND_PART) >= size;
}

/** Peek: return the number of bytes up to the end of the first buffer with descriptors, 0 if there are none. */
function sizeOfLook(fd: number, state: ReceiveState): number {
  const size = peek(fd, state);
  if (size <= 0) return 0;
  // Another process may have set an option since they were read: its control data is cut like descriptors are.
  state.lookUpOptions();
  return peek(fd, state);
}

function peek(fd: number, state: ReceiveState): number {
  const header = sharedHeader();
  const control = sharedControl();
  const capacity = state.plainControl;
  header.setRepeated(page, BEYOND_PART, 0);
  header.setName(null);
  header.setControl(control.prepare(capacity), capacity);
  const count = recvmsg(fd, header.location, MSG_DONTWAIT | MSG_PEEK);
  control.arrived = count < 0 ? 0 : header.controlLength;
  ownReceivedFds(control, seen);
  const hasFiles = (header.flags & MSG_CTRUNC) !== 0 || seen.files !== undefined;
  closeReceived(seen);
  return hasFiles ? count : 0;
}
