/**
 * The types of Unix sockets.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { unixAddrOf } from "../address/unix_addr.ts";
import { shown } from "../errors.ts";

/**
 * The type of a socket: a byte stream, a connection that keeps message boundaries (Linux), or
 * datagrams, which on Unix sockets are reliable and keep their order.
 *
 * @example
 * ```ts
 * import { type SocketType, unix } from "@denet/unix";
 *
 * const type: SocketType = "dgram";
 * using socket = unix.socket({ type });
 * console.log(socket.type);
 * ```
 */
export type SocketType = "stream" | "seqpacket" | "dgram";

/**
 * Return the platform's number for a type.
 *
 * @throws {TypeError} If it is none.
 */
export function typeNumber(type: SocketType): number {
  switch (type) {
    case "stream":
      return platform.SOCK_STREAM;
    case "seqpacket":
      return platform.SOCK_SEQPACKET;
    case "dgram":
      return platform.SOCK_DGRAM;
    default:
      throw new TypeError(
        `Cannot use ${shown(type)} as a socket type: give "stream", "seqpacket" or "dgram"`,
      );
  }
}

/** Return the type for the platform's number, `undefined` for another one. */
export function typeFromNumber(number: number): SocketType | undefined {
  if (number === platform.SOCK_STREAM) return "stream";
  if (number === platform.SOCK_SEQPACKET) return "seqpacket";
  return number === platform.SOCK_DGRAM ? "dgram" : undefined;
}

/** Return a byte-exact address in the form of Deno's own sockets; `null` is that of an unnamed socket. */
export function denoAddr(type: SocketType, bytes: Uint8Array | null): Deno.UnixAddr {
  return unixAddrOf(type === "dgram" ? "unixpacket" : "unix", bytes);
}

/**
 * Return the platform's number for a direction of shutdown(2).
 *
 * @throws {TypeError} If it is none.
 */
export function directionNumber(how: "read" | "write" | "both"): number {
  switch (how) {
    case "read":
      return platform.SHUT_RD;
    case "write":
      return platform.SHUT_WR;
    case "both":
      return platform.SHUT_RDWR;
    default:
      throw new TypeError(
        `Cannot shut down ${shown(how)}: give "read", "write" or "both"`,
      );
  }
}
