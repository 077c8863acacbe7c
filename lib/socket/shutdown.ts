/**
 * Shutting down one or both directions of a socket.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { recv, shutdown } from "../../ffi/syscalls/sockets.ts";
import type { Descriptor } from "../descriptor/descriptor.ts";
import { progressed, WRITABLE } from "../reactor/mod.ts";
import { bytesAvailable } from "./options.ts";

/** Shut down reading, writing or both: 0, or `-errno`. */
export function shutDown(descriptor: Descriptor, how: number): number {
  const result = shutdown(descriptor.fd, how);
  // A write that waits for send space fails from now on, but poll(2) reports nothing until there is space.
  descriptor.wake(WRITABLE);
  progressed();
  return result;
}

/**
 * Take all that has come, and drop it. To be called once reading is shut down, when nothing more can come: the peer's
 * writes fail then, but one that waits for send space learns of it only when there is some.
 */
export function discardUnread(fd: number, memory: Uint8Array): void {
  let count: number;
  do {
    count = recv(fd, memory, platform.MSG_DONTWAIT);
  } while (count > 0 || (count === 0 && bytesAvailable(fd) > 0));
}
