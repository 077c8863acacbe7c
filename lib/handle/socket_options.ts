/**
 * What a socket tells of its peer and of itself, and what can be set.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import type { Credentials } from "../message/cmsg.ts";
import { type OwnedFd, ownFd } from "./owned_fd.ts";
import * as options from "../socket/options.ts";
import * as peer from "../socket/peer.ts";

/** The options of a socket and the identity of its peer: the part of `Socket` that sends nothing. */
export abstract class SocketOptions {
  /** The descriptor's number. */
  abstract get fd(): number;

  /**
   * Return who was on the other side when the connection was made: process, user and group (SO_PEERCRED,
   * unix(7)). On the connecting side that is whoever called listen(2).
   *
   * @throws {Deno.errors.NotConnected} if the socket is not connected
   */
  peerCredentials(): Credentials {
    return peer.peerCredentials(this.fd);
  }

  /**
   * Return a descriptor for the process on the other side (SO_PEERPIDFD, Linux 6.5): unlike its number,
   * it cannot come to stand for another process.
   *
   * @throws {Deno.errors.NotFound} if that process has ended and is gone; since Linux 6.16 the descriptor of
   * such a process is returned, which is readable at once
   * @throws {Deno.errors.NotSupported} if the kernel has none
   */
  peerPidfd(): OwnedFd {
    return ownFd(peer.peerPidfd(this.fd));
  }

  /**
   * Return the supplementary groups of the peer when the connection was made (SO_PEERGROUPS, Linux 4.13).
   *
   * @throws {Deno.errors.NotSupported} on other systems
   */
  peerGroups(): number[] {
    return peer.peerGroups(this.fd);
  }

  /**
   * Return the security label of the peer (SO_PEERSEC).
   *
   * @throws {Deno.errors.NotSupported} where the kernel has none
   */
  peerSecurity(): string {
    return peer.peerSecurity(this.fd);
  }

  /**
   * Read a socket option that is an `int`, or with `size` one that is a structure of at most so many bytes.
   *
   * @param level as `SOL_SOCKET` (1 on Linux)
   * @param name the option's number on this platform
   * @throws {SyscallError} with `code` `ENOPROTOOPT` if there is no such option
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
   * @throws {SyscallError} with `code` `ENOPROTOOPT` if there is no such option
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
    this.#setFlag(platform.SO_PASSCRED, on, "pass credentials with messages");
  }

  /** Whether messages come with a descriptor of their sender's process (SO_PASSPIDFD, Linux 6.5). The default is false. */
  get passPidfd(): boolean {
    const fd = this.fd;
    const value = options.readIntOption(fd, platform.SOL_SOCKET, platform.SO_PASSPIDFD);
    return value > 0;
  }

  set passPidfd(on: boolean) {
    this.#setFlag(platform.SO_PASSPIDFD, on, "pass process descriptors with messages");
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
    this.#setFlag(platform.SO_PASSRIGHTS, on, "refuse descriptors for a socket: Linux 6.16 can");
  }

  #setFlag(name: number, on: boolean, what: string): void {
    options.setFlag(this.fd, name, on, what);
  }

  /** The number of bytes that wait to be read (SIOCINQ): on a datagram socket, those of the next message. */
  get bytesAvailable(): number {
    return options.bytesAvailable(this.fd);
  }

  /** The memory that sent but unread data takes, in bytes, the kernel's overhead included (SIOCOUTQ). */
  get bytesUnsent(): number {
    return options.bytesUnsent(this.fd);
  }
}
