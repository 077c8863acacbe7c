/**
 * The options that `Socket` and `Listener` share.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import {
  closeOnExec,
  nonblocking,
  setCloseOnExec,
  setNonblocking,
} from "../../ffi/syscalls/files.ts";
import { check, checkedFlag } from "../errors.ts";
import * as options from "../socket/options.ts";
import { PASS_CREDENTIALS, PASS_PIDFD, PASS_RIGHTS } from "../socket/setup.ts";

/**
 * The options of a socket and the flags of its descriptor: what `Socket` and `Listener` share.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 *
 * using listener = unix.listen(`${Deno.makeTempDirSync()}/app.sock`);
 * listener.passCredentials = Deno.build.os === "linux"; // accepted sockets inherit it
 * listener.receiveTimeout = 1000; // milliseconds, for `acceptSync`
 * ```
 */
export abstract class SocketOptions {
  /**
   * The descriptor's number.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * console.log(`/dev/fd/${a.fd}`);
   * ```
   */
  abstract get fd(): number;

  /**
   * Whether the descriptor is closed in programs that this process starts (FD_CLOEXEC, fcntl(2)). It is, unless
   * `cloexec: false` made the socket. Switch it off right before a child is started that is to have the socket,
   * and on again: another child may be started in between.
   *
   * @throws {Deno.errors.BadResource} If the socket is closed.
   * @throws {TypeError} If it is set to anything but true or false.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * a.closeOnExec = false; // a child that is started now has it under the same number
   * console.log(a.fd);
   * a.closeOnExec = true;
   * ```
   */
  get closeOnExec(): boolean {
    return check(closeOnExec(this.fd), "fcntl") !== 0;
  }

  set closeOnExec(on: boolean) {
    check(setCloseOnExec(this.fd, checkedFlag("closeOnExec", on)), "fcntl");
  }

  /**
   * Whether `O_NONBLOCK` is set (fcntl(2)), for programs the descriptor is handed to. All duplicates of the open file
   * share it. The methods of this object behave the same either way.
   *
   * @throws {Deno.errors.BadResource} If the socket is closed.
   * @throws {TypeError} If it is set to anything but true or false.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * a.nonblocking = true; // for a program that gets the descriptor and polls it
   * assertEquals(a.nonblocking, true);
   * ```
   */
  get nonblocking(): boolean {
    return check(nonblocking(this.fd), "fcntl") !== 0;
  }

  set nonblocking(on: boolean) {
    check(setNonblocking(this.fd, checkedFlag("nonblocking", on)), "fcntl");
  }

  /**
   * Read a socket option that is an `int`, or with `size` one that is a structure of at most so many bytes.
   *
   * @param level As `SOL_SOCKET` (1 on Linux).
   * @param name The option's number on this platform.
   * @throws {SyscallError} If there is no such option (`code` is `ENOPROTOOPT`).
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * const { SOL_SOCKET, SO_TYPE, SOCK_STREAM } = unix.constants;
   * assertEquals(a.getOption(SOL_SOCKET, SO_TYPE), SOCK_STREAM);
   * ```
   */
  getOption(level: number, name: number): number;
  /** Read a socket option that is a structure of at most `size` bytes. */
  getOption(level: number, name: number, size: number): Uint8Array;
  getOption(level: number, name: number, size?: number): number | Uint8Array {
    return size === undefined
      ? options.getOption(this.fd, level, name)
      : options.getOption(this.fd, level, name, size);
  }

  /**
   * Set a socket option to an `int`, a flag, or the bytes of a structure.
   *
   * @param level As `unix.constants.SOL_SOCKET`.
   * @param name The option's number on this platform.
   * @param value A C int, a flag, or the bytes of a structure.
   * @throws {SyscallError} If there is no such option (`code` is `ENOPROTOOPT`).
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * const { SOL_SOCKET, SO_SNDBUF } = unix.constants;
   * a.setOption(SOL_SOCKET, SO_SNDBUF, 65536);
   * console.log(a.getOption(SOL_SOCKET, SO_SNDBUF));
   * ```
   */
  setOption(level: number, name: number, value: number | boolean | Uint8Array): void {
    options.setOption(this.fd, level, name, value);
  }

  /**
   * The size of the send buffer in bytes, overhead included (SO_SNDBUF). Linux doubles what is set.
   *
   * @throws {RangeError} If it is set to a size that is out of range.
   * @throws {Deno.errors.BadResource} If the socket is closed.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * a.sendBufferSize = 1 << 20;
   * console.log(a.sendBufferSize);
   * ```
   */
  get sendBufferSize(): number {
    return this.getOption(platform.SOL_SOCKET, platform.SO_SNDBUF);
  }

  set sendBufferSize(bytes: number) {
    this.setOption(platform.SOL_SOCKET, platform.SO_SNDBUF, options.checkedBufferSize(bytes));
  }

  /**
   * The size of the receive buffer in bytes (SO_RCVBUF). On Linux, Unix sockets charge the sender's alone.
   *
   * @throws {RangeError} If it is set to a size that is out of range.
   * @throws {Deno.errors.BadResource} If the socket is closed.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * a.receiveBufferSize = 1 << 20;
   * console.log(a.receiveBufferSize);
   * ```
   */
  get receiveBufferSize(): number {
    return this.getOption(platform.SOL_SOCKET, platform.SO_RCVBUF);
  }

  set receiveBufferSize(bytes: number) {
    this.setOption(platform.SOL_SOCKET, platform.SO_RCVBUF, options.checkedBufferSize(bytes));
  }

  /**
   * How long a `Sync` call waits to send, in milliseconds; 0, the default, is for ever (SO_SNDTIMEO).
   *
   * @throws {RangeError} If it is set to a time that is out of range.
   * @throws {Deno.errors.BadResource} If the socket is closed.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * a.sendTimeout = 1000; // milliseconds
   * assertEquals(a.sendTimeout, 1000);
   * ```
   */
  get sendTimeout(): number {
    return options.getTimeout(this.fd, platform.SO_SNDTIMEO);
  }

  set sendTimeout(milliseconds: number) {
    options.setTimeLimit(this.fd, platform.SO_SNDTIMEO, milliseconds);
  }

  /**
   * How long a `Sync` call waits to receive, in milliseconds; 0, the default, is for ever (SO_RCVTIMEO).
   *
   * @throws {RangeError} If it is set to a time that is out of range.
   * @throws {Deno.errors.BadResource} If the socket is closed.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   * import { assertThrows } from "@std/assert";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * a.receiveTimeout = 20; // milliseconds
   * assertThrows(() => a.readSync(new Uint8Array(1)), Deno.errors.WouldBlock);
   * ```
   */
  get receiveTimeout(): number {
    return options.getTimeout(this.fd, platform.SO_RCVTIMEO);
  }

  set receiveTimeout(milliseconds: number) {
    options.setTimeLimit(this.fd, platform.SO_RCVTIMEO, milliseconds);
  }

  /**
   * Whether messages come with their sender's credentials (SO_PASSCRED, Linux). The default is false.
   *
   * @throws {TypeError} If it is set to anything but true or false.
   * @throws {Deno.errors.NotSupported} If it is set where the system lacks it.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * if (Deno.build.os === "linux") {
   *   b.passCredentials = true;
   *   a.sendSync({ data: new Uint8Array(1) });
   *   using message = b.receiveSync();
   *   assertEquals(message?.credentials?.pid, Deno.pid);
   * }
   * ```
   */
  get passCredentials(): boolean {
    return options.getFlag(this.fd, platform.SO_PASSCRED);
  }

  set passCredentials(on: boolean) {
    setFlag(this, platform.SO_PASSCRED, checkedFlag("passCredentials", on), PASS_CREDENTIALS);
  }

  /**
   * Whether messages come with a descriptor of their sender's process (SO_PASSPIDFD, Linux 6.5). The default is false.
   *
   * @throws {TypeError} If it is set to anything but true or false.
   * @throws {Deno.errors.NotSupported} If it is set where the system lacks it.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * try {
   *   b.passPidfd = true;
   *   a.sendSync({ data: new Uint8Array(1) });
   *   using message = b.receiveSync();
   *   console.log(message?.pidfd?.kind());
   * } catch (error) {
   *   if (!(error instanceof Deno.errors.NotSupported)) throw error;
   * }
   * ```
   */
  get passPidfd(): boolean {
    const fd = this.fd;
    const value = options.readIntOption(fd, platform.SOL_SOCKET, platform.SO_PASSPIDFD);
    return value > 0;
  }

  set passPidfd(on: boolean) {
    setFlag(this, platform.SO_PASSPIDFD, checkedFlag("passPidfd", on), PASS_PIDFD);
  }

  /**
   * Whether peers may pass descriptors to this socket (SO_PASSRIGHTS, Linux 6.16). The default is true;
   * with false, the kernel refuses their messages at once, with EPERM.
   *
   * @throws {TypeError} If it is set to anything but true or false.
   * @throws {Deno.errors.NotSupported} If it is set where the system lacks it.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * try {
   *   b.passRights = false; // a peer that sends descriptors gets EPERM
   * } catch (error) {
   *   if (!(error instanceof Deno.errors.NotSupported)) throw error;
   * }
   * console.log(b.passRights);
   * ```
   */
  get passRights(): boolean {
    const fd = this.fd;
    return options.readIntOption(fd, platform.SOL_SOCKET, platform.SO_PASSRIGHTS) !== 0;
  }

  set passRights(on: boolean) {
    setFlag(this, platform.SO_PASSRIGHTS, checkedFlag("passRights", on), PASS_RIGHTS);
  }
}

/** A function: a private method would mark, and enlarge, each socket. The value is checked before the descriptor. */
function setFlag(socket: { readonly fd: number }, name: number, on: boolean, what: string): void {
  options.setFlag(socket.fd, name, on, what);
}
