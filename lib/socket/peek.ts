/**
 * Looks at what is to be received next. They are this module's own, so that the option `SO_PEEK_OFF`, which lets peeks
 * of the caller go on where the last one ended, must not move them, nor they it.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { recv, recvmsg } from "../../ffi/syscalls/sockets.ts";
import { readIntOption, setIntOption, usesPeekOffsets } from "./options.ts";

const { MSG_DONTWAIT, MSG_PEEK, SO_PEEK_OFF, SOL_SOCKET } = platform;

/** Peek by recv(2) at the front of the queue, without waiting. Returns its result, or `-errno`. */
export function peek(fd: number, bytes: Uint8Array, flags = 0): number {
  const offset = usesPeekOffsets ? rewind(fd) : -1;
  const count = recv(fd, bytes, flags | MSG_PEEK | MSG_DONTWAIT);
  if (offset >= 0) setIntOption(fd, SOL_SOCKET, SO_PEEK_OFF, offset);
  return count;
}

/** Peek by recvmsg(2) at the front of the queue, without waiting. Returns its result, or `-errno`. */
export function peekMessage(fd: number, header: BigUint64Array): number {
  const offset = usesPeekOffsets ? rewind(fd) : -1;
  const count = recvmsg(fd, header, MSG_PEEK | MSG_DONTWAIT);
  if (offset >= 0) setIntOption(fd, SOL_SOCKET, SO_PEEK_OFF, offset);
  return count;
}

/**
 * Let the next peek begin at the front. Returns where it would have begun; less than 0 if that is the front.
 *
 * The option is switched off for that: with an offset of 0, a second peek would pass over an empty message.
 */
function rewind(fd: number): number {
  const offset = readIntOption(fd, SOL_SOCKET, SO_PEEK_OFF);
  if (offset >= 0) setIntOption(fd, SOL_SOCKET, SO_PEEK_OFF, -1);
  return offset;
}
