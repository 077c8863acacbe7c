/**
 * The identity of a connection's peer, by unix(7).
 *
 * @module
 */

import { MISSING, platform } from "../../ffi/platform/mod.ts";
import { getsockopt, wantedOptionLength } from "../../ffi/syscalls/sockets.ts";
import { type Credentials, UCRED_SIZE } from "../message/cmsg.ts";
import { check, notSupported, systemError } from "../errors.ts";
import { readIntOption } from "./options.ts";

/** The user id of a socket that was never connected. */
const UNCONNECTED_UID = 0xffffffff;

function notConnected(): Error {
  return systemError(platform.ENOTCONN, "getsockopt");
}

/** Return the credentials of the peer when the connection was made. */
export function peerCredentials(fd: number): Credentials {
  return platform.SO_PEERCRED === MISSING
    ? credentialsByLocalPeercred(fd)
    : credentialsBySoPeercred(fd);
}

function credentialsBySoPeercred(fd: number): Credentials {
  const bytes = new Uint8Array(UCRED_SIZE);
  check(getsockopt(fd, platform.SOL_SOCKET, platform.SO_PEERCRED, bytes), "getsockopt");
  const view = new DataView(bytes.buffer);
  const uid = view.getUint32(4, true);
  if (uid === UNCONNECTED_UID) throw notConnected();
  return { pid: view.getInt32(0, true), uid, gid: view.getUint32(8, true) };
}

// deno-coverage-ignore-start -- macOS and other BSD systems only
/** macOS keeps the user and groups apart from the process; the first group is the effective one. */
function credentialsByLocalPeercred(fd: number): Credentials {
  const { SOL_LOCAL, LOCAL_PEERCRED, LOCAL_PEERPID, xucred } = platform;
  const bytes = new Uint8Array(xucred.size);
  check(getsockopt(fd, SOL_LOCAL, LOCAL_PEERCRED, bytes), "getsockopt");
  const view = new DataView(bytes.buffer);
  const uid = view.getUint32(xucred.cr_uid[0], true);
  const gid = view.getUint32(xucred.cr_groups[0], true);
  return { pid: check(readIntOption(fd, SOL_LOCAL, LOCAL_PEERPID), "getsockopt"), uid, gid };
}
// deno-coverage-ignore-stop

/** Return the number of a new descriptor for the process on the other side: the caller owns it. */
export function peerPidfd(fd: number): number {
  const { SO_PEERPIDFD, SOL_SOCKET, ENOPROTOOPT, EINVAL, ESRCH, ENODATA } = platform;
  const result = SO_PEERPIDFD === MISSING
    ? -ENOPROTOOPT
    : readIntOption(fd, SOL_SOCKET, SO_PEERPIDFD);
  if (result >= 0) return result;
  if (result === -ENOPROTOOPT) {
    throw notSupported(
      "Cannot open the peer process: this kernel has no descriptors for peers; use Linux 6.5 or later",
    );
  }
  if (result === -ENODATA) throw notConnected();
  if (result === -EINVAL || result === -ESRCH) {
    const { code, errno, syscall } = systemError(-result, "getsockopt");
    const error = new Deno.errors.NotFound(
      `Cannot open the peer process: it has ended and is gone (${code})`,
    );
    throw Object.assign(error, { code, errno, syscall });
  }
  throw systemError(-result, "getsockopt");
}

/** Return the supplementary groups of the peer when the connection was made. */
export function peerGroups(fd: number): number[] {
  if (platform.SO_PEERGROUPS === MISSING) {
    throw notSupported(
      "Cannot read the groups of the peer: this system does not report them; use Linux",
    );
  }
  const bytes = readGrowing(fd, platform.SO_PEERGROUPS, 256);
  return [...new Uint32Array(bytes.buffer, 0, bytes.byteLength / 4)];
}

/** Return the security label of the peer. */
export function peerSecurity(fd: number): string {
  const { SO_PEERSEC, ENOPROTOOPT } = platform;
  const bytes = SO_PEERSEC === MISSING ? undefined : readGrowing(fd, SO_PEERSEC, 256, ENOPROTOOPT);
  if (bytes === undefined) {
    throw notSupported(
      "Cannot read the security label of the peer: no security module (SELinux, AppArmor) is active here",
    );
  }
  // deno-coverage-ignore-start -- systems with an active security module only
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  // deno-coverage-ignore-stop
}

/** Read an option of unknown length: the kernel reports the length it needs together with ERANGE. */
function readGrowing(fd: number, name: number, size: number): Uint8Array<ArrayBuffer>;
function readGrowing(
  fd: number,
  name: number,
  size: number,
  absent: number,
): Uint8Array<ArrayBuffer> | undefined;
function readGrowing(
  fd: number,
  name: number,
  size: number,
  absent?: number,
): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(size);
  const length = getsockopt(fd, platform.SOL_SOCKET, name, bytes);
  if (absent !== undefined && length === -absent) return undefined;
  if (length === -platform.ENODATA) throw notConnected();
  if (length === -platform.ERANGE && wantedOptionLength() > size) {
    return readGrowing(fd, name, wantedOptionLength());
  }
  return bytes.subarray(0, check(length, "getsockopt"));
}
