/**
 * Descriptors that a thread keeps for its own use, beside those of the user's objects. A Worker's code does not learn
 * that the Worker ends, so the C library closes them when the thread does.
 *
 * @module
 */

import { closeFd } from "../../ffi/syscalls/files.ts";
import { closeAtThreadEnd, keepAtThreadEnd } from "../../ffi/thread_end.ts";
import { inWorker } from "../event_loop.ts";

/** Close the descriptor when the thread ends, if that comes before the process ends. */
export function closeWithThread(fd: number): void {
  if (inWorker()) closeAtThreadEnd(fd);
}

/** Close the descriptor now. */
export function closeThreadFd(fd: number): void {
  keepAtThreadEnd(fd);
  closeFd(fd);
}
