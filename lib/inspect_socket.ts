/**
 * What a descriptor that came from elsewhere is.
 *
 * @module
 */

import { MISSING, platform } from "../ffi/platform/mod.ts";
import { socketName } from "../ffi/syscalls/sockets.ts";
import { readIntOption } from "./options.ts";
import { type SocketType, typeFromNumber } from "./socket_type.ts";

/**
 * Check that `fd` is a Unix socket, listening or not, and return its type.
 *
 * @throws {TypeError} if it is not
 */
export function describeSocket(fd: number, listening: boolean): SocketType {
  const refuse = (why: string) => new TypeError(`Cannot adopt descriptor ${fd}: ${why}`);
  const number = readIntOption(fd, platform.SOL_SOCKET, platform.SO_TYPE);
  if (number < 0) throw refuse("it is not a socket");
  const type = typeFromNumber(number);
  if (type === undefined || !isUnix(fd)) throw refuse("it is not a Unix domain socket");
  const listens = readIntOption(fd, platform.SOL_SOCKET, platform.SO_ACCEPTCONN) > 0;
  if (listening && !listens) throw refuse("it does not listen; use Socket.adopt");
  if (!listening && listens) throw refuse("it listens; use Listener.adopt");
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
