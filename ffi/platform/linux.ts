/**
 * Linux, x86-64 and arm64. Values from the kernel's `include/uapi` headers (6.18) and glibc 2.36.
 *
 * @module
 */

import { MISSING, type Platform } from "./types.ts";

/** Error numbers: `asm-generic/errno-base.h`, `asm-generic/errno.h`. */
const ERRNO_NAMES =
  "OK EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES " +
  "EFAULT ENOTBLK EBUSY EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY " +
  "ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE EDEADLK ENAMETOOLONG ENOLCK " +
  "ENOSYS ENOTEMPTY ELOOP E41 ENOMSG EIDRM ECHRNG EL2NSYNC EL3HLT EL3RST ELNRNG EUNATCH " +
  "ENOCSI EL2HLT EBADE EBADR EXFULL ENOANO EBADRQC EBADSLT E58 EBFONT ENOSTR ENODATA " +
  "ETIME ENOSR ENONET ENOPKG EREMOTE ENOLINK EADV ESRMNT ECOMM EPROTO EMULTIHOP EDOTDOT " +
  "EBADMSG EOVERFLOW ENOTUNIQ EBADFD EREMCHG ELIBACC ELIBBAD ELIBSCN ELIBMAX ELIBEXEC " +
  "EILSEQ ERESTART ESTRPIPE EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT " +
  "EPROTONOSUPPORT ESOCKTNOSUPPORT EOPNOTSUPP EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE " +
  "EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN " +
  "ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY " +
  "EINPROGRESS ESTALE EUCLEAN ENOTNAM ENAVAIL EISNAM EREMOTEIO EDQUOT ENOMEDIUM " +
  "EMEDIUMTYPE ECANCELED ENOKEY EKEYEXPIRED EKEYREVOKED EKEYREJECTED EOWNERDEAD " +
  "ENOTRECOVERABLE ERFKILL EHWPOISON";

/** What x86-64 and arm64 have each for itself. */
type Own =
  | "name"
  | "libc"
  | "O_DIRECTORY"
  | "O_NOFOLLOW"
  | "SYS_io_setup"
  | "SYS_io_destroy"
  | "SYS_io_submit"
  | "epoll_event";

/** Make what x86-64 and arm64 have in common: nearly everything. */
function common(): Omit<Platform, Own> {
  return {
    supported: true,
    errnoNames: ERRNO_NAMES.split(" "),
    variadicOnStack: false,
    sockaddrHasLength: false,
    abstractNames: true,
    procSelfFd: true,
    reportsFullLength: true,
    fullQueueIsNobufs: false,
    cmsgAlignment: 8, // CMSG_ALIGN: sizeof(long), <linux/socket.h>

    // <bits/socket.h>, <linux/socket.h>: struct user_msghdr, struct cmsghdr
    msghdr: {
      size: 56,
      msg_name: [0, 8],
      msg_namelen: [8, 4],
      msg_iov: [16, 8],
      msg_iovlen: [24, 8],
      msg_control: [32, 8],
      msg_controllen: [40, 8],
      msg_flags: [48, 4],
    },
    iovec: { size: 16, iov_base: [0, 8], iov_len: [8, 8] },
    cmsghdr: { size: 16, cmsg_len: [0, 8], cmsg_level: [8, 4], cmsg_type: [12, 4] },
    sockaddr_un: { size: 110, sun_family: [0, 2], sun_path: [2, 108] }, // <linux/un.h>
    pollfd: { size: 8, fd: [0, 4], events: [4, 2], revents: [6, 2] }, // <asm-generic/poll.h>
    timeval: { size: 16, tv_sec: [0, 8], tv_usec: [8, 8] },
    timespec: { size: 16, tv_sec: [0, 8], tv_nsec: [8, 8] },
    termios: { size: 60, c_iflag: [0, 4], c_cflag: [8, 4], c_lflag: [12, 4], c_cc: [17, 32] }, // <bits/termios-struct.h>
    xucred: { size: 0, cr_uid: [0, 0], cr_groups: [0, 0] }, // BSD only
    stat: { // struct statx, <linux/stat.h>: the same on every processor
      size: 256,
      dev: [[136, 4], [140, 4]],
      rdev: [[128, 4], [132, 4]],
      ino: [32, 8],
      mode: [28, 2],
      nlink: [16, 4],
      uid: [20, 4],
      gid: [24, 4],
      length: [40, 8],
      blksize: [4, 4],
      blocks: [48, 8],
      atime: 64,
      mtime: 112,
      ctime: 96,
      birthtime: 80,
    },

    // <linux/io_uring.h>, <linux/aio_abi.h>
    io_uring_params: {
      size: 120,
      sq_entries: [0, 4],
      cq_entries: [4, 4],
      flags: [8, 4],
      features: [20, 4],
      sq_off: [40, 40],
      cq_off: [80, 40],
    },
    io_sqring_offsets: { size: 40, head: [0, 4], tail: [4, 4], flags: [16, 4], array: [24, 4] },
    io_cqring_offsets: { size: 40, head: [0, 4], tail: [4, 4], cqes: [20, 4], flags: [24, 4] },
    io_uring_sqe: {
      size: 64,
      opcode: [0, 1],
      fd: [4, 4],
      addr: [16, 8],
      len: [24, 4],
      poll32_events: [28, 4],
      user_data: [32, 8],
    },
    io_uring_cqe: { size: 16, user_data: [0, 8], res: [8, 4], flags: [12, 4] },
    iocb: {
      size: 64,
      aio_lio_opcode: [16, 2],
      aio_fildes: [20, 4],
      aio_buf: [24, 8],
      aio_flags: [56, 4],
      aio_resfd: [60, 4],
    },

    // <bits/socket.h>, <bits/socket_type.h>
    AF_UNIX: 1,
    SOCK_STREAM: 1,
    SOCK_DGRAM: 2,
    SOCK_SEQPACKET: 5,
    SOCK_CLOEXEC: 0o2000000,
    SOCK_NONBLOCK: 0o4000,
    SHUT_RD: 0,
    SHUT_WR: 1,
    SHUT_RDWR: 2,

    // <asm-generic/socket.h>
    SOL_SOCKET: 1,
    SO_TYPE: 3,
    SO_DOMAIN: 39,
    SO_ERROR: 4,
    SO_ACCEPTCONN: 30,
    SO_SNDBUF: 7,
    SO_RCVBUF: 8,
    SO_SNDTIMEO: 21,
    SO_RCVTIMEO: 20,
    SO_NOSIGPIPE: MISSING,
    SO_TIMESTAMP: 29, // SO_TIMESTAMP_OLD: the same number is the type of the control message
    SO_TIMESTAMPNS: 35,
    SO_TIMESTAMPING: 37,
    SO_TIMESTAMP_NEW: 63,
    SO_TIMESTAMPNS_NEW: 64,
    SO_TIMESTAMPING_NEW: 65,
    SO_PASSCRED: 16,
    SO_PASSPIDFD: 76,
    SO_PASSRIGHTS: 83,
    SO_PASSSEC: 34,
    SO_PEERCRED: 17,
    SO_PEERGROUPS: 59,
    SO_PEERPIDFD: 77,
    SO_PEERSEC: 31,
    SOL_LOCAL: MISSING,
    LOCAL_PEERCRED: MISSING,
    LOCAL_PEERPID: MISSING,

    // <linux/socket.h>
    MSG_OOB: 0x1,
    MSG_PEEK: 0x2,
    MSG_TRUNC: 0x20,
    MSG_CTRUNC: 0x8,
    MSG_DONTWAIT: 0x40,
    MSG_EOR: 0x80,
    MSG_WAITALL: 0x100,
    MSG_NOSIGNAL: 0x4000,
    MSG_CMSG_CLOEXEC: 0x40000000,
    SCM_RIGHTS: 1,
    SCM_CREDENTIALS: 2,
    SCM_SECURITY: 3,
    SCM_PIDFD: 4,

    // <asm-generic/fcntl.h>, <linux/fcntl.h>, <linux/memfd.h>, <sys/file.h>
    F_GETFD: 1,
    F_SETFD: 2,
    F_GETFL: 3,
    F_SETFL: 4,
    F_DUPFD_CLOEXEC: 1030,
    F_ADD_SEALS: 1033,
    F_GET_SEALS: 1034,
    F_SEAL_SEAL: 1,
    F_SEAL_SHRINK: 2,
    F_SEAL_GROW: 4,
    F_SEAL_WRITE: 8,
    FD_CLOEXEC: 1,
    O_RDONLY: 0,
    O_WRONLY: 1,
    O_RDWR: 2,
    O_ACCMODE: 3,
    O_CREAT: 0o100,
    O_EXCL: 0o200,
    O_TRUNC: 0o1000,
    O_APPEND: 0o2000,
    O_NONBLOCK: 0o4000,
    O_NOCTTY: 0o400,
    O_CLOEXEC: 0o2000000,
    O_PATH: 0o10000000,
    MFD_CLOEXEC: 1,
    MFD_ALLOW_SEALING: 2,
    LOCK_SH: 1,
    LOCK_EX: 2,
    LOCK_NB: 4,
    LOCK_UN: 8,
    SEEK_SET: 0,
    SEEK_CUR: 1,
    SEEK_END: 2,
    FIONREAD: 0x541b, // also SIOCINQ
    SIOCOUTQ: 0x5411,
    SO_NREAD: MISSING,
    SO_PEEK_OFF: 42,
    SO_NWRITE: MISSING,

    // <asm-generic/ioctls.h>, <asm-generic/termbits.h>
    TIOCGPTN: 0x80045430,
    TCSADRAIN: 1,
    BRKINT: 0o2,
    ICRNL: 0o400,
    INPCK: 0o20,
    ISTRIP: 0o40,
    IXON: 0o2000,
    CS8: 0o60,
    ECHO: 0o10,
    ICANON: 0o2,
    IEXTEN: 0o100000,
    ISIG: 0o1,
    VMIN: 6,
    VTIME: 5,

    // <linux/fcntl.h>, <linux/stat.h>
    AT_FDCWD: -100,
    AT_EMPTY_PATH: 0x1000,
    AT_SYMLINK_NOFOLLOW: 0x100,
    S_IFMT: 0o170000,
    S_IFIFO: 0o010000,
    S_IFCHR: 0o020000,
    S_IFDIR: 0o040000,
    S_IFBLK: 0o060000,
    S_IFREG: 0o100000,
    S_IFLNK: 0o120000,
    S_IFSOCK: 0o140000,

    // <asm-generic/poll.h>
    POLLIN: 0x1,
    POLLOUT: 0x4,
    POLLERR: 0x8,
    POLLHUP: 0x10,
    POLLNVAL: 0x20,
    POLLRDHUP: 0x2000,

    // <asm-generic/unistd.h>, <asm/unistd_64.h>: io_uring came late enough to be the same everywhere
    SYS_io_uring_setup: 425,
    SYS_io_uring_enter: 426,
    SYS_io_uring_register: 427,

    // <asm-generic/errno-base.h>, <asm-generic/errno.h>
    EPERM: 1,
    ECANCELED: 125,
    ENOENT: 2,
    ESRCH: 3,
    EINTR: 4,
    EIO: 5,
    ENXIO: 6,
    EBADF: 9,
    EAGAIN: 11,
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
    ENAMETOOLONG: 36,
    ENOSYS: 38,
    ELOOP: 40,
    ENODATA: 61,
    ENOTSOCK: 88,
    EMSGSIZE: 90,
    EPROTOTYPE: 91,
    ENOPROTOOPT: 92,
    EOPNOTSUPP: 95,
    EADDRINUSE: 98,
    ECONNRESET: 104,
    ENOBUFS: 105,
    EISCONN: 106,
    ENOTCONN: 107,
    ETOOMANYREFS: 109,
    ECONNREFUSED: 111,
    EALREADY: 114,
    EINPROGRESS: 115,
  };
}

/**
 * Where distributions keep glibc. The first path is for the dynamic loader, which puts its own folder of
 * libraries in the place of `$LIB` (ld.so(8)): the program need not look for it.
 */
function glibc(multiarch: string): readonly string[] {
  return [
    "/$LIB/libc.so.6",
    `/lib/${multiarch}/libc.so.6`,
    `/usr/lib/${multiarch}/libc.so.6`,
    "/lib64/libc.so.6",
    "/usr/lib64/libc.so.6",
    "/lib/libc.so.6",
    "/usr/lib/libc.so.6",
    "/usr/local/lib/libc.so.6", // Deno's own image for Alpine
  ];
}

/**
 * Where musl is: library and dynamic loader are one file, which musl knows to be loaded already under this
 * name alone. Under another one, or on glibc, it would be a second C library in the process.
 */
function musl(arch: string): readonly string[] {
  return [`/lib/ld-musl-${arch}.so.1`];
}

/** Linux on x86-64. */
export function linuxX64(isMusl = false): Platform {
  return Object.assign(common(), {
    name: "linux-x86_64",
    libc: isMusl ? musl("x86_64") : glibc("x86_64-linux-gnu"),
    O_DIRECTORY: 0o200000, // <asm-generic/fcntl.h>
    O_NOFOLLOW: 0o400000,
    SYS_io_setup: 206, // <asm/unistd_64.h>
    SYS_io_destroy: 207,
    SYS_io_submit: 209,
    epoll_event: { size: 12, events: [0, 4], data: [4, 8] } as const, // packed on x86-64 only, <linux/eventpoll.h>
  });
}

/** Linux on arm64: `arch/arm64/include/uapi/asm/fcntl.h` has its own numbers for two flags. */
export function linuxArm64(isMusl = false): Platform {
  return Object.assign(common(), {
    name: "linux-aarch64",
    libc: isMusl ? musl("aarch64") : glibc("aarch64-linux-gnu"),
    O_DIRECTORY: 0o40000,
    O_NOFOLLOW: 0o100000,
    SYS_io_setup: 0, // <asm-generic/unistd.h>
    SYS_io_destroy: 1,
    SYS_io_submit: 2,
    epoll_event: { size: 16, events: [0, 4], data: [8, 8] } as const, // <linux/eventpoll.h>
  });
}
