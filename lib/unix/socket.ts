/**
 * Sockets that are neither bound nor connected yet.
 *
 * @module
 */

import { requireOptions } from "../errors.ts";
import { createSocket, type Socket } from "../handle/socket.ts";
import { newDescriptor } from "../socket/binder.ts";
import { checkedSetup, type SocketSetup } from "../socket/setup.ts";
import { type SocketType, typeNumber } from "../socket/socket_type.ts";

/**
 * How {@linkcode socket} makes a socket.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 *
 * using socket = unix.socket({ type: "stream", sendBufferSize: 1 << 20 });
 * console.log(socket.sendBufferSize);
 * ```
 */
export interface SocketCreateOptions extends SocketSetup {
  /** The type of the socket. The default is `"dgram"`. */
  type?: SocketType;
}

/**
 * Create a socket that is neither bound nor connected, by socket(2). `Socket.bind`, `Socket.connect` and
 * `Socket.listen` take the next steps. A datagram socket sends to any address without them, by `to`.
 *
 * @param options The type, and flags and options of the socket.
 * @throws {TypeError} If there is no such type, or an option is of the wrong type.
 * @throws {RangeError} If an option is out of range.
 * @throws {Deno.errors.NotSupported} If the system lacks an option that is asked for.
 * @throws {Error} If the process has too many descriptors (`code` is `EMFILE`).
 *
 * Follows socket(2) and unix(7).
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${Deno.makeTempDirSync()}/log`;
 * using log = unix.bind(path);
 * using sender = unix.socket();
 * await sender.send({ data: new TextEncoder().encode("started"), to: path });
 * using message = await log.receive();
 * assertEquals(message?.data.byteLength, 7);
 * ```
 */
export function socket(options: SocketCreateOptions = {}): Socket {
  requireOptions(options, "create a socket");
  const { type = "dgram" } = options;
  return createSocket(newDescriptor(typeNumber(type), checkedSetup(options), "Socket"), type);
}
