/**
 * Datagram sockets with an address.
 *
 * @module
 */

import { requireOptions } from "../errors.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { needsShortening } from "../address/destination.ts";
import type { Address } from "../address/sockaddr.ts";
import { createSocket, type Socket } from "../handle/socket.ts";
import {
  bindDescriptor,
  newDescriptor,
  parseBindAddress,
  planFile,
  type SocketFileOptions,
} from "../socket/binder.ts";
import { checkedSetup, type SocketSetup } from "../socket/setup.ts";

/**
 * How {@linkcode bind} makes a datagram socket.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 *
 * using log = unix.bind(`${Deno.makeTempDirSync()}/log`, { mode: 0o600, replaceStale: true });
 * console.log(log.localAddr.path);
 * ```
 */
export interface BindOptions extends SocketSetup, SocketFileOptions {}

/**
 * Create a datagram socket bound to an address: it receives from every sender, and sends with `to`.
 *
 * On Linux a path may be longer than the kernel takes. Receivers then see the sender as
 * `/proc/PID/fd/N/name`, to which they can answer while the socket is open, if they run as the same user. With
 * a last component of more than 85 bytes or so even that does not fit: such a socket is reached under its path,
 * but not under what receivers see as its name; choose a shorter one to get answers.
 *
 * @param address A path, an abstract name, or `""` for a name of the kernel's choosing.
 * @param options Flags and options of the socket, and what to do about its file.
 * @throws {InvalidAddressError} If the address cannot be bound to.
 * @throws {TypeError} If an option is of the wrong type, or does not fit the address.
 * @throws {RangeError} If an option is out of range.
 * @throws {Deno.errors.AddrInUse} If the address is taken.
 * @throws {Deno.errors.NotFound} If the directory is not there.
 * @throws {Deno.errors.PermissionDenied} If the directory is not writable.
 * @throws {Deno.errors.NotSupported} If the system lacks an option that is asked for.
 *
 * Follows bind(2) and unix(7).
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${Deno.makeTempDirSync()}/log`;
 * using log = unix.bind(path, { mode: 0o600 });
 * using sender = await unix.connect(path, { type: "dgram" });
 * await sender.send({ data: new TextEncoder().encode("started") });
 * using message = await log.receive();
 * assertEquals(message?.data.byteLength, 7);
 * ```
 */
export function bind(address: Address, options: BindOptions = {}): Socket {
  requireOptions(options, "bind");
  const name = parseBindAddress(address);
  const plan = planFile(name, options, true);
  const setup = checkedSetup(options);
  let file;
  const descriptor = newDescriptor(platform.SOCK_DGRAM, setup, "Socket", (created) => {
    file = bindDescriptor(created, name, plan);
  });
  const local = needsShortening(name) ? name.bytes : undefined;
  return createSocket(descriptor, "dgram", { local, file });
}
