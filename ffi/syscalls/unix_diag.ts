/**
 * What the kernel knows of a Unix socket beyond its name: sock_diag(7), Linux.
 *
 * @module
 */

import { libc } from "../libc.ts";
import { platform } from "../platform/mod.ts";
import { closeFd } from "./files.ts";
import { recv, send } from "./sockets.ts";
import { checked, missing } from "./result.ts";

/** The file that a socket is bound to. The inode number is cut to 32 bits where the file system has longer ones. */
export interface SocketFile {
  readonly device: number;
  readonly inode: bigint;
}

const AF_NETLINK = 16; // <linux/socket.h>
const NETLINK_SOCK_DIAG = 4; // <linux/netlink.h>
const NLM_F_REQUEST = 1;
const SOCK_DIAG_BY_FAMILY = 20; // <linux/sock_diag.h>
const UDIAG_SHOW_VFS = 2; // <linux/unix_diag.h>
const UNIX_DIAG_VFS = 1;

const HEADER = 16; // struct nlmsghdr
const REQUEST = HEADER + 24; // and struct unix_diag_req
const ANSWER = HEADER + 16; // and struct unix_diag_msg

/**
 * Return the file that the socket `inode` of this network namespace is bound to, or `-errno`.
 *
 * @param inode The socket's own inode number, as fstat(2) gives it.
 */
export function socketFile(inode: bigint): SocketFile | number {
  // deno-coverage-ignore -- macOS and other BSD systems only
  if (!platform.procSelfFd) return missing();
  const { SOCK_DGRAM, SOCK_CLOEXEC, MSG_DONTWAIT } = platform;
  const fd = checked(libc().socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (fd < 0) return fd;
  try {
    const sent = send(fd, requestFor(inode), 0);
    // deno-coverage-ignore -- a netlink socket takes a request at once
    if (sent < 0) return sent;
    const answer = new Uint8Array(512);
    // The kernel has answered by the time that the request is sent.
    const length = recv(fd, answer, MSG_DONTWAIT);
    return length < 0 ? length : fileIn(new DataView(answer.buffer, 0, length));
  } finally {
    closeFd(fd);
  }
}

function requestFor(inode: bigint): Uint8Array {
  const request = new DataView(new ArrayBuffer(REQUEST));
  request.setUint32(0, REQUEST, true);
  request.setUint16(4, SOCK_DIAG_BY_FAMILY, true);
  request.setUint16(6, NLM_F_REQUEST, true);
  request.setUint8(HEADER, platform.AF_UNIX);
  request.setUint32(HEADER + 8, Number(inode & 0xffffffffn), true);
  request.setUint32(HEADER + 12, UDIAG_SHOW_VFS, true);
  request.setBigUint64(HEADER + 16, 0xffffffffffffffffn, true); // udiag_cookie: any
  return new Uint8Array(request.buffer);
}

/** Find the attribute with the file in an answer; anything else is an error, or a socket without a file. */
function fileIn(answer: DataView): SocketFile | number {
  const isAnswer = answer.byteLength >= ANSWER &&
    answer.getUint16(4, true) === SOCK_DIAG_BY_FAMILY;
  for (let at = ANSWER; isAnswer && at + 12 <= answer.byteLength;) {
    const length = answer.getUint16(at, true);
    if (answer.getUint16(at + 2, true) === UNIX_DIAG_VFS && length >= 12) {
      const device = answer.getUint32(at + 8, true);
      // As the kernel keeps it: 20 bits of minor number.
      const major = device >>> 20, minor = device & 0xfffff;
      return {
        device: major * 256 + (minor & 0xff) + (minor >>> 8) * 0x100000,
        inode: BigInt(answer.getUint32(at + 4, true)),
      };
    }
    // deno-coverage-ignore-start -- the kernel puts the file first
    at += Math.max(4, (length + 3) & ~3);
  }
  // deno-coverage-ignore-stop
  return missing();
}
