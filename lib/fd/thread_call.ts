/**
 * System calls that may block, on a thread of Deno's pool.
 *
 * @module
 */

import type { Descriptor } from "../descriptor/descriptor.ts";
import type { Obstacle } from "../descriptor/perform.ts";
import { closedError } from "../errors.ts";
import { closeThreadFd, closeWithThread } from "../reactor/thread_fds.ts";
import { duplicate } from "./file_like.ts";

/** A system call in both of its forms. */
export interface ThreadedCall {
  /** On a thread: the result, or -1 without the error number, which stays with that thread. */
  inPool(fd: number): Promise<number>;
  /** Here: the result, or `-errno`. */
  here(fd: number): number;
}

/**
 * Make a call on a thread: its result, or `-errno`. It works on a duplicate, as the descriptor may be closed
 * meanwhile, and its number reused. A call that failed is made once more here, to learn the error number.
 *
 * @throws {Deno.errors.BadResource} If the descriptor is closed, also meanwhile.
 */
export async function callInThread(descriptor: Descriptor, call: ThreadedCall): Promise<number> {
  const fd = duplicate(descriptor.fd);
  closeWithThread(fd); // a Worker's thread ends only after the calls that it has in the pool
  try {
    const result = await call.inPool(fd);
    if (descriptor.closed) throw closedError(descriptor.owner);
    return result >= 0 ? result : call.here(fd);
  } finally {
    closeThreadFd(fd);
  }
}

/** A call on a thread that an operation waits for; a `Sync` form makes it in the calling thread. */
export class CallObstacle implements Obstacle {
  /** The result of the call. */
  result: number | undefined;

  constructor(readonly descriptor: Descriptor, readonly call: ThreadedCall) {}

  async wait(): Promise<void> {
    this.result = await callInThread(this.descriptor, this.call);
  }

  waitSync(): void {
    this.result = this.call.here(this.descriptor.fd);
  }
}
