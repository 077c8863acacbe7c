/**
 * macOS, x86-64 and arm64. Values from the headers that Apple publishes with XNU (`bsd/sys`): the
 * header stands beside each group. The two processors share them all; only the way variadic
 * arguments travel differs.
 *
 * @module
 */

import { MISSING, type Platform } from "./types.ts";

/** Error numbers: `bsd/sys/errno.h`. */
const ERRNO_NAMES =
  "OK EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EDEADLK ENOMEM EACCES " +
  "EFAULT ENOTBLK EBUSY EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY " +
  "ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE EAGAIN EINPROGRESS EALREADY " +
  "ENOTSOCK EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT " +
  "ENOTSUP EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH " +
  "ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN ESHUTDOWN ETOOMANYREFS " +
  "ETIMEDOUT ECONNREFUSED ELOOP ENAMETOOLONG EHOSTDOWN EHOSTUNREACH ENOTEMPTY EPROCLIM " +
  "EUSERS EDQUOT ESTALE EREMOTE EBADRPC ERPCMISMATCH EPROGUNAVAIL EPROGMISMATCH " +
  "EPROCUNAVAIL ENOLCK ENOSYS EFTYPE EAUTH ENEEDAUTH EPWROFF EDEVERR EOVERFLOW EBADEXEC " +
  "EBADARCH ESHLIBVERS EBADMACHO ECANCELED EIDRM ENOMSG EILSEQ ENOATTR EBADMSG EMULTIHOP " +
  "ENODATA ENOLINK ENOSR ENOSTR EPROTO ETIME EOPNOTSUPP ENOPOLICY ENOTRECOVERABLE " +
  "EOWNERDEAD EQFULL";

/** A field of a struct that there is not. */
const NOWHERE = [0, 0] as const;

/** Make what both have in common. */
const common = () => ({
  supported: true,
  libc: ["/usr/lib/libSystem.B.dylib"],
  errnoNames: ERRNO_NAMES.split(" "),
  sockaddrHasLength: true,
  abstractNames: false,
  procSelfFd: false,
  reportsFullLength: false,
  fullQueueIsNobufs: true,
  cmsgAlignment: 4, // __DARWIN_ALIGN32, <sys/_types/_size_t.h>, <sys/socket.h>

  // <sys/socket.h>: msg_iovlen is an int, msg_controllen and cmsg_len are socklen_t
  msghdr: {
    size: 48,
    msg_name: [0, 8],
    msg_namelen: [8, 4],
    msg_iov: [16, 8],
    msg_iovlen: [24, 4],
    msg_control: [32, 8],
    msg_controllen: [40, 4],
    msg_flags: [44, 4],
  },
  iovec: { size: 16, iov_base: [0, 8], iov_len: [8, 8] }, // <sys/_types/_iovec_t.h>
  cmsghdr: { size: 12, cmsg_len: [0, 4], cmsg_level: [4, 4], cmsg_type: [8, 4] },
  sockaddr_un: { size: 106, sun_family: [1, 1], sun_path: [2, 104] }, // <sys/un.h>; sun_len at 0
  pollfd: { size: 8, fd: [0, 4], events: [4, 2], revents: [6, 2] }, // <sys/poll.h>
  timeval: { size: 16, tv_sec: [0, 8], tv_usec: [8, 4] }, // <sys/_types/_timeval.h>
  timespec: { size: 16, tv_sec: [0, 8], tv_nsec: [8, 8] }, // <sys/_types/_timespec.h>
  termios: { size: 72, c_iflag: [0, 8], c_cflag: [16, 8], c_lflag: [24, 8], c_cc: [32, 20] }, // <sys/termios.h>
  xucred: { size: 76, cr_uid: [4, 4], cr_groups: [12, 64] }, // <sys/ucred.h>
  stat: { // struct stat with 64-bit inode numbers, <sys/stat.h>
    size: 144,
    dev: [0, 4],
    rdev: [24, 4],
    ino: [8, 8],
    mode: [4, 2],
    nlink: [6, 2],
    uid: [16, 4],
    gid: [20, 4],
    length: [96, 8],
    blksize: [112, 4],
    blocks: [104, 8],
    atime: 32,
    mtime: 48,
    ctime: 64,
    birthtime: 80,
  },

  // <sys/socket.h>
  AF_UNIX: 1,
  SOCK_STREAM: 1,
  SOCK_DGRAM: 2,
  SOCK_SEQPACKET: 5,
  SOCK_CLOEXEC: 0,
  SOCK_NONBLOCK: 0,
  SHUT_RD: 0,
  SHUT_WR: 1,
  SHUT_RDWR: 2,
  SOL_SOCKET: 0xffff,
  SO_TYPE: 0x1008,
  SO_DOMAIN: MISSING,
  SO_ERROR: 0x1007,
  SO_ACCEPTCONN: 0x0002,
  SO_SNDBUF: 0x1001,
  SO_RCVBUF: 0x1002,
  SO_SNDTIMEO: 0x1005,
  SO_RCVTIMEO: 0x1006,
  SO_NOSIGPIPE: 0x1022,
  SO_TIMESTAMP: MISSING, // its control message has another number, and no unix socket needs it
  SO_TIMESTAMPNS: MISSING,
  SO_TIMESTAMPING: MISSING,
  SO_TIMESTAMP_NEW: MISSING,
  SO_TIMESTAMPNS_NEW: MISSING,
  SO_TIMESTAMPING_NEW: MISSING,
  SO_PASSCRED: MISSING,
  SO_PASSPIDFD: MISSING,
  SO_PASSRIGHTS: MISSING,
  SO_PASSSEC: MISSING,
  SO_PEERCRED: MISSING,
  SO_PEERGROUPS: MISSING,
  SO_PEERPIDFD: MISSING,
  SO_PEERSEC: MISSING,
  SO_NREAD: 0x1020,
  SO_PEEK_OFF: MISSING,
  SO_NWRITE: 0x1024,
  SOL_LOCAL: 0, // <sys/un.h>
  LOCAL_PEERCRED: 0x001,
  LOCAL_PEERPID: 0x002,

  // <sys/socket.h>
  MSG_OOB: 0x1,
  MSG_PEEK: 0x2,
  MSG_TRUNC: 0x10,
  MSG_CTRUNC: 0x20,
  MSG_DONTWAIT: 0x80,
  MSG_EOR: 0x8,
  MSG_WAITALL: 0x40,
  MSG_NOSIGNAL: 0, // newer SDKs name 0x80000; SO_NOSIGPIPE works on all of them
  MSG_CMSG_CLOEXEC: 0,
  SCM_RIGHTS: 1,
  SCM_CREDENTIALS: MISSING,
  SCM_SECURITY: MISSING,
  SCM_PIDFD: MISSING,

  // <sys/fcntl.h>, <sys/filio.h>
  F_GETFD: 1,
  F_SETFD: 2,
  F_GETFL: 3,
  F_SETFL: 4,
  F_DUPFD_CLOEXEC: 67,
  F_ADD_SEALS: MISSING,
  F_GET_SEALS: MISSING,
  F_SEAL_SEAL: 0,
  F_SEAL_SHRINK: 0,
  F_SEAL_GROW: 0,
  F_SEAL_WRITE: 0,
  FD_CLOEXEC: 1,
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  O_ACCMODE: 3,
  O_CREAT: 0x200,
  O_EXCL: 0x800,
  O_TRUNC: 0x400,
  O_APPEND: 0x8,
  O_NONBLOCK: 0x4,
  O_NOCTTY: 0x20000,
  O_CLOEXEC: 0x1000000,
  O_DIRECTORY: 0x100000,
  O_NOFOLLOW: 0x100,
  O_PATH: MISSING,
  MFD_CLOEXEC: 0,
  MFD_ALLOW_SEALING: 0,
  LOCK_SH: 1,
  LOCK_EX: 2,
  LOCK_NB: 4,
  LOCK_UN: 8,
  SEEK_SET: 0,
  SEEK_CUR: 1,
  SEEK_END: 2,
  FIONREAD: 0x4004667f,
  SIOCOUTQ: MISSING,

  // <sys/termios.h>
  TIOCGPTN: MISSING,
  TCSADRAIN: 1,
  BRKINT: 0x2,
  ICRNL: 0x100,
  INPCK: 0x10,
  ISTRIP: 0x20,
  IXON: 0x200,
  CS8: 0x300,
  ECHO: 0x8,
  ICANON: 0x100,
  IEXTEN: 0x400,
  ISIG: 0x80,
  VMIN: 16,
  VTIME: 17,

  // <sys/fcntl.h>, <sys/_types/_s_ifmt.h>
  AT_FDCWD: -2,
  AT_EMPTY_PATH: 0,
  AT_SYMLINK_NOFOLLOW: 0x20,
  S_IFMT: 0o170000,
  S_IFIFO: 0o010000,
  S_IFCHR: 0o020000,
  S_IFDIR: 0o040000,
  S_IFBLK: 0o060000,
  S_IFREG: 0o100000,
  S_IFLNK: 0o120000,
  S_IFSOCK: 0o140000,

  // <sys/poll.h>
  POLLIN: 0x1,
  POLLOUT: 0x4,
  POLLERR: 0x8,
  POLLHUP: 0x10,
  POLLNVAL: 0x20,
  POLLRDHUP: 0,

  // Linux only
  SYS_io_setup: MISSING,
  SYS_io_destroy: MISSING,
  SYS_io_submit: MISSING,
  SYS_io_uring_setup: MISSING,
  SYS_io_uring_enter: MISSING,
  SYS_io_uring_register: MISSING,
  epoll_event: { size: 0, events: NOWHERE, data: NOWHERE },
  io_uring_params: {
    size: 0,
    sq_entries: NOWHERE,
    cq_entries: NOWHERE,
    flags: NOWHERE,
    features: NOWHERE,
    sq_off: NOWHERE,
    cq_off: NOWHERE,
  },
  io_sqring_offsets: { size: 0, head: NOWHERE, tail: NOWHERE, flags: NOWHERE, array: NOWHERE },
  io_cqring_offsets: { size: 0, head: NOWHERE, tail: NOWHERE, cqes: NOWHERE, flags: NOWHERE },
  io_uring_sqe: {
    size: 0,
    opcode: NOWHERE,
    fd: NOWHERE,
    addr: NOWHERE,
    len: NOWHERE,
    poll32_events: NOWHERE,
    user_data: NOWHERE,
  },
  io_uring_cqe: { size: 0, user_data: NOWHERE, res: NOWHERE, flags: NOWHERE },
  iocb: {
    size: 0,
    aio_lio_opcode: NOWHERE,
    aio_fildes: NOWHERE,
    aio_buf: NOWHERE,
    aio_flags: NOWHERE,
    aio_resfd: NOWHERE,
  },

  // <sys/errno.h>
  EPERM: 1,
  ECANCELED: 89,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  EBADF: 9,
  EAGAIN: 35,
  ENOMEM: 12,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  ENOTDIR: 20,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ESPIPE: 29,
  EPIPE: 32,
  ERANGE: 34,
  ENAMETOOLONG: 63,
  ENOSYS: 78,
  ELOOP: 62,
  ENODATA: 96,
  ENOTSOCK: 38,
  EMSGSIZE: 40,
  EPROTOTYPE: 41,
  ENOPROTOOPT: 42,
  EOPNOTSUPP: 102,
  EADDRINUSE: 48,
  ECONNRESET: 54,
  ENOBUFS: 55,
  EISCONN: 56,
  ENOTCONN: 57,
  ETOOMANYREFS: 59,
  ECONNREFUSED: 61,
  EALREADY: 37,
  EINPROGRESS: 36,
} as const satisfies Partial<Platform>);

/** macOS on x86-64. */
export const darwinX64 = (): Platform =>
  Object.assign(common(), {
    name: "darwin-x86_64",
    variadicOnStack: false,
  });

/** macOS on arm64. */
export const darwinArm64 = (): Platform =>
  Object.assign(common(), {
    name: "darwin-aarch64",
    variadicOnStack: true,
  });
