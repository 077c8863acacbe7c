/**
 * The shape of a platform table. Every table gives the same names, so no caller ever branches on the
 * operating system. A flag that a platform lacks is 0 (harmless in an `|`); an option, command or
 * message type it lacks is {@linkcode MISSING}; a struct it lacks has the size 0. A table states each value
 * of its system's headers, also one that agrees with another system's: `ffi/abi/` compares it with them.
 *
 * @module
 */

/** Stands for an option number, command or control-message type that a platform does not have. */
export const MISSING = -1;

/** Where one field of a C struct lies: `[offset, width]`, both in bytes. */
export type Field = readonly [offset: number, width: number];

/** One C struct: its size in bytes, and the fields this module touches, by their C names. */
export type Struct<Names extends string> =
  & { readonly size: number }
  & { readonly [name in Names]: Field };

/** The structs this module lays out by hand. */
export interface Structs {
  readonly msghdr: Struct<
    | "msg_name"
    | "msg_namelen"
    | "msg_iov"
    | "msg_iovlen"
    | "msg_control"
    | "msg_controllen"
    | "msg_flags"
  >;
  readonly iovec: Struct<"iov_base" | "iov_len">;
  readonly cmsghdr: Struct<"cmsg_len" | "cmsg_level" | "cmsg_type">;
  readonly sockaddr_un: Struct<"sun_family" | "sun_path">;
  readonly pollfd: Struct<"fd" | "events" | "revents">;
  readonly timeval: Struct<"tv_sec" | "tv_usec">;
  readonly timespec: Struct<"tv_sec" | "tv_nsec">;
  readonly termios: Struct<"c_iflag" | "c_cflag" | "c_lflag" | "c_cc">;
  readonly xucred: Struct<"cr_uid" | "cr_groups">;
  readonly epoll_event: Struct<"events" | "data">;
  readonly io_uring_params: Struct<
    "sq_entries" | "cq_entries" | "flags" | "features" | "sq_off" | "cq_off"
  >;
  readonly io_sqring_offsets: Struct<"head" | "tail" | "flags" | "array">;
  readonly io_cqring_offsets: Struct<"head" | "tail" | "cqes" | "flags">;
  readonly io_uring_sqe: Struct<"opcode" | "fd" | "addr" | "len" | "poll32_events" | "user_data">;
  readonly io_uring_cqe: Struct<"user_data" | "res" | "flags">;
  readonly iocb: Struct<"aio_lio_opcode" | "aio_fildes" | "aio_buf" | "aio_flags" | "aio_resfd">;
}

/** Numbers from the C headers, by their C names. */
export interface Constants {
  readonly AF_UNIX: number;
  readonly SOCK_STREAM: number;
  readonly SOCK_DGRAM: number;
  readonly SOCK_SEQPACKET: number;
  readonly SOCK_CLOEXEC: number;
  readonly SOCK_NONBLOCK: number;
  readonly SHUT_RD: number;
  readonly SHUT_WR: number;
  readonly SHUT_RDWR: number;

  readonly SOL_SOCKET: number;
  readonly SO_TYPE: number;
  readonly SO_DOMAIN: number;
  readonly SO_ERROR: number;
  readonly SO_ACCEPTCONN: number;
  readonly SO_SNDBUF: number;
  readonly SO_RCVBUF: number;
  readonly SO_SNDTIMEO: number;
  readonly SO_RCVTIMEO: number;
  readonly SO_NOSIGPIPE: number;
  readonly SO_TIMESTAMP: number;
  readonly SO_TIMESTAMPNS: number;
  readonly SO_TIMESTAMPING: number;
  readonly SO_TIMESTAMP_NEW: number;
  readonly SO_TIMESTAMPNS_NEW: number;
  readonly SO_TIMESTAMPING_NEW: number;
  readonly SO_PASSCRED: number;
  readonly SO_PASSPIDFD: number;
  readonly SO_PASSRIGHTS: number;
  readonly SO_PASSSEC: number;
  readonly SO_PEERCRED: number;
  readonly SO_PEERGROUPS: number;
  readonly SO_PEERPIDFD: number;
  readonly SO_PEERSEC: number;
  readonly SOL_LOCAL: number;
  readonly LOCAL_PEERCRED: number;
  readonly LOCAL_PEERPID: number;

  readonly MSG_OOB: number;
  readonly MSG_PEEK: number;
  readonly MSG_TRUNC: number;
  readonly MSG_CTRUNC: number;
  readonly MSG_DONTWAIT: number;
  readonly MSG_EOR: number;
  readonly MSG_WAITALL: number;
  readonly MSG_NOSIGNAL: number;
  readonly MSG_CMSG_CLOEXEC: number;
  readonly SCM_RIGHTS: number;
  readonly SCM_CREDENTIALS: number;
  readonly SCM_SECURITY: number;
  readonly SCM_PIDFD: number;

  readonly F_GETFD: number;
  readonly F_SETFD: number;
  readonly F_GETFL: number;
  readonly F_SETFL: number;
  readonly F_DUPFD_CLOEXEC: number;
  readonly F_ADD_SEALS: number;
  readonly F_GET_SEALS: number;
  readonly F_SEAL_SEAL: number;
  readonly F_SEAL_SHRINK: number;
  readonly F_SEAL_GROW: number;
  readonly F_SEAL_WRITE: number;
  readonly FD_CLOEXEC: number;
  readonly O_RDONLY: number;
  readonly O_WRONLY: number;
  readonly O_RDWR: number;
  readonly O_ACCMODE: number;
  readonly O_CREAT: number;
  readonly O_EXCL: number;
  readonly O_TRUNC: number;
  readonly O_APPEND: number;
  readonly O_NONBLOCK: number;
  readonly O_NOCTTY: number;
  readonly O_CLOEXEC: number;
  readonly O_DIRECTORY: number;
  readonly O_NOFOLLOW: number;
  readonly O_PATH: number;
  readonly MFD_CLOEXEC: number;
  readonly MFD_ALLOW_SEALING: number;
  readonly LOCK_SH: number;
  readonly LOCK_EX: number;
  readonly LOCK_NB: number;
  readonly LOCK_UN: number;
  readonly SEEK_SET: number;
  readonly SEEK_CUR: number;
  readonly SEEK_END: number;

  readonly TIOCGPTN: number;
  readonly TCSADRAIN: number;
  readonly BRKINT: number;
  readonly ICRNL: number;
  readonly INPCK: number;
  readonly ISTRIP: number;
  readonly IXON: number;
  readonly CS8: number;
  readonly ECHO: number;
  readonly ICANON: number;
  readonly IEXTEN: number;
  readonly ISIG: number;
  readonly VMIN: number;
  readonly VTIME: number;

  readonly FIONREAD: number;
  readonly SIOCOUTQ: number;
  readonly SO_NREAD: number;
  readonly SO_PEEK_OFF: number;
  readonly SO_NWRITE: number;

  readonly AT_FDCWD: number;
  readonly AT_EMPTY_PATH: number;
  readonly AT_SYMLINK_NOFOLLOW: number;
  readonly S_IFMT: number;
  readonly S_IFIFO: number;
  readonly S_IFCHR: number;
  readonly S_IFDIR: number;
  readonly S_IFBLK: number;
  readonly S_IFREG: number;
  readonly S_IFLNK: number;
  readonly S_IFSOCK: number;

  readonly POLLIN: number;
  readonly POLLOUT: number;
  readonly POLLERR: number;
  readonly POLLHUP: number;
  readonly POLLNVAL: number;
  readonly POLLRDHUP: number;

  readonly SYS_io_setup: number;
  readonly SYS_io_destroy: number;
  readonly SYS_io_submit: number;
  readonly SYS_io_uring_setup: number;
  readonly SYS_io_uring_enter: number;
  readonly SYS_io_uring_register: number;

  readonly EPERM: number;
  readonly ECANCELED: number;
  readonly ENOENT: number;
  readonly ESRCH: number;
  readonly EINTR: number;
  readonly EIO: number;
  readonly ENXIO: number;
  readonly EBADF: number;
  readonly EAGAIN: number;
  readonly ENOMEM: number;
  readonly EACCES: number;
  readonly EBUSY: number;
  readonly EEXIST: number;
  readonly ENOTDIR: number;
  readonly EINVAL: number;
  readonly EMFILE: number;
  readonly ENFILE: number;
  readonly ESPIPE: number;
  readonly EPIPE: number;
  readonly ENAMETOOLONG: number;
  readonly ENOSYS: number;
  readonly ELOOP: number;
  readonly ENODATA: number;
  readonly EPROTOTYPE: number;
  readonly ENOTSOCK: number;
  readonly EMSGSIZE: number;
  readonly ENOPROTOOPT: number;
  readonly EOPNOTSUPP: number;
  readonly EADDRINUSE: number;
  readonly ECONNRESET: number;
  readonly ENOBUFS: number;
  readonly EISCONN: number;
  readonly ENOTCONN: number;
  readonly ETOOMANYREFS: number;
  readonly ECONNREFUSED: number;
  readonly EALREADY: number;
  readonly EINPROGRESS: number;
  readonly ERANGE: number;
}

/** Where `struct stat` or `struct statx` keeps what {@link file://./../syscalls.ts} reads from it. */
export interface StatLayout {
  /** The size of the struct, in bytes. */
  readonly size: number;
  /** Device number as one field, or as the pair of 32-bit halves that `statx` has. */
  readonly dev: Field | readonly [major: Field, minor: Field];
  readonly rdev: Field | readonly [major: Field, minor: Field];
  readonly ino: Field;
  readonly mode: Field;
  readonly nlink: Field;
  readonly uid: Field;
  readonly gid: Field;
  readonly length: Field;
  readonly blksize: Field;
  readonly blocks: Field;
  /** Offsets of pairs of 64-bit seconds and nanoseconds. */
  readonly atime: number;
  readonly mtime: number;
  readonly ctime: number;
  readonly birthtime: number;
}

/** Everything about one operating system on one processor. */
export interface Platform extends Constants, Structs {
  /** Operating system and processor, as in `"linux-x86_64"`. */
  readonly name: string;
  /** Whether this module knows the platform. Where it does not, the first call throws. */
  readonly supported: boolean;
  /**
   * Absolute paths of the C library, tried in this order: the first is the one to ask the user for, the others
   * serve a path-restricted `--allow-ffi`.
   */
  readonly libc: readonly string[];
  /** Names of the error numbers; the index is the number. */
  readonly errnoNames: readonly string[];
  /** Whether arguments in the place of `...` go on the stack even where registers are free (Apple's arm64). */
  readonly variadicOnStack: boolean;
  /** Whether `sockaddr_un` starts with a length byte (BSD). */
  readonly sockaddrHasLength: boolean;
  /** Whether names without a file, in the kernel's own table, exist (Linux). */
  readonly abstractNames: boolean;
  /** Whether `/proc/self/fd/N` names what descriptor N refers to (Linux). */
  readonly procSelfFd: boolean;
  /** Alignment of control messages, in bytes. */
  readonly cmsgAlignment: number;
  /** Whether recvmsg(2) returns the full length of a message that it cuts, asked with `MSG_TRUNC` (Linux). */
  readonly reportsFullLength: boolean;
  /** Whether a full datagram queue is reported as ENOBUFS (BSD). */
  readonly fullQueueIsNobufs: boolean;
  /** `struct statx` where there is one, else `struct stat`. */
  readonly stat: StatLayout;
}
