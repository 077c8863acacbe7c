/**
 * The socket calls: one thin typed function each, returning a value or `-errno`.
 *
 * @module
 */

import { libc } from "../libc.ts";
import { byteLengthOf, ffiBytes, size } from "../memory.ts";
import { platform } from "../platform/mod.ts";
import { closeFd, setCloseOnExec, setNonblocking } from "./files.ts";
import { checked, checkedCount, retried } from "./result.ts";

/** Flags for a new socket, wherever the system takes them. */
export interface NewSocketFlags {
  readonly cloexec: boolean;
  readonly nonblocking: boolean;
}

function typeFlags(flags: NewSocketFlags): number {
  return (flags.cloexec ? platform.SOCK_CLOEXEC : 0) |
    (flags.nonblocking ? platform.SOCK_NONBLOCK : 0);
}

/** Set on a fresh descriptor what the creating call could not: systems without `SOCK_CLOEXEC`. */
function finish(fd: number, flags: NewSocketFlags): number {
  let result = 0;
  if (flags.cloexec && platform.SOCK_CLOEXEC === 0) result = setCloseOnExec(fd, true);
  if (result >= 0 && flags.nonblocking !== wasBornNonblocking(flags)) {
    result = setNonblocking(fd, flags.nonblocking);
  }
  suppressSigpipe(fd);
  if (result >= 0) return fd;
  closeFd(fd);
  return result;
}

function wasBornNonblocking(flags: NewSocketFlags): boolean {
  return flags.nonblocking && platform.SOCK_NONBLOCK !== 0;
}

const ONE = new Uint8Array(new Int32Array([1]).buffer);

/**
 * Have writes to a closed peer fail without SIGPIPE where no flag of send(2) does that. macOS refuses with
 * EINVAL once the peer is gone, which is no reason to give up a socket: what it sent can still be read.
 */
export function suppressSigpipe(fd: number): void {
  const { SOL_SOCKET, SO_NOSIGPIPE } = platform;
  if (SO_NOSIGPIPE > 0) setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, ONE);
}

/** socket(2) in the unix domain. */
export function socket(type: number, flags: NewSocketFlags): number {
  const fd = checked(libc().socket(platform.AF_UNIX, type | typeFlags(flags), 0));
  return fd < 0 ? fd : finish(fd, flags);
}

const pair = new Int32Array(2);

/** socketpair(2): the two descriptors, or `-errno`. */
export function socketpair(type: number, flags: NewSocketFlags): [number, number] | number {
  const result = checked(libc().socketpair(platform.AF_UNIX, type | typeFlags(flags), 0, pair));
  if (result < 0) return result;
  const [first = -1, second = -1] = pair;
  const ready = finish(first, flags);
  if (ready < 0) {
    closeFd(second);
    return ready;
  }
  const other = finish(second, flags);
  if (other >= 0) return [first, second];
  closeFd(first);
  return other;
}

/** bind(2). */
export function bind(fd: number, address: Uint8Array): number {
  return checked(libc().bind(fd, ffiBytes(address), address.byteLength));
}

/**
 * connect(2). Interrupted by a signal it may be repeated: a unix socket connects at once or not at
 * all, so nothing is under way.
 */
export function connect(fd: number, address: Uint8Array): number {
  return retried(() => libc().connect(fd, ffiBytes(address), address.byteLength));
}

/** listen(2). */
export function listen(fd: number, backlog: number): number {
  return checked(libc().listen(fd, backlog));
}

/** accept4(2), or accept(2) and fcntl(2) where there is none. A signal may come while it waits. */
export function accept(fd: number, flags: NewSocketFlags): number {
  const c = libc();
  const { accept4 } = c;
  if (accept4 !== null) return retried(() => accept4(fd, null, null, typeFlags(flags)));
  const accepted = retried(() => c.accept(fd, null, null));
  if (accepted < 0) return accepted;
  // BSD hands the listener's O_NONBLOCK on to what it accepts: set it either way.
  const result = setNonblocking(accepted, flags.nonblocking);
  if (result >= 0) return finish(accepted, flags);
  closeFd(accepted);
  return result;
}

const nameLength = new Uint32Array(1);

/**
 * getsockname(2) or getpeername(2) into `buffer`: the length of the name, which may exceed what a
 * `sockaddr_un` holds by one for a path without a final NUL.
 */
export function socketName(fd: number, peer: boolean, buffer: Uint8Array): number {
  nameLength[0] = buffer.byteLength;
  const c = libc();
  const call = peer ? c.getpeername : c.getsockname;
  const result = checked(call(fd, ffiBytes(buffer), nameLength));
  return result < 0 ? result : Math.min(nameLength[0], buffer.byteLength);
}

// The four calls that transfer data are repeated by hand: a closure for `retried` would cost more than
// everything else that is done for a message. So would looking up each time what they need of the table.
const { EINTR, MSG_CMSG_CLOEXEC, MSG_NOSIGNAL } = platform;

/** send(2) of the first `length` bytes, which must be there. SIGPIPE is not raised. */
export function send(
  fd: number,
  bytes: Uint8Array,
  flags: number,
  length: number = byteLengthOf(bytes),
): number {
  const result = checkedCount(
    libc().send(fd, ffiBytes(bytes), size(length), flags | MSG_NOSIGNAL),
  );
  return result === -EINTR ? send(fd, bytes, flags, length) : result;
}

/** recv(2) into the first `length` bytes, which must be there. */
export function recv(
  fd: number,
  bytes: Uint8Array,
  flags: number,
  length: number = byteLengthOf(bytes),
): number {
  const result = checkedCount(libc().recv(fd, ffiBytes(bytes), size(length), flags));
  return result === -EINTR ? recv(fd, bytes, flags, length) : result;
}

/**
 * sendmsg(2) with the `struct msghdr` whose address is the first element of `header`: for a `buffer`, Deno
 * would look the address up in each call. SIGPIPE is not raised.
 */
export function sendmsg(fd: number, header: BigUint64Array, flags: number): number {
  const result = checkedCount(libc().sendmsg(fd, header[0] ?? 0n, flags | MSG_NOSIGNAL));
  return result === -EINTR ? sendmsg(fd, header, flags) : result;
}

/**
 * recvmsg(2) into the `struct msghdr` whose address is the first element of `header`; descriptors arrive
 * close-on-exec where the system can.
 */
export function recvmsg(fd: number, header: BigUint64Array, flags: number): number {
  const result = checkedCount(
    libc().recvmsg(fd, header[0] ?? 0n, flags | MSG_CMSG_CLOEXEC),
  );
  return result === -EINTR ? recvmsg(fd, header, flags) : result;
}

/** shutdown(2). */
export function shutdown(fd: number, how: number): number {
  return checked(libc().shutdown(fd, how));
}

const optionLength = new Uint32Array(1);

/** getsockopt(2) into `value`: the length of what was written. */
export function getsockopt(fd: number, level: number, name: number, value: Uint8Array): number {
  optionLength[0] = byteLengthOf(value);
  const result = checked(libc().getsockopt(fd, level, name, ffiBytes(value), optionLength));
  return result < 0 ? result : optionLength[0];
}

/** After a getsockopt(2) that failed with ERANGE: the length the kernel asked for. */
export function wantedOptionLength(): number {
  return optionLength[0] ?? 0;
}

/** setsockopt(2). */
export function setsockopt(fd: number, level: number, name: number, value: Uint8Array): number {
  return checked(libc().setsockopt(fd, level, name, ffiBytes(value), byteLengthOf(value)));
}
