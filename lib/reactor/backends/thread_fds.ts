/**
 * The descriptors that a reactor keeps for as long as its thread lives.
 *
 * A Worker's code does not learn that the Worker ends, so the C library closes them when the thread does.
 * What is to be closed earlier must leave its number taken, as somebody else's would be closed later.
 *
 * @module
 */

import { closeAtThreadEnd, closeFd, dup2 } from "../../../ffi/syscalls/files.ts";
import { eventfd } from "../../../ffi/syscalls/readiness.ts";
import { inWorker } from "../../event_loop.ts";

const kept = new Set<number>();

/** Close the descriptor when the thread ends, if that comes before the process ends. */
export function keepForThread(fd: number): void {
  if (inWorker() && closeAtThreadEnd(fd)) kept.add(fd);
}

/** Whether the thread's end closes the descriptor. */
export function isKept(fd: number): boolean {
  return kept.has(fd);
}

/** Close what the descriptor refers to now; a kept number then stands for something that does nothing. */
export function closeThreadFd(fd: number): void {
  if (!kept.has(fd)) {
    closeFd(fd);
    return;
  }
  const idle = eventfd();
  if (idle < 0) return;
  dup2(idle, fd);
  closeFd(idle);
}
