/**
 * The numbers that programs give to the calls of this module: C's names, with Linux's and macOS's values. Data
 * only, beside the table of the platform, which has what the module itself uses.
 *
 * Values from the same headers as those of the tables.
 *
 * @module
 */

import type { Platform } from "./types.ts";

/** Linux's value and macOS's; `undefined` where there is none. */
type Values = readonly [linux: number | undefined, macos: number | undefined];

/** What both systems have. */
const everywhere = {
  // <sys/socket.h>: families and types
  AF_UNSPEC: [0, 0],
  AF_UNIX: [1, 1],
  AF_INET: [2, 2],
  AF_INET6: [10, 30],
  AF_VSOCK: [40, 40],
  SOCK_STREAM: [1, 1],
  SOCK_DGRAM: [2, 2],
  SOCK_RAW: [3, 3],
  SOCK_SEQPACKET: [5, 5],
  SHUT_RD: [0, 0],
  SHUT_WR: [1, 1],
  SHUT_RDWR: [2, 2],

  // <sys/socket.h>: options
  SOL_SOCKET: [1, 0xffff],
  SO_ACCEPTCONN: [30, 0x2],
  SO_BROADCAST: [6, 0x20],
  SO_DEBUG: [1, 0x1],
  SO_DONTROUTE: [5, 0x10],
  SO_ERROR: [4, 0x1007],
  SO_KEEPALIVE: [9, 0x8],
  SO_LINGER: [13, 0x80],
  SO_OOBINLINE: [10, 0x100],
  SO_RCVBUF: [8, 0x1002],
  SO_RCVLOWAT: [18, 0x1004],
  SO_RCVTIMEO: [20, 0x1006],
  SO_REUSEADDR: [2, 0x4],
  SO_REUSEPORT: [15, 0x200],
  SO_SNDBUF: [7, 0x1001],
  SO_SNDLOWAT: [19, 0x1003],
  SO_SNDTIMEO: [21, 0x1005],
  SO_TIMESTAMP: [29, 0x400],
  SO_TYPE: [3, 0x1008],

  // <sys/socket.h>: control messages and flags
  SCM_RIGHTS: [1, 1],
  SCM_TIMESTAMP: [29, 2],
  MSG_OOB: [0x1, 0x1],
  MSG_PEEK: [0x2, 0x2],
  MSG_DONTROUTE: [0x4, 0x4],
  MSG_CTRUNC: [0x8, 0x20],
  MSG_TRUNC: [0x20, 0x10],
  MSG_DONTWAIT: [0x40, 0x80],
  MSG_EOR: [0x80, 0x8],
  MSG_WAITALL: [0x100, 0x40],

  // <netinet/in.h>, <netinet/tcp.h>: for sockets that are passed
  IPPROTO_IP: [0, 0],
  IPPROTO_ICMP: [1, 1],
  IPPROTO_TCP: [6, 6],
  IPPROTO_UDP: [17, 17],
  IPPROTO_IPV6: [41, 41],
  IPV6_V6ONLY: [26, 27],
  TCP_NODELAY: [1, 1],

  // <fcntl.h>
  FD_CLOEXEC: [1, 1],
  O_RDONLY: [0, 0],
  O_WRONLY: [1, 1],
  O_RDWR: [2, 2],
  O_ACCMODE: [3, 3],
  O_APPEND: [0o2000, 0x8],
  O_ASYNC: [0o20000, 0x40],
  O_CLOEXEC: [0o2000000, 0x1000000],
  O_CREAT: [0o100, 0x200],
  O_DSYNC: [0o10000, 0x400000],
  O_EXCL: [0o200, 0x800],
  O_NOCTTY: [0o400, 0x20000],
  O_NONBLOCK: [0o4000, 0x4],
  O_SYNC: [0o4010000, 0x80],
  O_TRUNC: [0o1000, 0x400],

  // <poll.h>, <sys/ioctl.h>
  POLLIN: [0x1, 0x1],
  POLLPRI: [0x2, 0x2],
  POLLOUT: [0x4, 0x4],
  POLLERR: [0x8, 0x8],
  POLLHUP: [0x10, 0x10],
  POLLNVAL: [0x20, 0x20],
  FIONBIO: [0x5421, 0x8004667e],
  FIONREAD: [0x541b, 0x4004667f],
  SIOCATMARK: [0x8905, 0x40047307],
} as const satisfies Record<string, Values>;

const none = undefined;

/** What one of them has. */
const somewhere = {
  // <sys/socket.h>, <linux/net.h>
  AF_NETLINK: [16, none],
  SOCK_CLOEXEC: [0o2000000, none],
  SOCK_NONBLOCK: [0o4000, none],

  // <asm-generic/socket.h>
  SO_ATTACH_BPF: [50, none],
  SO_ATTACH_FILTER: [26, none],
  SO_BUSY_POLL: [46, none],
  SO_COOKIE: [57, none],
  SO_DETACH_FILTER: [27, none],
  SO_DOMAIN: [39, none],
  SO_INCOMING_CPU: [49, none],
  SO_LOCK_FILTER: [44, none],
  SO_MARK: [36, none],
  SO_PASSCRED: [16, none],
  SO_PASSPIDFD: [76, none],
  SO_PASSRIGHTS: [83, none],
  SO_PASSSEC: [34, none],
  SO_PEEK_OFF: [42, none],
  SO_PEERCRED: [17, none],
  SO_PEERGROUPS: [59, none],
  SO_PEERPIDFD: [77, none],
  SO_PEERSEC: [31, none],
  SO_PRIORITY: [12, none],
  SO_PROTOCOL: [38, none],
  SO_RCVBUFFORCE: [33, none],
  SO_RXQ_OVFL: [40, none],
  SO_SNDBUFFORCE: [32, none],
  SO_TIMESTAMPING: [37, none],
  SO_TIMESTAMPNS: [35, none],
  SO_ZEROCOPY: [60, none],

  // <sys/socket.h>, <sys/un.h> of macOS
  SO_NOSIGPIPE: [none, 0x1022],
  SO_NREAD: [none, 0x1020],
  SO_NWRITE: [none, 0x1024],
  SOL_LOCAL: [none, 0],
  LOCAL_PEERCRED: [none, 0x1],
  LOCAL_PEERPID: [none, 0x2],
  LOCAL_PEEREPID: [none, 0x3],
  LOCAL_PEERTOKEN: [none, 0x6],

  // <linux/socket.h>, <asm-generic/socket.h>
  SCM_CREDENTIALS: [2, none],
  SCM_SECURITY: [3, none],
  SCM_PIDFD: [4, none],
  SCM_TIMESTAMPNS: [35, none],
  SCM_CREDS: [none, 3],
  MSG_CMSG_CLOEXEC: [0x40000000, none],
  MSG_CONFIRM: [0x800, none],
  MSG_ERRQUEUE: [0x2000, none],
  MSG_FASTOPEN: [0x20000000, none],
  MSG_MORE: [0x8000, none],
  MSG_NOSIGNAL: [0x4000, none], // newer SDKs of macOS name 0x80000; SO_NOSIGPIPE works on all of them
  MSG_ZEROCOPY: [0x4000000, none],
  SOL_IP: [0, none],
  SOL_IPV6: [41, none],
  SOL_TCP: [6, none],
  SOL_UDP: [17, none],

  // <linux/fcntl.h>, <asm-generic/fcntl.h>
  F_SEAL_SEAL: [0x1, none],
  F_SEAL_SHRINK: [0x2, none],
  F_SEAL_GROW: [0x4, none],
  F_SEAL_WRITE: [0x8, none],
  F_SEAL_FUTURE_WRITE: [0x10, none],
  F_SEAL_EXEC: [0x20, none],
  O_PATH: [0o10000000, none],

  // <asm-generic/poll.h>, <linux/sockios.h>
  POLLRDHUP: [0x2000, none],
  SIOCINQ: [0x541b, none],
  SIOCOUTQ: [0x5411, none],
} as const satisfies Record<string, Values>;

/** The names of the table that differ from one processor to the other. */
const OF_THE_TABLE = ["O_DIRECTORY", "O_NOFOLLOW"] as const;

/** All names, of both systems; `undefined` where a system has none. */
export type ConstantTable =
  & { readonly [name in keyof typeof everywhere | (typeof OF_THE_TABLE)[number]]: number }
  & { readonly [name in keyof typeof somewhere]: number | undefined };

/** Return the constants of the system that a table is for. */
export function constantsOf(table: Platform): ConstantTable {
  const column = table.name.startsWith("darwin-") ? 1 : 0;
  const constants: Record<string, number | undefined> = {};
  for (const [name, values] of Object.entries<Values>({ ...everywhere, ...somewhere })) {
    constants[name] = table.supported ? values[column] : undefined;
  }
  for (const name of OF_THE_TABLE) constants[name] = table.supported ? table[name] : undefined;
  return Object.freeze(constants) as ConstantTable;
}
