/**
 * Calls on descriptors of any kind and on paths: one thin typed function each, returning a value or
 * `-errno`. Paths are C strings, made by `cString`.
 *
 * @module
 */

import { libc } from "../libc.ts";
import { byteLengthOf, type Bytes, ffiBytes, size } from "../memory.ts";
import { now } from "../now.ts";
import { platform } from "../platform/mod.ts";
import { checked, missing, retried } from "./result.ts";

/** close(2). Never repeated: after EINTR the number may already belong to another open file. */
export function closeFd(fd: number): number {
  return checked(libc().close(fd));
}

/** fcntl(2) with an integer argument. */
export function fcntl(fd: number, command: number, argument: number): number {
  const value = BigInt(argument);
  const c = libc();
  return retried(() =>
    platform.variadicOnStack
      ? c.fcntlOnStack(fd, command, 0n, 0n, 0n, 0n, 0n, 0n, value)
      : c.fcntl(fd, command, value)
  );
}

/** Return 1 if FD_CLOEXEC is set, 0 if not, or `-errno`. */
export function closeOnExec(fd: number): number {
  const flags = fcntl(fd, platform.F_GETFD, 0);
  return flags < 0 ? flags : flags & platform.FD_CLOEXEC;
}

/** Return 1 if O_NONBLOCK is set, 0 if not, or `-errno`. */
export function nonblocking(fd: number): number {
  const flags = fcntl(fd, platform.F_GETFL, 0);
  return flags < 0 ? flags : Number((flags & platform.O_NONBLOCK) !== 0);
}

/** Set or clear FD_CLOEXEC. */
export function setCloseOnExec(fd: number, on: boolean): number {
  return fcntl(fd, platform.F_SETFD, on ? platform.FD_CLOEXEC : 0);
}

/** Set or clear O_NONBLOCK, leaving the other status flags as they are. */
export function setNonblocking(fd: number, on: boolean): number {
  const flags = fcntl(fd, platform.F_GETFL, 0);
  if (flags < 0) return flags;
  const wanted = on ? flags | platform.O_NONBLOCK : flags & ~platform.O_NONBLOCK;
  return wanted === flags ? 0 : fcntl(fd, platform.F_SETFL, wanted);
}

/** Clear O_NONBLOCK on a socket that was just made, which has no other status flag to keep. */
export function makeBlocking(fd: number): number {
  return fcntl(fd, platform.F_SETFL, 0);
}

/** ioctl(2) with a pointer argument. */
export function ioctl(fd: number, request: number, argument: Uint8Array): number {
  const c = libc();
  const bytes = ffiBytes(argument);
  return platform.variadicOnStack
    ? checked(c.ioctlOnStack(fd, BigInt(request), 0n, 0n, 0n, 0n, 0n, 0n, bytes))
    : checked(c.ioctl(fd, size(request), bytes));
}

/** open(2). */
export function open(path: Bytes, flags: number, mode = 0): number {
  const c = libc();
  return retried(() =>
    platform.variadicOnStack
      ? c.openOnStack(path, flags, 0n, 0n, 0n, 0n, 0n, 0n, BigInt(mode))
      : c.open(path, flags, mode)
  );
}

/** read(2). */
export function read(fd: number, bytes: Uint8Array): number {
  return retried(() => libc().read(fd, ffiBytes(bytes), size(byteLengthOf(bytes))));
}

/** write(2). */
export function write(fd: number, bytes: Uint8Array): number {
  return retried(() => libc().write(fd, ffiBytes(bytes), size(byteLengthOf(bytes))));
}

/** statx(2) or fstat(2) of a descriptor, into `buffer`. */
export function fstat(fd: number, buffer: Uint8Array): number {
  const c = libc();
  const { statx } = c;
  const bytes = ffiBytes(buffer);
  if (statx !== null) {
    return checked(statx(fd, EMPTY, platform.AT_EMPTY_PATH, WANTED_STATS, bytes));
  }
  const call = c.fstat64 ?? c.fstat;
  return call === null ? missing() : checked(call(fd, bytes));
}

/** The empty string. */
const EMPTY = new Uint8Array(1);

// <linux/stat.h>
const STATX_BASIC_STATS = 0x7ff;
const STATX_BTIME = 0x800;
const WANTED_STATS = STATX_BASIC_STATS | STATX_BTIME;

/** statx(2) or lstat(2) of a path, not following a symbolic link, into `buffer`. */
export function lstat(path: Bytes, buffer: Uint8Array): number {
  const c = libc();
  const { statx } = c;
  const bytes = ffiBytes(buffer);
  if (statx !== null) {
    const { AT_FDCWD, AT_SYMLINK_NOFOLLOW } = platform;
    return checked(statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, WANTED_STATS, bytes));
  }
  const call = c.lstat64 ?? c.lstat;
  return call === null ? missing() : checked(call(path, bytes));
}

/** fchmod(2). */
export function fchmod(fd: number, mode: number): number {
  return checked(libc().fchmod(fd, mode));
}

/** chmod(2). */
export function chmod(path: Bytes, mode: number): number {
  return checked(libc().chmod(path, mode));
}

/** unlink(2). */
export function unlink(path: Bytes): number {
  return checked(libc().unlink(path));
}

/** rename(2). */
export function rename(from: Bytes, to: Bytes): number {
  return checked(libc().rename(from, to));
}

/** link(2). */
export function link(from: Bytes, to: Bytes): number {
  return checked(libc().link(from, to));
}

/** readlink(2): the length of what was written to `buffer`. */
export function readlink(path: Bytes, buffer: Uint8Array): number {
  return checked(libc().readlink(path, ffiBytes(buffer), size(buffer.byteLength)));
}

/** flock(2). */
export function flock(fd: number, operation: number): number {
  return retried(() => libc().flock(fd, operation));
}

/** ftruncate(2). */
export function ftruncate(fd: number, length: number): number {
  return retried(() => libc().ftruncate(fd, BigInt(length)));
}

/** lseek(2). */
export function lseek(fd: number, offset: number | bigint, whence: number): number {
  return checked(libc().lseek(fd, BigInt(offset), whence));
}

/** memfd_create(2). */
export function memfdCreate(name: Bytes, flags: number): number {
  const { memfd_create } = libc();
  return memfd_create === null ? missing() : checked(memfd_create(name, flags));
}

const one = new Uint8Array(8);
const oneView = new DataView(one.buffer);

/**
 * poll(2) on one descriptor, for at most `timeout` milliseconds (-1: without limit): the events that
 * came, 0 after the timeout. After a signal it waits on for the time that is left.
 */
export function poll(fd: number, events: number, timeout: number): number {
  const { pollfd } = platform;
  oneView.setInt32(pollfd.fd[0], fd, true);
  oneView.setInt16(pollfd.events[0], events, true);
  const end = timeout > 0 ? now() + timeout : 0;
  for (let left = timeout;;) {
    const result = checked(libc().poll(one, 1n, left));
    if (result > 0) return oneView.getInt16(pollfd.revents[0], true);
    if (result !== -platform.EINTR) return result;
    if (timeout > 0) left = Math.max(0, Math.ceil(end - now()));
  }
}

/** getuid(2). */
export function getuid(): number {
  return libc().getuid();
}

/** getcwd(3): the working directory, or `-errno`. */
export function getcwd(): Bytes | number {
  const buffer = new Uint8Array(4096);
  const result = checked(libc().getcwd(buffer, size(buffer.byteLength)) === 0n ? -1 : 0);
  return result < 0 ? result : buffer.subarray(0, buffer.indexOf(0));
}
