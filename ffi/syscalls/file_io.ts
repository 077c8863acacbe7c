/**
 * Reading and writing without blocking, at a place of one's own, and on a thread of Deno's pool: one thin
 * typed function each, returning a value or `-errno`.
 *
 * @module
 */

import { libc } from "../libc.ts";
import { addressOf, byteLengthOf, ffiBytes, size, writeWide } from "../memory.ts";
import { platform } from "../platform/mod.ts";
import { checked, checkedCount, missing, retried } from "./result.ts";

const RWF_NOWAIT = 0x8; // <linux/fs.h>

/** The offset that stands for the file position in preadv2(2) and pwritev2(2). */
const CURRENT = -1n;

const iovec = new Uint8Array(new ArrayBuffer(platform.iovec.size));
const iovecWords = new Int32Array(iovec.buffer);
const BASE = platform.iovec.iov_base[0] / 4;
const LENGTH = platform.iovec.iov_len[0] / 4;

function layOut(bytes: Uint8Array): void {
  writeWide(iovecWords, BASE, addressOf(bytes));
  writeWide(iovecWords, LENGTH, byteLengthOf(bytes));
}

/**
 * preadv2(2) at the file position, which never waits, whatever flags the open file has. `-EOPNOTSUPP` or
 * `-ENOSYS` where the file or the system has no such read.
 */
export function readNowait(fd: number, bytes: Uint8Array): number {
  const { preadv2 } = libc();
  if (preadv2 === null) return missing();
  for (;;) {
    layOut(bytes);
    const result = checkedCount(preadv2(fd, iovec, 1, CURRENT, RWF_NOWAIT));
    if (result !== -platform.EINTR) return result;
  }
}

/** pwritev2(2) at the file position, in the same way as {@linkcode readNowait}. */
export function writeNowait(fd: number, bytes: Uint8Array): number {
  const { pwritev2 } = libc();
  if (pwritev2 === null) return missing();
  for (;;) {
    layOut(bytes);
    const result = checkedCount(pwritev2(fd, iovec, 1, CURRENT, RWF_NOWAIT));
    if (result !== -platform.EINTR) return result;
  }
}

/** pread(2). */
export function pread(fd: number, bytes: Uint8Array, offset: bigint): number {
  return retried(() => libc().pread(fd, ffiBytes(bytes), size(byteLengthOf(bytes)), offset));
}

/** pwrite(2). */
export function pwrite(fd: number, bytes: Uint8Array, offset: bigint): number {
  return retried(() => libc().pwrite(fd, ffiBytes(bytes), size(byteLengthOf(bytes)), offset));
}

/** fsync(2). */
export function fsync(fd: number): number {
  return retried(() => libc().fsync(fd));
}

/** fdatasync(2), or fsync(2) where there is none. */
export function fdatasync(fd: number): number {
  const c = libc();
  const call = c.fdatasync ?? c.fsync;
  return retried(() => call(fd));
}

/** futimens(2) with two `struct timespec`. */
export function futimens(fd: number, times: Uint8Array): number {
  return checked(libc().futimens(fd, ffiBytes(times)));
}

// On a thread of Deno's pool: the result, or -1 without an error number, which belongs to the other thread.

/** read(2) in the pool. */
export async function readInPool(fd: number, bytes: Uint8Array): Promise<number> {
  return Number(await libc().readInPool(fd, ffiBytes(bytes), size(byteLengthOf(bytes))));
}

/** write(2) in the pool. */
export async function writeInPool(fd: number, bytes: Uint8Array): Promise<number> {
  return Number(await libc().writeInPool(fd, ffiBytes(bytes), size(byteLengthOf(bytes))));
}

/** pread(2) in the pool. */
export async function preadInPool(fd: number, bytes: Uint8Array, offset: bigint): Promise<number> {
  const count = size(byteLengthOf(bytes));
  return Number(await libc().preadInPool(fd, ffiBytes(bytes), count, offset));
}

/** pwrite(2) in the pool. */
export async function pwriteInPool(
  fd: number,
  bytes: Uint8Array,
  offset: bigint,
): Promise<number> {
  const count = size(byteLengthOf(bytes));
  return Number(await libc().pwriteInPool(fd, ffiBytes(bytes), count, offset));
}

/** ftruncate(2) in the pool. */
export function ftruncateInPool(fd: number, length: bigint): Promise<number> {
  return libc().ftruncateInPool(fd, length);
}

/** fsync(2) in the pool. */
export function fsyncInPool(fd: number): Promise<number> {
  return libc().fsyncInPool(fd);
}

/** fdatasync(2), or fsync(2) where there is none, in the pool. */
export function fdatasyncInPool(fd: number): Promise<number> {
  const c = libc();
  const call = c.fdatasyncInPool ?? c.fsyncInPool;
  return call(fd);
}
