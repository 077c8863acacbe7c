/**
 * From `-errno` to an exception: the only place where error numbers become errors.
 *
 * @module
 */

import { platform } from "../ffi/platform/mod.ts";

/**
 * What every error that comes from a failed system call carries.
 *
 * @example
 * ```ts
 * import { type SystemErrorInfo, unix } from "@denet/unix";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const error = assertThrows(() => unix.connectSync("/no/such.sock"));
 * const { code, syscall } = error as unknown as SystemErrorInfo;
 * assertEquals([code, syscall], ["ENOENT", "connect"]);
 * ```
 */
export interface SystemErrorInfo {
  /** The name of the error number, as in `"ENOENT"`. */
  readonly code: string;
  /** The error number itself, positive, as this platform counts. */
  readonly errno: number;
  /** The system call that failed, as in `"connect"`. */
  readonly syscall: string;
  /** The address it was about, where there is one. */
  readonly address?: string;
}

/**
 * Reports a failed system call whose error number has no class of its own in `Deno.errors`.
 *
 * @example
 * ```ts
 * import { SyscallError, unix } from "@denet/unix";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * const missing = 9999;
 * const error = assertThrows(() => a.getOption(unix.constants.SOL_SOCKET, missing), SyscallError);
 * assertEquals([error.code, error.syscall], ["ENOPROTOOPT", "getsockopt"]);
 * ```
 */
export class SyscallError extends Error implements SystemErrorInfo {
  /** The name of the class. */
  override readonly name = "SyscallError";
  /** The name of the error number, as in `"EPROTOTYPE"`. */
  readonly code: string;
  /** The error number itself, positive, as this platform counts. */
  readonly errno: number;
  /** The system call that failed. */
  readonly syscall: string;
  /** The address it was about, where there is one. */
  declare readonly address?: string;

  /**
   * Create the error from what a failed call reported.
   *
   * @example
   * ```ts
   * import { SyscallError } from "@denet/unix";
   *
   * const error = new SyscallError("Failed", { code: "EPROTO", errno: 71, syscall: "connect" });
   * console.log(error.code);
   * ```
   */
  constructor(message: string, info: SystemErrorInfo) {
    super(message);
    this.code = info.code;
    this.errno = info.errno;
    this.syscall = info.syscall;
    if (info.address !== undefined) this.address = info.address;
  }
}

/**
 * Reports an address that cannot name a Unix socket. Thrown before any system call.
 *
 * @example
 * ```ts
 * import { InvalidAddressError, unix } from "@denet/unix";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => unix.connectSync("/tmp/a\0b"), InvalidAddressError, "NUL");
 * ```
 */
export class InvalidAddressError extends TypeError {
  /** The name of the class. */
  override readonly name = "InvalidAddressError";
}

/** What is left of a message whose descriptors were refused. */
export interface RefusedMessage {
  /** The bytes. */
  readonly data: Uint8Array;
  /** The sender's address; the default is `null`. */
  readonly from?: Deno.UnixAddr | null;
  /** The same in bytes; the default is `null`. */
  readonly fromAddress?: Uint8Array | null;
  /** Who sent it, if that is known. */
  readonly credentials?: { readonly pid: number; readonly uid: number; readonly gid: number };
}

/**
 * Reports that a message carried more descriptors or other control data than was asked for, or that
 * the kernel cut the control data short. Every descriptor that did arrive is closed; the bytes that
 * came with them are in {@linkcode ControlTruncatedError.data}.
 *
 * @example
 * ```ts
 * import { ControlTruncatedError, unix } from "@denet/unix";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * a.sendSync({ data: new Uint8Array([7]), files: [0, 1, 2] });
 * const error = assertThrows(() => b.receiveSync({ files: 1 }), ControlTruncatedError);
 * assertEquals(error.data, new Uint8Array([7]));
 * ```
 */
export class ControlTruncatedError extends Error {
  /** The name of the class. */
  override readonly name = "ControlTruncatedError";
  /** The bytes that came with the control data. */
  readonly data: Uint8Array;
  /** The sender's address; `null` for one without a name. */
  readonly from: Deno.UnixAddr | null;
  /** The same in bytes, which need not be UTF-8: `to` of `Socket.send` takes it. */
  readonly fromAddress: Uint8Array | null;
  /** Who sent the message, checked by the kernel, if the socket's `passCredentials` is on. */
  declare readonly credentials?: {
    readonly pid: number;
    readonly uid: number;
    readonly gid: number;
  };
  /** `"EMFILE"` if descriptors are missing because this process has too many open, `"ENFILE"` if the system has. */
  declare readonly code?: string;

  /**
   * Create the error with what is left of the message, and what was short.
   *
   * @example
   * ```ts
   * import { ControlTruncatedError } from "@denet/unix";
   *
   * const error = new ControlTruncatedError("Too many descriptors", { data: new Uint8Array(1) });
   * console.log(error.data.byteLength, error.from);
   * ```
   */
  constructor(message: string, refused: RefusedMessage, code?: string) {
    super(message);
    this.data = refused.data;
    this.from = refused.from ?? null;
    this.fromAddress = refused.fromAddress ?? null;
    if (refused.credentials !== undefined) this.credentials = refused.credentials;
    if (code !== undefined) this.code = code;
  }
}

type ErrorClass = new (message: string) => Error;

/** The `Deno.errors` class for an error number, by its name. Like the tables below it is made for each error: an import makes none. */
const classes = (): Readonly<Record<string, ErrorClass>> => ({
  EACCES: Deno.errors.PermissionDenied,
  EADDRINUSE: Deno.errors.AddrInUse,
  EADDRNOTAVAIL: Deno.errors.AddrNotAvailable,
  EAFNOSUPPORT: Deno.errors.NotSupported,
  EAGAIN: Deno.errors.WouldBlock,
  EBADF: Deno.errors.BadResource,
  EBUSY: Deno.errors.Busy,
  ECONNABORTED: Deno.errors.ConnectionAborted,
  ECONNREFUSED: Deno.errors.ConnectionRefused,
  ECONNRESET: Deno.errors.ConnectionReset,
  EEXIST: Deno.errors.AlreadyExists,
  EINTR: Deno.errors.Interrupted,
  EISDIR: Deno.errors.IsADirectory,
  ELOOP: Deno.errors.FilesystemLoop,
  ENOENT: Deno.errors.NotFound,
  ENOSYS: Deno.errors.NotSupported,
  ENOTCONN: Deno.errors.NotConnected,
  ENOTDIR: Deno.errors.NotADirectory,
  ENOTSUP: Deno.errors.NotSupported,
  EOPNOTSUPP: Deno.errors.NotSupported,
  EPERM: Deno.errors.PermissionDenied,
  EPIPE: Deno.errors.BrokenPipe,
  EPROTONOSUPPORT: Deno.errors.NotSupported,
  ESOCKTNOSUPPORT: Deno.errors.NotSupported,
  ETIMEDOUT: Deno.errors.TimedOut,
});

const NOT_CONNECTED =
  "the socket is not connected: connect it, or give each message an address to be sent to";

/** What an error number means for the user of sockets, and what to do about it. */
const explanations = (): Readonly<Record<string, string>> => ({
  EACCES: "permission denied",
  EADDRINUSE:
    "the address is taken: choose another, or remove a left-over socket file with `replaceStale`",
  EAGAIN: "the call would have to wait: wait until the descriptor is ready, and try again",
  EBADF: "not an open descriptor, or one that is not open for that",
  ECONNREFUSED:
    "no server listens there: start it, or remove a socket file left over from one that ended",
  ECONNRESET: "the peer closed the connection with data still unread",
  EDESTADDRREQ: NOT_CONNECTED,
  EEXIST: "the path exists already",
  EINVAL: "invalid argument",
  EIO: "input/output error: the device or file system has failed",
  EISCONN: "the socket is connected already",
  EISDIR: "it is a directory",
  ELOOP: "too many symbolic links",
  EMFILE:
    "this process has too many open descriptors: close some, or raise its limit (RLIMIT_NOFILE)",
  EMSGSIZE:
    "the message is larger than the socket can send at once: split it, or raise `sendBufferSize`",
  ENAMETOOLONG: "a component of the path is too long",
  ENFILE: "the system has too many open files",
  ENOBUFS: "the kernel is out of buffer space: try again later",
  ENOENT: "no such file or directory",
  ENOMEM: "out of memory",
  ENOPROTOOPT: "this kernel or kind of socket does not have that option",
  ENOSPC: "no space left on the device",
  ENOSYS: "this system does not have that call",
  ENOTCONN: NOT_CONNECTED,
  ENOTDIR: "a component of the path is not a directory",
  ENOTSOCK: "the descriptor is not a socket",
  EOPNOTSUPP: "this type of socket does not support the operation",
  EPERM: "operation not permitted",
  EPIPE: "the peer has closed its end, or writing was shut down",
  EPROTOTYPE: "a socket of another type is bound there: use the `type` of the server",
  EROFS: "the file system is read-only",
  ETOOMANYREFS: "too many descriptors are in flight: wait until the receiver has taken some",
});

const SOCKET_DENIED =
  "permission denied: write permission on the socket and search permission on its directories are needed";

const NO_POSITION = "a pipe, a socket or a terminal has no file position";

/** The same for one system call only. */
const special = (): Readonly<Record<string, string>> => ({
  "bind EACCES": "permission denied: write and search permission on the directory are needed",
  "connect EACCES": SOCKET_DENIED,
  "send EACCES": SOCKET_DENIED,
  "sendmsg EACCES": SOCKET_DENIED,
  "bind EINVAL": "the socket has an address already",
  "connect EINVAL": "the socket listens, or is not one that connects",
  "listen EINVAL": "the socket has no address, or is connected: bind a new one first",
  "recv EINVAL": "the socket is not connected: connect it first",
  "recvmsg EINVAL": "the socket is not connected: connect it first",
  "ftruncate EINVAL": "it is no file that is open for writing",
  "ftruncate EPERM": "not permitted: the file is sealed against it",
  "lseek ESPIPE": NO_POSITION,
  "mmap EACCES": "permission denied: the file is not open for both reading and writing",
  "open ENXIO": "it is a socket, or a FIFO or device without a process at the other end",
  "pread ESPIPE": NO_POSITION,
  "pwrite EPERM": "not permitted: the file is sealed against it",
  "pwrite ESPIPE": NO_POSITION,
  "sendmsg EBADF": "one of the files is not an open descriptor",
  "sendmsg EPERM":
    "not permitted: the receiver refuses descriptors (its `passRights` is off), or the credentials are not this process's own",
  "sendmsg ESRCH": "there is no process with the `pid` of the credentials",
  "tcgetattr ENOTTY": "it is no terminal",
  "write EPERM": "not permitted: the file is sealed against it",
});

/** What was attempted, by the system call that failed. */
const actions = (): Readonly<Record<string, string>> => ({
  accept: "accept a connection",
  bind: "bind to",
  connect: "connect to",
  dup: "duplicate the descriptor",
  eventfd: "create an event counter",
  fchmod: "set the mode of the socket file",
  fcntl: "use the descriptor",
  fdatasync: "write the file's data to the disk",
  flock: "lock the file",
  fstat: "examine the descriptor",
  fsync: "write the file to the disk",
  ftruncate: "set the length of the file",
  futimens: "set the times of the file",
  getpeername: "read the peer's address",
  getsockname: "read the socket's address",
  getsockopt: "read the socket option",
  listen: "listen on",
  lseek: "move the file position",
  memfd_create: "create a memory file",
  mmap: "map the file",
  pipe: "create a pipe",
  poll: "wait for the descriptor",
  pread: "read at an offset",
  pwrite: "write at an offset",
  recv: "receive",
  recvmsg: "receive",
  rename: "replace",
  send: "send",
  sendmsg: "send",
  setsockopt: "set the socket option",
  socket: "create a socket",
  socketpair: "create a pair of sockets",
  tcgetattr: "read the terminal's mode",
  tcsetattr: "set the terminal's mode",
});

/** The same with an address, where that reads differently. */
const actionsOn: Readonly<Record<string, string>> = { send: "send to", sendmsg: "send to" };

/** Return the name of an error number, as in `"ENOENT"`. */
export function errnoName(errno: number): string {
  return platform.errnoNames[errno] ?? `E${errno}`;
}

/**
 * Return the exception for a system call that failed with `errno` (positive).
 *
 * @param subject What the message quotes: an address, a path; it becomes `address`.
 * @param reason What to say in place of what the error number means in general.
 */
export function systemError(
  errno: number,
  syscall: string,
  subject?: string,
  reason?: string,
): Error & SystemErrorInfo {
  const code = errnoName(errno);
  const action = (subject === undefined ? undefined : actionsOn[syscall]) ?? actions()[syscall];
  const about = subject === undefined ? "" : ` ${JSON.stringify(subject)}`;
  const why = reason ?? special()[`${syscall} ${code}`] ?? explanations()[code];
  const message = `Cannot ${action ?? syscall}${about}: ${
    why === undefined ? code : `${why} (${code})`
  }`;
  const info: SystemErrorInfo = {
    code,
    errno,
    syscall,
    ...(subject === undefined ? {} : { address: subject }),
  };
  const known = classes()[code];
  return known === undefined
    ? new SyscallError(message, info)
    : Object.assign(new known(message), info);
}

/**
 * Return a system call's result, or throw if it is `-errno`.
 *
 * @throws {Error} If the call failed: of the class that fits the error number.
 */
export function check(result: number, syscall: string, subject?: string): number {
  if (result < 0) throw systemError(-result, syscall, subject);
  return result;
}

/** Return what text contains that the kernel would cut it at, or that has no bytes; `undefined` if nothing is wrong. */
export function flawOf(text: string): string | undefined {
  if (text.includes("\0")) return "a NUL byte";
  return text.isWellFormed() ? undefined : "half a surrogate pair";
}

/** The most characters of a value that a message quotes. */
const MAX_SHOWN = 120;

/**
 * Return a value as messages quote it: text in quotes, so that `"3"` is told from 3, objects by their class.
 */
export function shown(value: unknown): string {
  if (typeof value === "string") {
    return JSON.stringify(value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value);
  }
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return "an array";
  const { name } = (Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null)
    ?.constructor ?? {};
  if (typeof name !== "string" || name === "" || name === "Object") return "an object";
  return /^(?:[AEIO]|Fs)/.test(name) ? `an ${name}` : `a ${name}`;
}

/**
 * Check that `value` is an object with options.
 *
 * @param what What the options are for, as in `"connect"`.
 * @throws {TypeError} If it is anything else.
 */
export function requireOptions(value: unknown, what: string): void {
  if (typeof value === "object" && value !== null) return;
  throw new TypeError(`Cannot ${what} with ${shown(value)} as options: give an object`);
}

/**
 * Check a flag: a string or number in its place would be true or false by accident.
 *
 * @param name What it is called, as in `"nonblocking"`.
 * @throws {TypeError} If it is no boolean.
 */
export function checkedFlag(name: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new TypeError(`Cannot set \`${name}\` to ${shown(value)}: give true or false`);
}

/** Return the exception for the use of an object that was closed, with what ended it if that was not `close()`. */
export function closedError(what: string, cause?: string): Error {
  const how = cause === undefined ? "" : `; ${cause}`;
  return new Deno.errors.BadResource(`Cannot use the ${what}: it is closed${how}`);
}

/** Return the exception for what this system cannot do. */
export function notSupported(what: string): Error {
  return new Deno.errors.NotSupported(what);
}
