/**
 * Accepting without blocking the thread: accept4(2) has no flag for that, so it is up to `O_NONBLOCK`,
 * which belongs to the open file and so to all who have it.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { fcntl, setNonblocking } from "../../ffi/syscalls/files.ts";
import { accept, type NewSocketFlags } from "../../ffi/syscalls/sockets.ts";

/** Accepts from one listener. */
export interface Acceptor {
  /** One try: a new descriptor, `-EAGAIN`, or another `-errno`. */
  accept(fd: number, flags: NewSocketFlags): number;
  /** Give the descriptor back as it came. */
  restore(fd: number): void;
  /** Leave the flag as it is now, also when the descriptor is given back. */
  forget(): void;
}

/** For a listener that was made here: the flag is on for just the call. */
export const acceptorAlone: Acceptor = {
  accept(fd: number, flags: NewSocketFlags): number {
    const before = fcntl(fd, platform.F_GETFL, 0);
    if (before < 0) return before;
    if ((before & platform.O_NONBLOCK) !== 0) return accept(fd, flags);
    const set = fcntl(fd, platform.F_SETFL, before | platform.O_NONBLOCK);
    // Without the flag the call could block the thread for ever.
    if (set < 0) return set;
    const accepted = accept(fd, flags);
    fcntl(fd, platform.F_SETFL, before);
    return accepted;
  },
  restore(): void {},
  forget(): void {},
};

/**
 * For a listener that came from elsewhere, and may be served there as well, by other Workers and processes:
 * switching the flag off again would do so for them, too, just when they rely on it, and block their thread.
 * So it stays on, also when this listener is closed, until the descriptor is detached for another use.
 */
export class SharedAcceptor implements Acceptor {
  #changed = false;

  accept(fd: number, flags: NewSocketFlags): number {
    const before = fcntl(fd, platform.F_GETFL, 0);
    if (before < 0) return before;
    if ((before & platform.O_NONBLOCK) === 0) {
      const set = fcntl(fd, platform.F_SETFL, before | platform.O_NONBLOCK);
      if (set < 0) return set;
      this.#changed = true;
    }
    return accept(fd, flags);
  }

  restore(fd: number): void {
    if (this.#changed) setNonblocking(fd, false);
  }

  forget(): void {
    this.#changed = false;
  }
}
