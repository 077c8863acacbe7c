/**
 * The numbers that programs give to the calls of this module, by C's names: those of the platform's table that are
 * public, and others from the same headers that the module itself does not use. Data only.
 *
 * @module
 */

import { MISSING, type Platform } from "./types.ts";

/** Names of the table that both systems have. */
const tableEverywhere = [
  "AF_UNIX",
  "SOCK_STREAM",
  "SOCK_DGRAM",
  "SOCK_SEQPACKET",
  "SHUT_RD",
  "SHUT_WR",
  "SHUT_RDWR",
  "SOL_SOCKET",
  "SO_ACCEPTCONN",
  "SO_ERROR",
  "SO_RCVBUF",
  "SO_RCVTIMEO",
  "SO_SNDBUF",
  "SO_SNDTIMEO",
  "SO_TYPE",
  "SCM_RIGHTS",
  "MSG_OOB",
  "MSG_PEEK",
  "MSG_CTRUNC",
  "MSG_TRUNC",
  "MSG_DONTWAIT",
  "MSG_EOR",
  "MSG_WAITALL",
  "FD_CLOEXEC",
  "O_RDONLY",
  "O_WRONLY",
  "O_RDWR",
  "O_ACCMODE",
  "O_APPEND",
  "O_CLOEXEC",
  "O_CREAT",
  "O_EXCL",
  "O_NOCTTY",
  "O_NONBLOCK",
  "O_TRUNC",
  "POLLIN",
  "POLLOUT",
  "POLLERR",
  "POLLHUP",
  "POLLNVAL",
  "FIONREAD",
  "O_DIRECTORY",
  "O_NOFOLLOW",
] as const satisfies readonly (keyof Platform)[];

/** Names of the table that one of them has. */
const tableSomewhere = [
  "SOCK_CLOEXEC",
  "SOCK_NONBLOCK",
  "SO_DOMAIN",
  "SO_PASSCRED",
  "SO_PASSPIDFD",
  "SO_PASSRIGHTS",
  "SO_PASSSEC",
  "SO_PEERCRED",
  "SO_PEERGROUPS",
  "SO_PEERPIDFD",
  "SO_PEERSEC",
  "SO_NOSIGPIPE",
  "SO_NREAD",
  "SO_PEEK_OFF",
  "SO_NWRITE",
  "SOL_LOCAL",
  "LOCAL_PEERCRED",
  "LOCAL_PEERPID",
  "SCM_CREDENTIALS",
  "SCM_SECURITY",
  "SCM_PIDFD",
  "MSG_CMSG_CLOEXEC",
  "MSG_NOSIGNAL",
  "F_SEAL_SEAL",
  "F_SEAL_SHRINK",
  "F_SEAL_GROW",
  "F_SEAL_WRITE",
  "O_PATH",
  "POLLRDHUP",
  "SIOCOUTQ",
] as const satisfies readonly (keyof Platform)[];

/** What is 0 in the table because it is: other flags are 0 where there is none. */
const ZEROS: ReadonlySet<string> = new Set(["SHUT_RD", "O_RDONLY", "SOL_LOCAL"]);

/** Linux's value and macOS's; `undefined` where there is none. */
type Values = readonly [linux: number | undefined, macos: number | undefined];

/** What else both systems have. */
const everywhere = {
  // <sys/socket.h>: families and types
  AF_UNSPEC: [0, 0],
  AF_INET: [2, 2],
  AF_INET6: [10, 30],
  AF_VSOCK: [40, 40],
  SOCK_RAW: [3, 3],

  // <sys/socket.h>: options
  SO_BROADCAST: [6, 0x20],
  SO_DEBUG: [1, 0x1],
  SO_DONTROUTE: [5, 0x10],
  SO_KEEPALIVE: [9, 0x8],
  SO_LINGER: [13, 0x80],
  SO_OOBINLINE: [10, 0x100],
  SO_RCVLOWAT: [18, 0x1004],
  SO_REUSEADDR: [2, 0x4],
  SO_REUSEPORT: [15, 0x200],
  SO_SNDLOWAT: [19, 0x1003],
  SO_TIMESTAMP: [29, 0x400],

  // <sys/socket.h>: control messages and flags
  SCM_TIMESTAMP: [29, 2],
  MSG_DONTROUTE: [0x4, 0x4],

  // <netinet/in.h>, <netinet/tcp.h>: for sockets that are passed
  IPPROTO_IP: [0, 0],
  IPPROTO_ICMP: [1, 1],
  IPPROTO_TCP: [6, 6],
  IPPROTO_UDP: [17, 17],
  IPPROTO_IPV6: [41, 41],
  IPV6_V6ONLY: [26, 27],
  TCP_NODELAY: [1, 1],

  // <fcntl.h>
  O_ASYNC: [0o20000, 0x40],
  O_DSYNC: [0o10000, 0x400000],
  O_SYNC: [0o4010000, 0x80],

  // <poll.h>, <sys/ioctl.h>
  POLLPRI: [0x2, 0x2],
  FIONBIO: [0x5421, 0x8004667e],
  SIOCATMARK: [0x8905, 0x40047307],
} as const satisfies Record<string, Values>;

const none = undefined;

/** What one of them has. */
const somewhere = {
  // <sys/socket.h>, <linux/net.h>
  AF_NETLINK: [16, none],

  // <asm-generic/socket.h>
  SO_ATTACH_BPF: [50, none],
  SO_ATTACH_FILTER: [26, none],
  SO_BUSY_POLL: [46, none],
  SO_COOKIE: [57, none],
  SO_DETACH_FILTER: [27, none],
  SO_INCOMING_CPU: [49, none],
  SO_LOCK_FILTER: [44, none],
  SO_MARK: [36, none],
  SO_PRIORITY: [12, none],
  SO_PROTOCOL: [38, none],
  SO_RCVBUFFORCE: [33, none],
  SO_RXQ_OVFL: [40, none],
  SO_SNDBUFFORCE: [32, none],
  SO_TIMESTAMPING: [37, none],
  SO_TIMESTAMPNS: [35, none],
  SO_ZEROCOPY: [60, none],

  // <sys/socket.h>, <sys/un.h> of macOS
  LOCAL_PEEREPID: [none, 0x3],
  LOCAL_PEERTOKEN: [none, 0x6],

  // <linux/socket.h>, <asm-generic/socket.h>
  SCM_TIMESTAMPNS: [35, none],
  SCM_CREDS: [none, 3],
  MSG_CONFIRM: [0x800, none],
  MSG_ERRQUEUE: [0x2000, none],
  MSG_FASTOPEN: [0x20000000, none],
  MSG_MORE: [0x8000, none],
  MSG_ZEROCOPY: [0x4000000, none],
  SOL_IP: [0, none],
  SOL_IPV6: [41, none],
  SOL_TCP: [6, none],
  SOL_UDP: [17, none],

  // <linux/fcntl.h>, <asm-generic/fcntl.h>
  F_SEAL_FUTURE_WRITE: [0x10, none],
  F_SEAL_EXEC: [0x20, none],

  // <asm-generic/poll.h>, <linux/sockios.h>
  SIOCINQ: [0x541b, none],
} as const satisfies Record<string, Values>;

/** All names, of both systems; `undefined` where a system has none. */
export type ConstantTable =
  & { readonly [name in (typeof tableEverywhere)[number] | keyof typeof everywhere]: number }
  & {
    readonly [name in (typeof tableSomewhere)[number] | keyof typeof somewhere]:
      | number
      | undefined;
  };

/** Return the constants of the system that a table is for. */
export function constantsOf(table: Platform): ConstantTable {
  const constants: Record<string, number | undefined> = {};
  for (const name of tableEverywhere) constants[name] = valueOf(table, name);
  for (const name of tableSomewhere) constants[name] = valueOf(table, name);
  const column = table.name.startsWith("darwin-") ? 1 : 0;
  addColumn(constants, everywhere, column);
  addColumn(constants, somewhere, column);
  if (!table.supported) { for (const name in constants) constants[name] = undefined; }
  return Object.freeze(constants) as ConstantTable;
}

function addColumn(
  constants: Record<string, number | undefined>,
  values: Readonly<Record<string, Values>>,
  column: 0 | 1,
): void {
  for (const name in values) constants[name] = values[name]?.[column];
}

function valueOf(
  table: Platform,
  name: (typeof tableEverywhere | typeof tableSomewhere)[number],
): number | undefined {
  const value = table[name];
  return value === MISSING || (value === 0 && !ZEROS.has(name)) ? undefined : value;
}
