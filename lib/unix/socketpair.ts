/**
 * Pairs of connected sockets.
 *
 * @module
 */

import { socketpair as socketpairCall } from "../../ffi/syscalls/sockets.ts";
import { check } from "../errors.ts";
import { type Socket, socketFromFd } from "../handle/socket.ts";
import { type SocketType, typeNumber } from "../socket/socket_type.ts";
import { newSocketFlags, type SocketFlags } from "./flags.ts";

/** How {@linkcode socketpair} makes a pair. */
export interface SocketpairOptions extends SocketFlags {
  /** The type of both sockets. The default is `"stream"`. */
  type?: SocketType;
}

/**
 * Create two unnamed sockets that are connected to each other, by socketpair(2).
 *
 * @throws {TypeError} if there is no such type
 * @throws {Error} with `code` `EMFILE` if the process has too many descriptors
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 * import { assertEquals } from "@std/assert";
 *
 * const [a, b] = unix.socketpair({ type: "seqpacket" });
 * using _a = a;
 * using _b = b;
 * a.sendSync({ data: new Uint8Array([1, 2]) });
 * a.sendSync({ data: new Uint8Array([3]) });
 * using first = b.receiveSync();
 * assertEquals(first?.data.byteLength, 2);
 * ```
 */
export function socketpair(flags: SocketpairOptions = {}): [Socket, Socket] {
  const { type = "stream" } = flags;
  const result = socketpairCall(typeNumber(type), newSocketFlags(flags));
  if (typeof result === "number") check(result, "socketpair");
  const [first, second] = result as [number, number];
  return [socketFromFd(first, type), socketFromFd(second, type)];
}
