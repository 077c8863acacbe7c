/**
 * C's constants.
 *
 * @module
 */

import { constantsOf } from "../../ffi/platform/constants.ts";
import { platform } from "../../ffi/platform/mod.ts";

/**
 * Numbers of C's headers by their names, in the values of this system: for `getOption` and `setOption`, for the
 * flags and control messages of a `Msghdr`, and for what other programs expect. A name that only some systems
 * have is `undefined` on the others. Followed are socket(7), unix(7), recv(2), open(2) and poll(2).
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 *
 * const { SOL_SOCKET, SO_SNDBUF }: unix.Constants = unix.constants;
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * console.log(a.getOption(SOL_SOCKET, SO_SNDBUF), b.type);
 * ```
 */
export type Constants = Readonly<
  & Record<
    | "AF_INET"
    | "AF_INET6"
    | "AF_UNIX"
    | "AF_UNSPEC"
    | "AF_VSOCK"
    | "FD_CLOEXEC"
    | "FIONBIO"
    | "FIONREAD"
    | "IPPROTO_ICMP"
    | "IPPROTO_IP"
    | "IPPROTO_IPV6"
    | "IPPROTO_TCP"
    | "IPPROTO_UDP"
    | "IPV6_V6ONLY"
    | "MSG_CTRUNC"
    | "MSG_DONTROUTE"
    | "MSG_DONTWAIT"
    | "MSG_EOR"
    | "MSG_OOB"
    | "MSG_PEEK"
    | "MSG_TRUNC"
    | "MSG_WAITALL"
    | "O_ACCMODE"
    | "O_APPEND"
    | "O_ASYNC"
    | "O_CLOEXEC"
    | "O_CREAT"
    | "O_DIRECTORY"
    | "O_DSYNC"
    | "O_EXCL"
    | "O_NOCTTY"
    | "O_NOFOLLOW"
    | "O_NONBLOCK"
    | "O_RDONLY"
    | "O_RDWR"
    | "O_SYNC"
    | "O_TRUNC"
    | "O_WRONLY"
    | "POLLERR"
    | "POLLHUP"
    | "POLLIN"
    | "POLLNVAL"
    | "POLLOUT"
    | "POLLPRI"
    | "SCM_RIGHTS"
    | "SCM_TIMESTAMP"
    | "SHUT_RD"
    | "SHUT_RDWR"
    | "SHUT_WR"
    | "SIOCATMARK"
    | "SOCK_DGRAM"
    | "SOCK_RAW"
    | "SOCK_SEQPACKET"
    | "SOCK_STREAM"
    | "SOL_SOCKET"
    | "SO_ACCEPTCONN"
    | "SO_BROADCAST"
    | "SO_DEBUG"
    | "SO_DONTROUTE"
    | "SO_ERROR"
    | "SO_KEEPALIVE"
    | "SO_LINGER"
    | "SO_OOBINLINE"
    | "SO_RCVBUF"
    | "SO_RCVLOWAT"
    | "SO_RCVTIMEO"
    | "SO_REUSEADDR"
    | "SO_REUSEPORT"
    | "SO_SNDBUF"
    | "SO_SNDLOWAT"
    | "SO_SNDTIMEO"
    | "SO_TIMESTAMP"
    | "SO_TYPE"
    | "TCP_NODELAY",
    number
  >
  & Record<
    | "AF_NETLINK"
    | "F_SEAL_EXEC"
    | "F_SEAL_FUTURE_WRITE"
    | "F_SEAL_GROW"
    | "F_SEAL_SEAL"
    | "F_SEAL_SHRINK"
    | "F_SEAL_WRITE"
    | "LOCAL_PEERCRED"
    | "LOCAL_PEEREPID"
    | "LOCAL_PEERPID"
    | "LOCAL_PEERTOKEN"
    | "MSG_CMSG_CLOEXEC"
    | "MSG_CONFIRM"
    | "MSG_ERRQUEUE"
    | "MSG_FASTOPEN"
    | "MSG_MORE"
    | "MSG_NOSIGNAL"
    | "MSG_ZEROCOPY"
    | "O_PATH"
    | "POLLRDHUP"
    | "SCM_CREDENTIALS"
    | "SCM_CREDS"
    | "SCM_PIDFD"
    | "SCM_SECURITY"
    | "SCM_TIMESTAMPNS"
    | "SIOCINQ"
    | "SIOCOUTQ"
    | "SOCK_CLOEXEC"
    | "SOCK_NONBLOCK"
    | "SOL_IP"
    | "SOL_IPV6"
    | "SOL_LOCAL"
    | "SOL_TCP"
    | "SOL_UDP"
    | "SO_ATTACH_BPF"
    | "SO_ATTACH_FILTER"
    | "SO_BUSY_POLL"
    | "SO_COOKIE"
    | "SO_DETACH_FILTER"
    | "SO_DOMAIN"
    | "SO_INCOMING_CPU"
    | "SO_LOCK_FILTER"
    | "SO_MARK"
    | "SO_NOSIGPIPE"
    | "SO_NREAD"
    | "SO_NWRITE"
    | "SO_PASSCRED"
    | "SO_PASSPIDFD"
    | "SO_PASSRIGHTS"
    | "SO_PASSSEC"
    | "SO_PEEK_OFF"
    | "SO_PEERCRED"
    | "SO_PEERGROUPS"
    | "SO_PEERPIDFD"
    | "SO_PEERSEC"
    | "SO_PRIORITY"
    | "SO_PROTOCOL"
    | "SO_RCVBUFFORCE"
    | "SO_RXQ_OVFL"
    | "SO_SNDBUFFORCE"
    | "SO_TIMESTAMPING"
    | "SO_TIMESTAMPNS"
    | "SO_ZEROCOPY",
    number | undefined
  >
>;

/**
 * C's constants: see {@linkcode Constants}.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 * import { assertEquals } from "@std/assert";
 *
 * const { SOL_SOCKET, SO_TYPE, SOCK_STREAM, SO_PASSCRED } = unix.constants;
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * assertEquals(a.getOption(SOL_SOCKET, SO_TYPE), SOCK_STREAM);
 * if (SO_PASSCRED !== undefined) a.setOption(SOL_SOCKET, SO_PASSCRED, true);
 * ```
 */
export const constants: Constants = constantsOf(platform);
