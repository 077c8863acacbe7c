/**
 * Operations on files other than reading and writing: size, position, times, synchronization with the disk.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import {
  fdatasync,
  fdatasyncInPool,
  fsync,
  fsyncInPool,
  ftruncateInPool,
  futimens,
} from "../../ffi/syscalls/file_io.ts";
import { ftruncate, lseek } from "../../ffi/syscalls/files.ts";
import type { Descriptor } from "../descriptor/descriptor.ts";
import { check, shown } from "../errors.ts";
import { callInThread } from "./thread_call.ts";

/** The largest offset in a file: an `off_t`. */
const MAX_OFFSET = 2n ** 63n - 1n;

/**
 * Return an offset in a file, as the kernel takes it.
 *
 * @throws {RangeError} If it is negative, no integer, or too large.
 */
export function checkedOffset(offset: number | bigint): bigint {
  const exact = typeof offset === "number" && Number.isSafeInteger(offset)
    ? BigInt(offset)
    : offset;
  if (typeof exact === "bigint" && exact >= 0n && exact <= MAX_OFFSET) return exact;
  throw new RangeError(
    `Cannot use ${String(offset)} as an offset in a file: give an integer from 0 on`,
  );
}

/**
 * Return a length of a file, as the kernel takes it.
 *
 * @throws {RangeError} If it is negative, no integer, or too large.
 */
export function checkedLength(length: number): number {
  if (Number.isSafeInteger(length) && length >= 0) return length;
  throw new RangeError(
    `Cannot give a file a length of ${String(length)} bytes: give an integer from 0 on`,
  );
}

/** Set the length of a file, on a thread: freeing blocks may take a while. */
export async function truncate(descriptor: Descriptor, length: number): Promise<void> {
  const bytes = BigInt(checkedLength(length));
  const call = {
    inPool: (fd: number) => ftruncateInPool(fd, bytes),
    here: (fd: number) => ftruncate(fd, length),
  };
  check(await callInThread(descriptor, call), "ftruncate");
}

/** Set the length of a file. */
export function truncateSync(fd: number, length: number): void {
  check(ftruncate(fd, checkedLength(length)), "ftruncate");
}

/** Move the file position: the new one, from the start. The numbers of `Deno.SeekMode` are those of C. */
export function seek(fd: number, offset: number | bigint, whence: number): number {
  const { SEEK_SET, SEEK_CUR, SEEK_END } = platform;
  if (typeof whence !== "number" || ![SEEK_SET, SEEK_CUR, SEEK_END].includes(whence)) {
    throw new TypeError(
      `Cannot seek from ${String(whence)}: give Deno.SeekMode.Start, Current or End`,
    );
  }
  const isExact = typeof offset === "bigint"
    ? offset >= -MAX_OFFSET && offset <= MAX_OFFSET
    : Number.isSafeInteger(offset);
  if (!isExact) throw new RangeError(`Cannot seek by ${String(offset)}: give an integer`);
  return check(lseek(fd, offset, whence), "lseek");
}

/** Flush a file's cached data to the disk, with `all` also its metadata, by fdatasync(2) or fsync(2). */
export async function sync(descriptor: Descriptor, all: boolean): Promise<void> {
  const [name, inPool] = all
    ? ["fsync", fsyncInPool] as const
    : ["fdatasync", fdatasyncInPool] as const;
  check(await callInThread(descriptor, { inPool, here: failureOfSync }), name);
}

/** The kernel reports a write error only once: a second call would succeed. */
function failureOfSync(fd: number): number {
  const result = fsync(fd);
  return result < 0 ? result : -platform.EIO;
}

/** The same in the calling thread. */
export function syncSync(fd: number, all: boolean): void {
  if (all) check(fsync(fd), "fsync");
  else check(fdatasync(fd), "fdatasync");
}

/** Set the times of the last access and the last change, by futimens(3). */
export function setTimes(fd: number, accessed: number | Date, modified: number | Date): void {
  const { size, tv_sec, tv_nsec } = platform.timespec;
  const times = new DataView(new ArrayBuffer(2 * size));
  for (const [i, time] of [accessed, modified].entries()) {
    const milliseconds = millisecondsOf(time);
    const seconds = Math.floor(milliseconds / 1000);
    const nanoseconds = Math.floor((milliseconds - seconds * 1000) * 1e6);
    times.setBigInt64(i * size + tv_sec[0], BigInt(seconds), true);
    times.setBigInt64(i * size + tv_nsec[0], BigInt(nanoseconds), true);
  }
  check(futimens(fd, new Uint8Array(times.buffer)), "futimens");
}

/** A number is in seconds since 1970, as for `Deno.utime`. */
function millisecondsOf(time: number | Date): number {
  const seconds = typeof time === "number" ? time : NaN;
  const milliseconds = time instanceof Date ? time.getTime() : seconds * 1000;
  if (Number.isSafeInteger(Math.floor(milliseconds))) return milliseconds;
  throw new RangeError(
    `Cannot set the time ${shown(time)}: give seconds since 1970, or a valid Date`,
  );
}
