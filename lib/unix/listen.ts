/**
 * Listening on a Unix socket.
 *
 * @module
 */

import { listen as listenCall } from "../../ffi/syscalls/sockets.ts";
import { check, requireOptions, shown } from "../errors.ts";
import { createListener, type Listener } from "../handle/listener.ts";
import { needsShortening } from "../address/destination.ts";
import { type Address, displayName } from "../address/sockaddr.ts";
import {
  bindDescriptor,
  newDescriptor,
  parseBindAddress,
  planFile,
  type SocketFileOptions,
} from "../socket/binder.ts";
import { checkedBusyPoll } from "../socket/options.ts";
import { checkedBacklog, checkedSetup, type SocketSetup } from "../socket/setup.ts";
import { type SocketType, typeNumber } from "../socket/socket_type.ts";

/**
 * How {@linkcode listen} listens.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 *
 * const path = `${Deno.makeTempDirSync()}/app.sock`;
 * using listener = unix.listen(path, { mode: 0o660, backlog: 511, replaceStale: true });
 * console.log(listener.addr.path);
 * ```
 */
export interface ListenOptions extends SocketSetup, SocketFileOptions {
  /** The type of the connections. The default is `"stream"`. */
  type?: "stream" | "seqpacket";
  /**
   * How many connections may wait to be accepted. The default is 10, as in Hare; a server that many clients
   * connect to at once needs 511 or more. The system has a limit (`somaxconn`).
   */
  backlog?: number;
  /**
   * How long to busy-poll before blocking, in microseconds from 0 (off, the default) to 1,000,000. The
   * accepted connections start with the same.
   */
  busyPoll?: number;
}

/**
 * Listen for connections to an address. A failure leaves nothing behind, neither a descriptor nor a file.
 *
 * @param address A path, an abstract name, or `""` for a name of the kernel's choosing.
 * @param options Flags and options of the socket, and what to do about its file.
 * @throws {InvalidAddressError} If the address cannot be listened on.
 * @throws {TypeError} If an option is of the wrong type, or does not fit the address.
 * @throws {RangeError} If an option is out of range.
 * @throws {Deno.errors.AddrInUse} If the address is taken.
 * @throws {Deno.errors.NotFound} If the directory is not there.
 * @throws {Deno.errors.PermissionDenied} If the directory is not writable.
 * @throws {Deno.errors.NotSupported} If the system lacks an option that is asked for.
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
  requireOptions(options, "listen");
  const { type = "stream" } = options;
  const backlog = checkedBacklog(options.backlog);
  const busyPoll = checkedBusyPoll(options.busyPoll);
  const number = listeningType(type);
  const setup = checkedSetup(options);
  const name = parseBindAddress(address);
  const plan = planFile(name, options, false);
  let file;
  const descriptor = newDescriptor(number, setup, "Listener", (created) => {
    file = bindDescriptor(created, name, plan, () => {
      check(listenCall(created.fd, backlog), "listen", displayName(name));
    });
  });
  if (busyPoll > 0) descriptor.busyPoll = busyPoll;
  const local = needsShortening(name) ? name.bytes : undefined;
  return createListener(descriptor, type, { local, file });
}

function listeningType(type: SocketType): number {
  if (type !== "dgram") return typeNumber(type);
  throw new TypeError(
    `Cannot listen with the type ${shown(type)}: use \`unix.bind\` for datagrams`,
  );
}
