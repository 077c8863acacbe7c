/**
 * The setup of new sockets: the flags of the descriptor, and the options that must be set before the first byte
 * can come.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import type { NewSocketFlags } from "../../ffi/syscalls/sockets.ts";
import { check, checkedFlag, shown } from "../errors.ts";
import { checkedBufferSize, setFlag, setIntOption } from "./options.ts";

/**
 * The flags of a new descriptor: `net::sockflag` of Hare.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 *
 * const [a, b] = unix.socketpair({ cloexec: false, nonblocking: true }); // for a child
 * using _a = a;
 * using _b = b;
 * console.log(a.closeOnExec, a.nonblocking);
 * ```
 */
export interface SocketFlags {
  /** Close the descriptor in programs this process starts (`SOCK_CLOEXEC`). The default is true. */
  cloexec?: boolean;
  /**
   * Set `O_NONBLOCK`, for programs the descriptor is handed to. The default is false. The functions of this
   * module behave the same whichever way it is set.
   */
  nonblocking?: boolean;
}

/**
 * The flags of a new socket, and options that are set before bind(2), connect(2) and listen(2): in force for
 * the first message already. Accepted sockets inherit what the kernel lets them: on Linux `passCredentials`,
 * `passPidfd` and `passRights`.
 *
 * @example
 * ```ts
 * import { type SocketSetup, unix } from "@denet/unix";
 *
 * const setup: SocketSetup = { passCredentials: Deno.build.os === "linux", sendBufferSize: 1 << 20 };
 * using listener = unix.listen(`${Deno.makeTempDirSync()}/app.sock`, setup);
 * console.log(listener.passCredentials);
 * ```
 */
export interface SocketSetup extends SocketFlags {
  /**
   * Have every message come with its sender's credentials (`SO_PASSCRED`, Linux). The default is false. Linux
   * gives such a socket an abstract name when it connects, if it has no name yet.
   */
  passCredentials?: boolean;
  /** Have every message come with a descriptor of its sender's process (`SO_PASSPIDFD`, Linux 6.5). The default is false. */
  passPidfd?: boolean;
  /** Whether peers may pass descriptors to the socket (`SO_PASSRIGHTS`, Linux 6.16). The default is true. */
  passRights?: boolean;
  /** The size of the send buffer in bytes (`SO_SNDBUF`); Linux doubles it. The default is the system's. */
  sendBufferSize?: number;
  /** The size of the receive buffer in bytes (`SO_RCVBUF`). The default is the system's. */
  receiveBufferSize?: number;
}

/** A setup that was checked. */
export interface CheckedSetup {
  readonly flags: NewSocketFlags;
  /** Set the options; if that fails, the caller closes the socket. `undefined` if there are none. */
  readonly apply: ((fd: number) => void) | undefined;
}

/** The default flags of a socket. */
export const DEFAULT_FLAGS: NewSocketFlags = { cloexec: true, nonblocking: false };

const DEFAULT_SETUP: CheckedSetup = { flags: DEFAULT_FLAGS, apply: undefined };

/**
 * Check the flags of a new descriptor, reading each once.
 *
 * @throws {TypeError} If one is no boolean.
 */
export function newSocketFlags(
  { cloexec = true, nonblocking = false }: SocketFlags,
): NewSocketFlags {
  if (cloexec === true && nonblocking === false) return DEFAULT_FLAGS;
  return {
    cloexec: checkedFlag("cloexec", cloexec),
    nonblocking: checkedFlag("nonblocking", nonblocking),
  };
}

/**
 * Check a setup, reading each option once.
 *
 * @throws {TypeError} If a flag is no boolean.
 * @throws {RangeError} If the size of a buffer is out of range.
 */
export function checkedSetup(setup: SocketSetup): CheckedSetup {
  const { passCredentials, passPidfd, passRights, sendBufferSize, receiveBufferSize } = setup;
  const flags = newSocketFlags(setup);
  if (
    passCredentials === undefined && passPidfd === undefined && passRights === undefined &&
    sendBufferSize === undefined && receiveBufferSize === undefined
  ) {
    return flags === DEFAULT_FLAGS ? DEFAULT_SETUP : { flags, apply: undefined };
  }
  const { SO_PASSCRED, SO_PASSPIDFD, SO_PASSRIGHTS, SO_SNDBUF, SO_RCVBUF } = platform;
  const steps: readonly Step[] = [
    flagStep("passCredentials", passCredentials, SO_PASSCRED, PASS_CREDENTIALS),
    flagStep("passPidfd", passPidfd, SO_PASSPIDFD, PASS_PIDFD),
    flagStep("passRights", passRights, SO_PASSRIGHTS, PASS_RIGHTS),
    sizeStep(sendBufferSize, SO_SNDBUF),
    sizeStep(receiveBufferSize, SO_RCVBUF),
  ];
  return { flags, apply: (fd) => steps.forEach((step) => step?.(fd)) };
}

/** Sets one option; `undefined` where nothing is to be set. */
type Step = ((fd: number) => void) | undefined;

function flagStep(name: string, value: unknown, option: number, what: string): Step {
  if (value === undefined) return undefined;
  const on = checkedFlag(name, value);
  // A value that a system without the option behaves like needs no call.
  const isDefault = on === (option === platform.SO_PASSRIGHTS);
  return isDefault ? undefined : (fd) => setFlag(fd, option, on, what);
}

function sizeStep(value: number | undefined, option: number): Step {
  if (value === undefined) return undefined;
  const bytes = checkedBufferSize(value);
  return (fd) => check(setIntOption(fd, platform.SOL_SOCKET, option, bytes), "setsockopt");
}

/** What cannot be done on a system without the option, for the message. */
export const PASS_CREDENTIALS = "pass credentials with messages";
export const PASS_PIDFD = "pass process descriptors with messages";
export const PASS_RIGHTS = "refuse descriptors for a socket";

/** The default backlog, that of Hare. */
const DEFAULT_BACKLOG = 10;

/**
 * Check how many connections may wait to be accepted.
 *
 * @throws {RangeError} If it is no integer from 0.
 */
export function checkedBacklog(backlog: number = DEFAULT_BACKLOG): number {
  if (Number.isInteger(backlog) && backlog >= 0 && backlog <= 0x7fffffff) return backlog;
  throw new RangeError(
    `Cannot use a backlog of ${shown(backlog)}: give an integer from 0 to ${0x7fffffff}`,
  );
}
