/**
 * Inspection of descriptors: whether they are Unix sockets, their type and names.
 *
 * @module
 */

import { MISSING, platform } from "../../ffi/platform/mod.ts";
import { poll } from "../../ffi/syscalls/files.ts";
import { socketName } from "../../ffi/syscalls/sockets.ts";
import { check } from "../errors.ts";
import { decodeSockaddr } from "../address/sockaddr.ts";
import { noteForeignOptions, notePeekOffset, readIntOption } from "./options.ts";
import { type SocketType, typeFromNumber } from "./socket_type.ts";

/**
 * Check that `fd` is a Unix socket, listening or not, and return its type.
 *
 * @throws {TypeError} If it is not.
 */
export function describeSocket(fd: number, listening: boolean): SocketType {
  const refuse = (why: string) => new TypeError(`Cannot adopt descriptor ${fd}: ${why}`);
  const number = readIntOption(fd, platform.SOL_SOCKET, platform.SO_TYPE);
  if (number < 0) throw refuse("it is not a socket; use it as an OwnedFd");
  const type = typeFromNumber(number);
  if (type === undefined || !isUnix(fd)) {
    throw refuse("it is not a Unix domain socket; use it as an OwnedFd");
  }
  const listens = readIntOption(fd, platform.SOL_SOCKET, platform.SO_ACCEPTCONN) > 0;
  if (listening && !listens) throw refuse("it does not listen; use Socket.adopt");
  if (!listening && listens) throw refuse("it listens; use Listener.adopt");
  noteForeignOptions();
  if (!listening) notePeekOffset(fd);
  return type;
}

function isUnix(fd: number): boolean {
  if (platform.SO_DOMAIN !== MISSING) {
    return readIntOption(fd, platform.SOL_SOCKET, platform.SO_DOMAIN) === platform.AF_UNIX;
  }
  const name = new Uint8Array(128);
  const [offset, width] = platform.sockaddr_un.sun_family;
  const length = socketName(fd, false, name);
  return length >= offset + width && name[offset] === platform.AF_UNIX;
}

/** Read the name of a socket or of its peer. */
export function nameOf(fd: number, ofPeer: boolean): Uint8Array | null {
  const buffer = new Uint8Array(128);
  const length = socketName(fd, ofPeer, buffer);
  const isMissing = ofPeer && (length === -platform.ENOTCONN || length === -platform.EINVAL);
  if (isMissing) return null;
  return decodeSockaddr(buffer, check(length, ofPeer ? "getpeername" : "getsockname"), platform);
}

/** Whether reading from the socket was shut down: EAGAIN is permanent then. */
export function isReadingShutDown(fd: number): boolean {
  const { POLLRDHUP } = platform;
  return POLLRDHUP !== 0 && (poll(fd, POLLRDHUP, 0) & POLLRDHUP) !== 0;
}
