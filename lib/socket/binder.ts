/**
 * Giving a socket its address, with the mode of its file, its removal and the replacement of what is left over.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { fchmod } from "../../ffi/syscalls/files.ts";
import { socket } from "../../ffi/syscalls/sockets.ts";
import { Descriptor } from "../descriptor/descriptor.ts";
import { check, InvalidAddressError, shown, systemError } from "../errors.ts";
import { bindTo } from "../address/destination.ts";
import { reasonForRefusal } from "../address/refusal.ts";
import { type Address, displayName, type Name, parseAddress } from "../address/sockaddr.ts";
import { BoundFile } from "./bound_file.ts";
import { boolean, type CheckedSetup } from "./setup.ts";
import { bindAbandonedName, replacingStale } from "./stale_file.ts";

/** What is done about the file of a socket that is bound to a path. */
export interface SocketFileOptions {
  /**
   * Permission bits of the socket file, as in `0o600`, set in full whatever the umask, and from the moment
   * the file exists: there is no window with wider rights. The default is what the umask leaves of 0o777.
   */
  mode?: number;
  /**
   * Replace a socket file that nobody answers on, left over from a program that ended. A live one, anything
   * that is no socket, and a symbolic link stay untouched: `AddrInUse`. The default is false.
   *
   * The kernel takes some milliseconds to clear up after a program that was killed. So the call blocks for up
   * to 100 ms before it takes an answer for that of a live program; for an abstract name, too.
   */
  replaceStale?: boolean;
  /**
   * Remove the socket file on close, if the path still names the very file that was bound. The default is
   * true. A detached socket leaves it.
   */
  unlinkOnClose?: boolean;
}

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
 * @throws {TypeError} If an option does not fit the address, or is no boolean.
 * @throws {RangeError} If the mode has other bits than permissions.
 */
export function planFile(name: Name, options: SocketFileOptions, isAnswered: boolean): FilePlan {
  const { mode, replaceStale = false, unlinkOnClose = true } = options;
  boolean("replaceStale", replaceStale);
  boolean("unlinkOnClose", unlinkOnClose);
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
  const display = displayName(name);
  // On Linux a socket's own mode becomes that of its file.
  if (plan.mode !== undefined) check(fchmod(descriptor.fd, plan.mode), "fchmod", display);
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
    file.remove(); // only this call knows of it
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
