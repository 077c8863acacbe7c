/**
 * A descriptor that wakes a sleeping thread by becoming readable.
 *
 * @module
 */

import { platform } from "../../../ffi/platform/mod.ts";
import { read, write } from "../../../ffi/syscalls/files.ts";
import { eventfd, pipe } from "../../../ffi/syscalls/readiness.ts";
import { unavailable } from "../errors.ts";
import { closeThreadFd, closeWithThread } from "../thread_fds.ts";

const ONE = new Uint8Array(new BigUint64Array([1n]).buffer);
const drain = new Uint8Array(64);

/** Make an eventfd(2) readable, or the other end of a pipe. */
export function signal(fd: number): void {
  write(fd, ONE);
}

/** An eventfd(2), or a pipe where there is none. */
export class Waker {
  /** The descriptor to wait for. */
  readonly fd: number;
  readonly #writing: number;

  /** @param portable Use a pipe even where there are eventfds. */
  constructor(portable = false) {
    const event = portable ? -platform.ENOSYS : eventfd();
    if (event >= 0) {
      this.fd = this.#writing = event;
      return;
    }
    if (event !== -platform.ENOSYS) throw unavailable("An eventfd", event);
    const ends = pipe();
    if (typeof ends === "number") throw unavailable("A pipe", ends);
    [this.fd, this.#writing] = ends;
  }

  /** Make it readable. */
  set(): void {
    signal(this.#writing);
  }

  /** Make it unreadable again. */
  clear(): void {
    read(this.fd, drain);
  }

  /** Close what was opened when the thread ends. */
  keep(): void {
    closeWithThread(this.fd);
    if (this.#writing !== this.fd) closeWithThread(this.#writing);
  }

  /** Close what was opened. */
  dispose(): void {
    closeThreadFd(this.fd);
    if (this.#writing !== this.fd) closeThreadFd(this.#writing);
  }
}
