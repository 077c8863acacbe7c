/**
 * Accepting without blocking the thread: accept4(2) has no flag for that, so it takes `O_NONBLOCK`, which all
 * duplicates of the open file share.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { fcntl, setNonblocking } from "../../ffi/syscalls/files.ts";
import { accept, type NewSocketFlags } from "../../ffi/syscalls/sockets.ts";

/** Accepts from one listener. */
export interface Acceptor {
  /** One attempt: a new descriptor, `-EAGAIN`, or another `-errno`. */
  accept(fd: number, flags: NewSocketFlags): number;
  /** Restore the flag as it was when the listener was made. */
  restore(fd: number): void;
  /** Keep the flag as it is now, also at the end. */
  forget(): void;
}

/** For a listener that this module made: the flag is set for the time of the call only. */
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
 * For an adopted listener, which other Workers and processes may serve as well: clearing the flag again would clear
 * it for them, too, and could block their thread. So it stays set, also when this listener is closed, until the
 * descriptor is detached for another use.
 */
export class SharedAcceptor implements Acceptor {
  #changed = false;

  accept(fd: number, flags: NewSocketFlags): number {
    const before = fcntl(fd, platform.F_GETFL, 0);
    if (before < 0) return before;
    if ((before & platform.O_NONBLOCK) === 0) {
      const set = fcntl(fd, platform.F_SETFL, before | platform.O_NONBLOCK);
      // deno-coverage-ignore -- F_SETFL of an open descriptor does not fail
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
