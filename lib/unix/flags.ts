/**
 * The flags of a new socket.
 *
 * @module
 */

import type { NewSocketFlags } from "../../ffi/syscalls/sockets.ts";

/** The flags of a new descriptor: `net::sockflag` of Hare. */
export interface SocketFlags {
  /** Close the descriptor in programs this process starts (`SOCK_CLOEXEC`). The default is true. */
  cloexec?: boolean;
  /**
   * Set `O_NONBLOCK`, for programs the descriptor is handed to. The default is false. The functions of this
   * module behave the same whichever way it is set.
   */
  nonblocking?: boolean;
}

/** Return the flags with their defaults. */
export function newSocketFlags(flags: SocketFlags): NewSocketFlags {
  return { cloexec: flags.cloexec ?? true, nonblocking: flags.nonblocking ?? false };
}
