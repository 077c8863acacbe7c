/**
 * Binding a socket to an address, with the mode of its file and its removal; datagram sockets.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { fchmod } from "../../ffi/syscalls/files.ts";
import { socket } from "../../ffi/syscalls/sockets.ts";
import { Descriptor } from "../descriptor/descriptor.ts";
import { check, InvalidAddressError } from "../errors.ts";
import { bindTo, needsShortening } from "../address/destination.ts";
import { type Address, displayName, type Name, parseAddress } from "../address/sockaddr.ts";
import { createSocket, type Socket } from "../handle/socket.ts";
import { typeNumber } from "../socket/socket_type.ts";
import { BoundFile } from "./bound_file.ts";
import { newSocketFlags, type SocketFlags } from "./flags.ts";
import { replacingStale } from "./stale.ts";

/** What {@linkcode bind} and {@linkcode listen} do about the socket file. */
export interface SocketFileOptions {
  /**
   * Permission bits of the socket file, as in `0o600`, set in full whatever the umask, and from the moment
   * the file exists: there is no window with wider rights. The default is what the umask leaves of 0o777.
   */
  mode?: number;
  /**
   * Replace a socket file that nobody answers on, left over from a program that ended. A live one, anything
   * that is no socket, and a symbolic link stay untouched. The kernel takes a moment to clear up after a
   * program that was killed: the call waits for up to 250 ms before it takes an answer for one of a live
   * program. The default is false.
   */
  replaceStale?: boolean;
  /**
   * Remove the socket file on close, if the path still names the very file that was bound. The default is
   * true. A detached socket leaves it.
   */
  unlinkOnClose?: boolean;
}

/** How {@linkcode bind} makes a datagram socket. */
export interface BindOptions extends SocketFlags, SocketFileOptions {}

/** What to do about the socket file, checked. */
export interface FilePlan {
  readonly mode: number | undefined;
  readonly replaceStale: boolean;
  readonly unlinkOnClose: boolean;
  /** Whether peers answer to the address: it must lead here for them, however long it is. */
  readonly isAnswered: boolean;
}

/**
 * Check the options against the address.
 *
 * @throws {TypeError} | {RangeError} if they do not fit
 */
export function planFile(
  name: Name,
  options: SocketFileOptions,
  isAnswered: boolean = false,
): FilePlan {
  const { mode, replaceStale = false, unlinkOnClose = true } = options;
  if (mode !== undefined) {
    if (!Number.isInteger(mode) || mode < 0 || mode > 0o777) {
      throw new RangeError(
        `Cannot use ${mode} as the mode of a socket file: give permission bits from 0 to 0o777`,
      );
    }
    if (name.kind !== "path") {
      throw new TypeError(
        "Cannot set a mode: an abstract socket has no file; check `peerCredentials` instead",
      );
    }
  }
  return { mode, replaceStale, unlinkOnClose, isAnswered };
}

/**
 * Check an address to bind to.
 *
 * @throws {InvalidAddressError} if it cannot be bound to
 */
export function parseBindAddress(address: Address): Name {
  const name = parseAddress(address, platform);
  if (name.kind === "autobind" && !platform.abstractNames) {
    throw new InvalidAddressError(
      "Cannot bind to the empty address: only Linux chooses a name by itself; give a path",
    );
  }
  return name;
}

/** Bind `descriptor` to a name, and then run `ready`, listen(2) for a listener. */
export function bindDescriptor(
  descriptor: Descriptor,
  name: Name,
  plan: FilePlan,
  ready: () => void = () => {},
): void {
  // On Linux a socket's own mode becomes that of its file.
  if (plan.mode !== undefined) check(fchmod(descriptor.fd, plan.mode), "fchmod", displayName(name));
  const keep = (directory: number) =>
    descriptor.closeTogether(new Descriptor(directory, descriptor.owner));
  const attempt = () => bindTo(descriptor.fd, name, plan.isAnswered ? keep : undefined);
  const first = attempt();
  if (first === -platform.EADDRINUSE && plan.replaceStale && name.kind === "path") {
    replacingStale(name, () => {
      check(attempt(), "bind", displayName(name));
      finishBinding(descriptor, name, plan, ready);
    });
    return;
  }
  check(first, "bind", displayName(name));
  finishBinding(descriptor, name, plan, ready);
}

function finishBinding(
  descriptor: Descriptor,
  name: Name,
  plan: FilePlan,
  ready: () => void,
): void {
  if (name.kind === "path") {
    const file = new BoundFile(name);
    // From here on a failure removes the file, too, which nobody but this call knows of.
    descriptor.beforeClose = () => file.remove();
    if (plan.mode !== undefined) file.setMode(plan.mode);
    ready();
    if (!plan.unlinkOnClose) descriptor.beforeClose = undefined;
  } else ready();
}

/** Make a socket, run `setUp` on its descriptor, and close it if that fails. */
export function withNewSocket(
  type: number,
  flags: SocketFlags,
  owner: string,
  setUp: (descriptor: Descriptor) => void,
): Descriptor {
  const fd = check(socket(type, newSocketFlags(flags)), "socket");
  const descriptor = new Descriptor(fd, owner);
  try {
    setUp(descriptor);
  } catch (error) {
    descriptor.close();
    throw error;
  }
  return descriptor;
}

/**
 * Create a datagram socket bound to an address: it receives from everybody, and sends with `to`.
 *
 * On Linux a path may be longer than the kernel takes. Receivers then see the sender as
 * `/proc/PID/fd/N/name`, to which they can answer while the socket is open, if they run as the same user.
 *
 * @param address a path, an abstract name, or `""` for a name of the kernel's choosing
 * @throws {InvalidAddressError} if the address cannot be bound to
 * @throws {Deno.errors.AddrInUse} if it is taken
 * @throws {Deno.errors.NotFound} if the directory is not there
 * @throws {Deno.errors.PermissionDenied} if the directory is not writable
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
  const name = parseBindAddress(address);
  const plan = planFile(name, options, true);
  const descriptor = withNewSocket(
    typeNumber("dgram"),
    options,
    "Socket",
    (created) => bindDescriptor(created, name, plan),
  );
  const local = needsShortening(name) ? name.bytes : undefined;
  return createSocket(descriptor, "dgram", { local });
}
