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
import { check } from "../errors.ts";
import * as options from "../socket/options.ts";
import { boolean, PASS_CREDENTIALS, PASS_PIDFD, PASS_RIGHTS } from "../socket/setup.ts";

/** The options of a socket and the flags of its descriptor: what `Socket` and `Listener` share. */
export abstract class SocketOptions {
  /** The descriptor's number. */
  abstract get fd(): number;

  /**
   * Whether the descriptor is closed in programs that this process starts (FD_CLOEXEC, fcntl(2)). It is, unless
   * `cloexec: false` made the socket. Switch it off right before a child is started that is to have the socket,
   * and on again: another child may be started in between.
   *
   * @throws {Deno.errors.BadResource} If the socket is closed.
   * @throws {TypeError} If it is set to anything but true or false.
   */
  get closeOnExec(): boolean {
    return check(closeOnExec(this.fd), "fcntl") !== 0;
  }

  set closeOnExec(on: boolean) {
    check(setCloseOnExec(this.fd, boolean("closeOnExec", on)), "fcntl");
  }

  /**
   * Whether `O_NONBLOCK` is set (fcntl(2)), for programs the descriptor is handed to. All duplicates of the open file
   * share it. The methods of this object behave the same either way.
   *
   * @throws {Deno.errors.BadResource} If the socket is closed.
   * @throws {TypeError} If it is set to anything but true or false.
   */
  get nonblocking(): boolean {
    return check(nonblocking(this.fd), "fcntl") !== 0;
  }

  set nonblocking(on: boolean) {
    check(setNonblocking(this.fd, boolean("nonblocking", on)), "fcntl");
  }

  /**
   * Read a socket option that is an `int`, or with `size` one that is a structure of at most so many bytes.
   *
   * @param level As `SOL_SOCKET` (1 on Linux).
   * @param name The option's number on this platform.
   * @throws {SyscallError} If there is no such option (`code` is `ENOPROTOOPT`).
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
   * @throws {SyscallError} If there is no such option (`code` is `ENOPROTOOPT`).
   */
  setOption(level: number, name: number, value: number | boolean | Uint8Array): void {
    options.setOption(this.fd, level, name, value);
  }

  /** The size of the send buffer in bytes, overhead included (SO_SNDBUF). Linux doubles what is set. */
  get sendBufferSize(): number {
    return this.getOption(platform.SOL_SOCKET, platform.SO_SNDBUF);
  }

  set sendBufferSize(bytes: number) {
    this.setOption(platform.SOL_SOCKET, platform.SO_SNDBUF, options.checkedBufferSize(bytes));
  }

  /** The size of the receive buffer in bytes (SO_RCVBUF). On Linux, Unix sockets charge the sender's alone. */
  get receiveBufferSize(): number {
    return this.getOption(platform.SOL_SOCKET, platform.SO_RCVBUF);
  }

  set receiveBufferSize(bytes: number) {
    this.setOption(platform.SOL_SOCKET, platform.SO_RCVBUF, options.checkedBufferSize(bytes));
  }

  /** How long a `Sync` call waits to send, in milliseconds; 0, the default, is for ever (SO_SNDTIMEO). */
  get sendTimeout(): number {
    return options.getTimeout(this.fd, platform.SO_SNDTIMEO);
  }

  set sendTimeout(milliseconds: number) {
    options.setTimeLimit(this.fd, platform.SO_SNDTIMEO, milliseconds);
  }

  /** How long a `Sync` call waits to receive, in milliseconds; 0, the default, is for ever (SO_RCVTIMEO). */
  get receiveTimeout(): number {
    return options.getTimeout(this.fd, platform.SO_RCVTIMEO);
  }

  set receiveTimeout(milliseconds: number) {
    options.setTimeLimit(this.fd, platform.SO_RCVTIMEO, milliseconds);
  }

  /** Whether messages come with their sender's credentials (SO_PASSCRED, Linux). The default is false. */
  get passCredentials(): boolean {
    return options.getFlag(this.fd, platform.SO_PASSCRED);
  }

  set passCredentials(on: boolean) {
    this.#setFlag(platform.SO_PASSCRED, boolean("passCredentials", on), PASS_CREDENTIALS);
  }

  /** Whether messages come with a descriptor of their sender's process (SO_PASSPIDFD, Linux 6.5). The default is false. */
  get passPidfd(): boolean {
    const fd = this.fd;
    const value = options.readIntOption(fd, platform.SOL_SOCKET, platform.SO_PASSPIDFD);
    return value > 0;
  }

  set passPidfd(on: boolean) {
    this.#setFlag(platform.SO_PASSPIDFD, boolean("passPidfd", on), PASS_PIDFD);
  }

  /**
   * Whether peers may pass descriptors to this socket (SO_PASSRIGHTS, Linux 6.16). The default is true;
   * with false, the kernel refuses their messages at once, with EPERM.
   */
  get passRights(): boolean {
    const fd = this.fd;
    return options.readIntOption(fd, platform.SOL_SOCKET, platform.SO_PASSRIGHTS) !== 0;
  }

  set passRights(on: boolean) {
    this.#setFlag(platform.SO_PASSRIGHTS, boolean("passRights", on), PASS_RIGHTS);
  }

  #setFlag(name: number, on: boolean, what: string): void {
    options.setFlag(this.fd, name, on, what);
  }
}
