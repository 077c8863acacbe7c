/**
 * Binding a socket: the mode of its file, the file's removal, and the replacement of a stale file.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { fchmod } from "../../ffi/syscalls/files.ts";
import { socket } from "../../ffi/syscalls/sockets.ts";
import { Descriptor } from "../descriptor/descriptor.ts";
import { check, checkedFlag, InvalidAddressError, shown, systemError } from "../errors.ts";
import { bindTo } from "../address/destination.ts";
import { reasonForRefusal } from "../address/refusal.ts";
import { type Address, displayName, type Name, parseAddress } from "../address/sockaddr.ts";
import { identityOf } from "../fd/stat.ts";
import { BoundFile } from "./bound_file.ts";
import type { CheckedSetup } from "./setup.ts";
import { bindAbandonedName, replacingStale } from "./stale_file.ts";

/**
 * Options for the file of a socket that is bound to a path.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 *
 * const path = `${Deno.makeTempDirSync()}/app.sock`;
 * using listener = unix.listen(path, { mode: 0o660, replaceStale: true, unlinkOnClose: true });
 * console.log(listener.addr.path);
 * ```
 */
export interface SocketFileOptions {
  /**
   * Permission bits of the socket file, as in `0o600`, independent of the umask. The file never has more rights, not
   * even for a moment after it is created. The default is 0o777 without the bits of the umask.
   */
  mode?: number;
  /**
   * Replace a stale socket file: one without a server, left over from a program that ended. A live one, a file that
   * is no socket, and a symbolic link are left alone: `AddrInUse`. The default is false.
   *
   * The kernel takes some milliseconds to release the sockets of a program that was killed. So the call blocks for
   * up to 100 ms before it reports a live server, also for an abstract name.
   */
  replaceStale?: boolean;
  /**
   * Remove the socket file on close, if the path still names the file that was bound. The default is true. Detaching
   * the socket leaves the file.
   */
  unlinkOnClose?: boolean;
}

const PERMISSIONS = 0o7777;

/** What to do about the socket file, checked. */
export interface FilePlan {
  readonly mode: number | undefined;
  readonly replaceStale: boolean;
  readonly unlinkOnClose: boolean;
  /** Whether peers send answers to the address: then it must work for them, however long it is. */
  readonly isAnswered: boolean;
}

/**
 * Check the options against the address.
 *
 * @throws {TypeError} If an option does not fit the address, or is no boolean.
 * @throws {RangeError} If the mode has other bits than permissions.
 */
export function planFile(name: Name, options: SocketFileOptions, isAnswered: boolean): FilePlan {
  const { mode, replaceStale = false, unlinkOnClose = true } = options;
  checkedFlag("replaceStale", replaceStale);
  checkedFlag("unlinkOnClose", unlinkOnClose);
  if (mode !== undefined) {
    if (!Number.isInteger(mode) || mode < 0 || mode > 0o777) {
      throw new RangeError(
        `Cannot use ${
          shown(mode)
        } as the mode of a socket file: give permission bits from 0 to 0o777`,
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
 * @throws {InvalidAddressError} If it cannot be bound to.
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

/**
 * Bind `descriptor` to a name, and then run `ready`, listen(2) for a listener.
 *
 * @returns The socket file; `undefined` for an abstract name.
 */
export function bindDescriptor(
  descriptor: Descriptor,
  name: Name,
  plan: FilePlan,
  ready: () => void = () => {},
): BoundFile | undefined {
  const { mode } = plan;
  if (mode === undefined) return bindAs(descriptor, name, plan, ready);
  // On Linux bind(2) gives the file the mode of the socket itself.
  const before = identityOf(descriptor.fd).mode & PERMISSIONS;
  check(fchmod(descriptor.fd, mode), "fchmod", displayName(name));
  try {
    return bindAs(descriptor, name, plan, ready);
  } catch (error) {
    // The caller may bind the socket again, without a mode.
    fchmod(descriptor.fd, before);
    throw error;
  }
}

function bindAs(
  descriptor: Descriptor,
  name: Name,
  plan: FilePlan,
  ready: () => void,
): BoundFile | undefined {
  const display = displayName(name);
  const keep = (directory: number) =>
    descriptor.closeTogether(new Descriptor(directory, descriptor.owner));
  const attempt = () => bindTo(descriptor.fd, name, plan.isAnswered ? keep : undefined);
  const finish = (result: number) => {
    if (result < 0) throw systemError(-result, "bind", display, reasonForRefusal(-result, name));
    return finishBinding(descriptor, name, plan, ready);
  };
  const first = attempt();
  if (first !== -platform.EADDRINUSE || !plan.replaceStale) return finish(first);
  return name.kind === "path"
    ? replacingStale(name, () => finish(attempt()))
    : finish(bindAbandonedName(attempt));
}

function finishBinding(
  descriptor: Descriptor,
  name: Name,
  plan: FilePlan,
  ready: () => void,
): BoundFile | undefined {
  if (name.kind !== "path") {
    ready();
    return undefined;
  }
  const file = BoundFile.named(name);
  try {
    if (plan.mode !== undefined) file.setMode(plan.mode);
    ready();
  } catch (error) {
    file.remove(); // it has no other owner yet
    throw error;
  }
  if (plan.unlinkOnClose) descriptor.beforeClose = () => file.remove();
  return file;
}

/** Make a socket, run `prepare` on its descriptor, and close it if that fails. */
export function newDescriptor(
  type: number,
  setup: CheckedSetup,
  owner: string,
  prepare: (descriptor: Descriptor) => void = () => {},
): Descriptor {
  const descriptor = new Descriptor(check(socket(type, setup.flags), "socket"), owner);
  try {
    setup.apply?.(descriptor.fd);
    prepare(descriptor);
  } catch (error) {
    descriptor.close();
    throw error;
  }
  return descriptor;
}
