/**
 * Listening on a Unix socket.
 *
 * @module
 */

import { listen as listenCall } from "../../ffi/syscalls/sockets.ts";
import { check } from "../errors.ts";
import { createListener, type Listener } from "../handle/listener.ts";
import { needsShortening } from "../address/destination.ts";
import { type Address, displayName } from "../address/sockaddr.ts";
import { checkedBusyPoll } from "../socket/options.ts";
import { type SocketType, typeNumber } from "../socket/socket_type.ts";
import {
  bindDescriptor,
  parseBindAddress,
  planFile,
  type SocketFileOptions,
  withNewSocket,
} from "./bind.ts";
import type { SocketFlags } from "./flags.ts";

/** How {@linkcode listen} listens. */
export interface ListenOptions extends SocketFlags, SocketFileOptions {
  /** The type of the connections. The default is `"stream"`. */
  type?: "stream" | "seqpacket";
  /** How many connections may wait to be accepted. The default is 10; the system has a limit (`somaxconn`). */
  backlog?: number;
  /**
   * How long to look for an event before parking, in microseconds from 0 (the default: off) to 1,000,000. The
   * accepted connections start with the same.
   */
  busyPoll?: number;
}

const DEFAULT_BACKLOG = 10;

/**
 * Listen for connections to an address. A failure leaves nothing behind, neither a descriptor nor a file.
 *
 * @param address a path, an abstract name, or `""` for a name of the kernel's choosing
 * @throws {InvalidAddressError} if the address cannot be listened on
 * @throws {RangeError} | {TypeError} if an option is out of range
 * @throws {Deno.errors.AddrInUse} if the address is taken
 * @throws {Deno.errors.NotFound} if the directory is not there
 * @throws {Deno.errors.PermissionDenied} if the directory is not writable
 *
 * Follows bind(2), listen(2) and unix(7).
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 *
 * const path = `${Deno.makeTempDirSync()}/app.sock`;
 * using listener = unix.listen(path, { mode: 0o600, replaceStale: true });
 * using client = await unix.connect(path);
 * for await (const conn of listener) {
 *   using _ = conn;
 *   console.log(conn.peerCredentials().pid);
 *   break;
 * }
 * ```
 */
export function listen(address: Address, options: ListenOptions = {}): Listener {
  const { type = "stream", backlog = DEFAULT_BACKLOG } = options;
  const busyPoll = checkedBusyPoll(options.busyPoll ?? 0);
  const number = listeningType(type);
  if (!Number.isInteger(backlog) || backlog < 0 || backlog > 0x7fffffff) {
    throw new RangeError(`Cannot use a backlog of ${backlog}: give an integer from 0`);
  }
  const name = parseBindAddress(address);
  const plan = planFile(name, options);
  const descriptor = withNewSocket(number, options, "Listener", (created) => {
    bindDescriptor(created, name, plan, () => {
      check(listenCall(created.fd, backlog), "listen", displayName(name));
    });
  });
  if (busyPoll > 0) descriptor.busyPoll = busyPoll;
  return createListener(descriptor, type, needsShortening(name) ? name.bytes : undefined);
}

function listeningType(type: SocketType): number {
  if (type !== "dgram") return typeNumber(type);
  throw new TypeError("Cannot listen for datagrams: use `unix.bind`");
}
