/**
 * Pairs of connected sockets.
 *
 * @module
 */

import { closeFd } from "../../ffi/syscalls/files.ts";
import { socketpair as socketpairCall } from "../../ffi/syscalls/sockets.ts";
import { check, requireOptions } from "../errors.ts";
import { type Socket, socketFromFd } from "../handle/socket.ts";
import { checkedSetup, type SocketSetup } from "../socket/setup.ts";
import { type SocketType, typeNumber } from "../socket/socket_type.ts";

/**
 * How {@linkcode socketpair} makes a pair.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 *
 * const [a, b] = unix.socketpair({ type: "dgram", receiveBufferSize: 1 << 20 });
 * using _a = a;
 * using _b = b;
 * console.log(a.type);
 * ```
 */
export interface SocketpairOptions extends SocketSetup {
  /** The type of both sockets. The default is `"stream"`. */
  type?: SocketType;
}

/**
 * Create two unnamed sockets that are connected to each other, by socketpair(2).
 *
 * A child that is to have one end gets only that one: make the pair, and set `closeOnExec` of that end to false
 * while the child is started.
 *
 * @param flags The type, and flags and options of both sockets.
 * @throws {TypeError} If there is no such type, or an option is of the wrong type.
 * @throws {RangeError} If an option is out of range.
 * @throws {Deno.errors.NotSupported} If the system lacks an option that is asked for.
 * @throws {Error} If the process has too many descriptors (`code` is `EMFILE`).
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
  requireOptions(flags, "make a pair");
  const { type = "stream" } = flags;
  const number = typeNumber(type);
  const { flags: created, apply } = checkedSetup(flags);
  const result = socketpairCall(number, created);
  if (typeof result === "number") check(result, "socketpair");
  const [first, second] = result as [number, number];
  try {
    apply?.(first);
    apply?.(second);
  } catch (error) {
    closeFd(first);
    closeFd(second);
    throw error;
  }
  return [socketFromFd(first, type), socketFromFd(second, type)];
}
