/**
 * Socket options, by getsockopt(2) and setsockopt(2).
 *
 * @module
 */

import { isUint8Array } from "../../ffi/memory.ts";
import { MISSING, platform } from "../../ffi/platform/mod.ts";
import { ioctl } from "../../ffi/syscalls/files.ts";
import { getsockopt, setsockopt } from "../../ffi/syscalls/sockets.ts";
import { check, notSupported, shown } from "../errors.ts";

/** What an option is set to: an `int`, a flag, or the bytes of a structure. */
export type OptionValue = number | boolean | Uint8Array;

const int = new Int32Array(1);
const intBytes = new Uint8Array(int.buffer);

/** The largest structure to read an option into, in bytes. */
const MAX_OPTION = 65536;

/**
 * Counts the options that this thread has set, on all sockets, and is 0 only if it has adopted none either: options
 * belong to the open file, so a change through one object affects every duplicate.
 */
export let optionsVersion = 0;

/** Whether this thread has set `SO_PEEK_OFF` on a socket, or adopted one with it: others do without asking for it. */
export let usesPeekOffsets = false;

/** Note that an adopted socket may have options set; what a listener accepts inherits them. */
export function noteForeignOptions(): void {
  optionsVersion ||= 1;
}

/** Note whether an adopted socket has the option `SO_PEEK_OFF`. */
export function notePeekOffset(fd: number): void {
  const { SO_PEEK_OFF, SOL_SOCKET } = platform;
  usesPeekOffsets ||= SO_PEEK_OFF !== MISSING &&
    readIntOption(fd, SOL_SOCKET, SO_PEEK_OFF) >= 0;
}

/** Set an option that is an `int`; the result of setsockopt(2). */
export function setIntOption(fd: number, level: number, name: number, value: number): number {
  int[0] = value;
  return setsockopt(fd, level, name, intBytes);
}

/** Read an option that is an `int`, or `-errno`. For options that are never negative. */
export function readIntOption(fd: number, level: number, name: number): number {
  int[0] = 0;
  const length = getsockopt(fd, level, name, intBytes);
  return length < 0 ? length : int[0] ?? 0;
}

function requireInt(what: string, value: number, most = 0x7fffffff): void {
  if (!Number.isInteger(value) || value < -0x80000000 || value > most) {
    throw new RangeError(
      `Cannot use ${shown(value)} as the ${what} of a socket option: give a C int`,
    );
  }
}

/** Read an option: an `int`, or a structure of at most `size` bytes. */
export function getOption(fd: number, level: number, name: number): number;
export function getOption(fd: number, level: number, name: number, size: number): Uint8Array;
export function getOption(
  fd: number,
  level: number,
  name: number,
  size?: number,
): number | Uint8Array {
  requireInt("level", level);
  requireInt("name", name);
  if (size === undefined) {
    int[0] = 0;
    check(getsockopt(fd, level, name, intBytes), "getsockopt");
    return int[0];
  }
  if (!Number.isInteger(size) || size < 0 || size > MAX_OPTION) {
    throw new RangeError(
      `Cannot read an option of ${shown(size)} bytes: give an integer from 0 to ${MAX_OPTION}`,
    );
  }
  const value = new Uint8Array(size);
  return value.subarray(0, check(getsockopt(fd, level, name, value), "getsockopt"));
}

/** Set an option. */
export function setOption(fd: number, level: number, name: number, value: OptionValue): void {
  requireInt("level", level);
  requireInt("name", name);
  optionsVersion++;
  usesPeekOffsets ||= name === platform.SO_PEEK_OFF && level === platform.SOL_SOCKET;
  if (isUint8Array(value)) {
    check(setsockopt(fd, level, name, value), "setsockopt");
    return;
  }
  if (typeof value !== "boolean" && typeof value !== "number") {
    throw new TypeError(
      `Cannot set the socket option to ${shown(value)}: give a number, a boolean or a Uint8Array`,
    );
  }
  requireInt("value", Number(value), 0xffffffff);
  check(setIntOption(fd, level, name, Number(value)), "setsockopt");
}

/** Read a flag of `SOL_SOCKET` that not every system has: false where it is missing. */
export function getFlag(fd: number, name: number): boolean {
  return name !== MISSING &&
    check(readIntOption(fd, platform.SOL_SOCKET, name), "getsockopt") !== 0;
}

/**
 * Set a flag of `SOL_SOCKET` that not every system has.
 *
 * @throws {Deno.errors.NotSupported} If it is missing.
 */
export function setFlag(fd: number, name: number, on: boolean, what: string): void {
  optionsVersion++;
  const result = name === MISSING
    ? -platform.ENOPROTOOPT
    : setIntOption(fd, platform.SOL_SOCKET, name, on ? 1 : 0);
  if (result === -platform.ENOPROTOOPT) {
    throw notSupported(`Cannot ${what}: this system has no option for it; use a newer Linux`);
  }
  check(result, "setsockopt");
}

/** Read a time limit (`SO_RCVTIMEO`, `SO_SNDTIMEO`) in milliseconds, 0 for none. */
export function getTimeout(fd: number, name: number): number {
  const { size, tv_sec, tv_usec } = platform.timeval;
  const value = new DataView(new ArrayBuffer(size));
  check(getsockopt(fd, platform.SOL_SOCKET, name, new Uint8Array(value.buffer)), "getsockopt");
  const seconds = Number(value.getBigInt64(tv_sec[0], true));
  return seconds * 1000 + value.getInt32(tv_usec[0], true) / 1000;
}

/** Set a time limit in milliseconds, 0 for none. */
export function setTimeLimit(fd: number, name: number, milliseconds: number): void {
  if (!Number.isFinite(milliseconds) || milliseconds < 0 || milliseconds > 2 ** 31) {
    throw new RangeError(
      `Cannot set a time limit of ${shown(milliseconds)} ms: give a number from 0 (none) to ${
        2 ** 31
      }`,
    );
  }
  const { size, tv_sec, tv_usec } = platform.timeval;
  const value = new DataView(new ArrayBuffer(size));
  // Rounded up: the shortest limit must not become none.
  const microseconds = Math.ceil(milliseconds * 1000);
  value.setBigInt64(tv_sec[0], BigInt(Math.floor(microseconds / 1e6)), true);
  value.setInt32(tv_usec[0], microseconds % 1e6, true);
  check(setsockopt(fd, platform.SOL_SOCKET, name, new Uint8Array(value.buffer)), "setsockopt");
}

/** How long a blocking call may take, in the form that poll(2) takes: -1 without limit. */
export function pollTimeout(fd: number, name: number): number {
  const milliseconds = getTimeout(fd, name);
  return milliseconds === 0 ? -1 : Math.ceil(milliseconds);
}

/**
 * Return the number of bytes that wait to be read: those of a stream, of all messages of a seqpacket socket, of the
 * next datagram.
 */
export function bytesAvailable(fd: number): number {
  // deno-coverage-ignore -- macOS and other BSD systems only
  if (platform.SO_NREAD !== MISSING) return getOption(fd, platform.SOL_SOCKET, platform.SO_NREAD);
  check(ioctl(fd, platform.FIONREAD, intBytes), "ioctl");
  return int[0] ?? 0;
}

/** Return the memory that sent but unread data takes, as the system counts it, in bytes. */
export function bytesUnsent(fd: number): number {
  // deno-coverage-ignore -- macOS and other BSD systems only
  if (platform.SO_NWRITE !== MISSING) return getOption(fd, platform.SOL_SOCKET, platform.SO_NWRITE);
  check(ioctl(fd, platform.SIOCOUTQ, intBytes), "ioctl");
  return int[0] ?? 0;
}

/** Check the size of a buffer: the kernel takes a negative one for the largest. */
export function checkedBufferSize(bytes: number): number {
  if (Number.isInteger(bytes) && bytes >= 0 && bytes <= 0x7fffffff) return bytes;
  throw new RangeError(
    `Cannot use a buffer of ${shown(bytes)} bytes: give an integer from 0 to ${0x7fffffff}`,
  );
}

/** The longest busy poll before blocking, in microseconds. */
const MAX_BUSY_POLL = 1_000_000;

/** Check the duration of a busy poll, in microseconds. */
export function checkedBusyPoll(microseconds: number = 0): number {
  if (Number.isFinite(microseconds) && microseconds >= 0 && microseconds <= MAX_BUSY_POLL) {
    return microseconds;
  }
  throw new RangeError(
    `Cannot poll busily for ${
      shown(microseconds)
    } microseconds: give a number from 0 to ${MAX_BUSY_POLL}`,
  );
}
