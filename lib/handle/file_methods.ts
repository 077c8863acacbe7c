/**
 * The methods of an open file of any kind.
 *
 * @module
 */

import { isatty } from "../../ffi/syscalls/terminal.ts";
import type { Descriptor } from "../descriptor/descriptor.ts";
import { checkedReady, type ReadyOptions, waitUntilReady } from "../descriptor/ready.ts";
import { checkedFlag, requireOptions } from "../errors.ts";
import * as change from "../fd/file_change.ts";
import type { FileIo } from "../fd/file_io.ts";
import * as locks from "../fd/lock.ts";
import { fileInfo } from "../fd/stat.ts";

/**
 * How a read or write of an {@linkcode OwnedFd} waits.
 *
 * @example
 * ```ts
 * import { OwnedFd } from "@denet/unix";
 * import { assertRejects } from "@std/assert";
 *
 * const [reader, writer] = OwnedFd.pipe();
 * using _reader = reader;
 * using _writer = writer;
 * const options = { signal: AbortSignal.timeout(20) };
 * await assertRejects(() => reader.read(new Uint8Array(8), options), DOMException);
 * ```
 */
export interface WaitOptions {
  /**
   * Ends the wait; the promise is rejected with the signal's reason, and nothing is transferred. For a read or write of
   * a file that a thread has begun it comes too late: that goes on, and has its result.
   */
  signal?: AbortSignal;
}

/** The parts of an `OwnedFd` that its methods here use. `owned_fd.ts` imports this file, and sets them. */
export const internals: {
  /** Return what owns the number. */
  descriptorOf(file: FileMethods): Descriptor;
  /** Return what reads and writes. */
  ioOf(file: FileMethods): FileIo;
} = { descriptorOf: notLoaded, ioOf: notLoaded };

// deno-coverage-ignore -- `owned_fd.ts` makes all objects that have these methods
function notLoaded(): never {
  throw new TypeError('Cannot use a file: import "@denet/unix" for its methods');
}

/**
 * The methods of `Deno.FsFile`, and others that read, write and wait: the part of `OwnedFd` without ownership.
 *
 * @example
 * ```ts
 * import { OwnedFd } from "@denet/unix";
 * import { assertEquals } from "@std/assert";
 *
 * const path = Deno.makeTempFileSync();
 * using file = OwnedFd.open(path, { read: true, write: true });
 * await file.write(new TextEncoder().encode("hello"));
 * await file.seek(0, Deno.SeekMode.Start);
 * assertEquals(await new Response(file.readable).text(), "hello");
 * ```
 */
export abstract class FileMethods {
  /**
   * Read up to `bytes.byteLength` bytes at the file position, without blocking the event loop, whatever the
   * descriptor is, also if other processes use it. `O_NONBLOCK` is not changed.
   *
   * On pipes, sockets and devices it waits for readiness; do not change `bytes` until it is done. Files are read on
   * a thread. A terminal's master reads as at the end once its other side is closed.
   *
   * @returns The number of bytes read, `null` at the end.
   * @throws {Deno.errors.BadResource} If the descriptor is closed, also while waiting.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const [reader, writer] = OwnedFd.pipe();
   * using _reader = reader;
   * using _writer = writer;
   * const read = reader.read(new Uint8Array(8));
   * await writer.write(new Uint8Array(3));
   * assertEquals(await read, 3);
   * ```
   */
  read(bytes: Uint8Array, options: WaitOptions = {}): Promise<number | null> {
    try {
      requireOptions(options, "read");
      return internals.ioOf(this).read(bytes, options.signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Read up to `bytes.byteLength` bytes, blocking the thread: what `read` does.
   *
   * @param bytes Where to put them.
   * @returns The number of bytes read, `null` at the end.
   * @throws {Deno.errors.BadResource} If the descriptor is closed.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const path = Deno.makeTempFileSync();
   * Deno.writeTextFileSync(path, "hello");
   * using file = OwnedFd.open(path);
   * assertEquals(file.readSync(new Uint8Array(8)), 5);
   * assertEquals(file.readSync(new Uint8Array(8)), null);
   * ```
   */
  readSync(bytes: Uint8Array): number | null {
    return internals.ioOf(this).readSync(bytes);
  }

  /**
   * Write up to `bytes.byteLength` bytes at the file position, without blocking the event loop, whatever the
   * descriptor is, also if other processes use it. `O_NONBLOCK` is not changed.
   *
   * It is one write(2) of all the bytes, as devices with messages need it. Only on a pipe or a terminal may it be
   * partial, if there is not enough space. On an eventfd it waits until the value fits the counter.
   *
   * @returns The number of bytes written, which may be fewer than given.
   * @throws {Deno.errors.BadResource} If the descriptor is closed, also while waiting.
   * @throws {Deno.errors.BrokenPipe} If it is a pipe without a reader, also while waiting.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const path = Deno.makeTempFileSync();
   * using file = OwnedFd.open(path, { read: true, write: true });
   * assertEquals(await file.write(new TextEncoder().encode("hello")), 5);
   * ```
   */
  write(bytes: Uint8Array, options: WaitOptions = {}): Promise<number> {
    try {
      requireOptions(options, "write");
      return internals.ioOf(this).write(bytes, options.signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Write up to `bytes.byteLength` bytes, blocking the thread: what `write` does.
   *
   * @param bytes What to write.
   * @returns The number of bytes written, which may be fewer than given.
   * @throws {Deno.errors.BadResource} If the descriptor is closed.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const path = Deno.makeTempFileSync();
   * using file = OwnedFd.open(path, { read: true, write: true });
   * assertEquals(file.writeSync(new TextEncoder().encode("hello")), 5);
   * ```
   */
  writeSync(bytes: Uint8Array): number {
    return internals.ioOf(this).writeSync(bytes);
  }

  /**
   * Read up to `bytes.byteLength` bytes at `offset`, by pread(2) on a thread. The file position stays where it is.
   *
   * @param offset Bytes from the start of the file.
   * @returns The number of bytes read, `null` at the end.
   * @throws {RangeError} If `offset` is negative or no integer.
   * @throws {SyscallError} If it is a pipe, a socket or a terminal (`code` is `ESPIPE`).
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const path = Deno.makeTempFileSync();
   * using file = OwnedFd.open(path, { read: true, write: true });
   * await file.writeAt(new TextEncoder().encode("hello"), 3);
   * const bytes = new Uint8Array(8);
   * assertEquals(await file.readAt(bytes, 5), 3);
   * ```
   */
  readAt(bytes: Uint8Array, offset: number | bigint): Promise<number | null> {
    return internals.ioOf(this).readAt(bytes, offset);
  }

  /**
   * Read at `offset`, blocking the thread: what `readAt` does.
   *
   * @param bytes Where to put them.
   * @param offset Bytes from the start of the file.
   * @returns The number of bytes read, `null` at the end.
   * @throws {RangeError} If `offset` is negative or no integer.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const path = Deno.makeTempFileSync();
   * Deno.writeTextFileSync(path, "hello");
   * using file = OwnedFd.open(path);
   * assertEquals(file.readAtSync(new Uint8Array(8), 3), 2);
   * ```
   */
  readAtSync(bytes: Uint8Array, offset: number | bigint): number | null {
    return internals.ioOf(this).readAtSync(bytes, offset);
  }

  /**
   * Write up to `bytes.byteLength` bytes at `offset`, by pwrite(2) on a thread. The file position stays where it is.
   *
   * @param offset Bytes from the start of the file. A file opened to append is written at its end all the same.
   * @returns The number of bytes written, which may be fewer than given.
   * @throws {RangeError} If `offset` is negative or no integer.
   * @throws {SyscallError} If it is a pipe, a socket or a terminal (`code` is `ESPIPE`).
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const path = Deno.makeTempFileSync();
   * using file = OwnedFd.open(path, { read: true, write: true });
   * await file.writeAt(new TextEncoder().encode("world"), 6);
   * assertEquals(file.statSync().size, 11);
   * ```
   */
  writeAt(bytes: Uint8Array, offset: number | bigint): Promise<number> {
    return internals.ioOf(this).writeAt(bytes, offset);
  }

  /**
   * Write at `offset`, blocking the thread: what `writeAt` does.
   *
   * @param bytes What to write.
   * @param offset Bytes from the start of the file.
   * @returns The number of bytes written, which may be fewer than given.
   * @throws {RangeError} If `offset` is negative or no integer.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const path = Deno.makeTempFileSync();
   * using file = OwnedFd.open(path, { read: true, write: true });
   * file.writeAtSync(new Uint8Array([1]), 9);
   * assertEquals(file.statSync().size, 10);
   * ```
   */
  writeAtSync(bytes: Uint8Array, offset: number | bigint): number {
    return internals.ioOf(this).writeAtSync(bytes, offset);
  }

  /**
   * Wait until poll(2) reports that interest, a hang-up or an error. Nothing is read: it is for descriptors whose
   * system calls the program makes itself. A process descriptor is readable once its process has ended.
   *
   * @param interest `"read"` for data or the end, `"write"` for send space.
   * @throws {Deno.errors.BadResource} If the descriptor is closed, also while waiting, or was opened with `O_PATH`.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   *
   * const [reader, writer] = OwnedFd.pipe();
   * using _reader = reader;
   * writer.close();
   * await reader.ready("read", { signal: AbortSignal.timeout(1000) });
   * ```
   */
  async ready(interest: "read" | "write", options: ReadyOptions = {}): Promise<void> {
    const signal = checkedReady(interest, options);
    internals.ioOf(this).prepareToWait();
    await waitUntilReady(internals.descriptorOf(this), interest, signal);
  }

  /**
   * The content as a byte stream, from the file position on. As with `Deno.FsFile`, the descriptor is closed
   * when the stream is over: at the end, by a cancel, or by an error. A cancel ends a read that waits.
   *
   * @throws {Deno.errors.BadResource} If the descriptor is closed.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const path = Deno.makeTempFileSync();
   * Deno.writeTextFileSync(path, "hello");
   * const file = OwnedFd.open(path); // the stream closes it
   * assertEquals(await new Response(file.readable).text(), "hello");
   * ```
   */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return internals.ioOf(this).readable;
  }

  /**
   * A stream that writes at the file position, each chunk in full before the next. As with `Deno.FsFile`, the
   * descriptor is closed when the stream is over: by a close, an abort, or an error.
   *
   * @throws {Deno.errors.BadResource} If the descriptor is closed.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const path = Deno.makeTempFileSync();
   * const file = OwnedFd.open(path, { write: true }); // the stream closes it
   * await new Blob(["hello"]).stream().pipeTo(file.writable);
   * assertEquals(Deno.readTextFileSync(path), "hello");
   * ```
   */
  get writable(): WritableStream<Uint8Array<ArrayBufferLike>> {
    return internals.ioOf(this).writable;
  }

  /**
   * Move the file position, by lseek(2). All duplicates of the open file share it, those of other processes included.
   *
   * @param offset Bytes from the place that `whence` names.
   * @param whence The start of the file, the position, or the end.
   * @returns The new position, in bytes from the start.
   * @throws {SyscallError} If it is a pipe, a socket or a terminal (`code` is `ESPIPE`).
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const path = Deno.makeTempFileSync();
   * using file = OwnedFd.open(path, { read: true, write: true });
   * await file.write(new Uint8Array(10));
   * assertEquals(await file.seek(-4, Deno.SeekMode.End), 6);
   * ```
   */
  async seek(offset: number | bigint, whence: Deno.SeekMode): Promise<number> {
    return await Promise.resolve(this.seekSync(offset, whence));
  }

  /**
   * Move the file position: what `seek` does.
   *
   * @param offset Bytes from the place that `whence` names.
   * @param whence The start of the file, the position, or the end.
   * @returns The new position, in bytes from the start.
   * @throws {SyscallError} If it is a pipe, a socket or a terminal (`code` is `ESPIPE`).
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const path = Deno.makeTempFileSync();
   * using file = OwnedFd.open(path, { read: true, write: true });
   * file.writeSync(new Uint8Array(10));
   * assertEquals(file.seekSync(2, Deno.SeekMode.Start), 2);
   * ```
   */
  seekSync(offset: number | bigint, whence: Deno.SeekMode): number {
    return change.seek(internals.descriptorOf(this).fd, offset, whence);
  }

  /**
   * Set the length of the file, by ftruncate(2) on a thread.
   *
   * @param length Bytes, 0 by default.
   * @throws {RangeError} If `length` is negative or no integer.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const path = Deno.makeTempFileSync();
   * using file = OwnedFd.open(path, { read: true, write: true });
   * await file.truncate(4096);
   * assertEquals(file.statSync().size, 4096);
   * ```
   */
  async truncate(length = 0): Promise<void> {
    await change.truncate(internals.descriptorOf(this), length);
  }

  /**
   * Set the length of the file, blocking the thread: what `truncate` does.
   *
   * @param length Bytes, 0 by default.
   * @throws {RangeError} If `length` is negative or no integer.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const path = Deno.makeTempFileSync();
   * using file = OwnedFd.open(path, { read: true, write: true });
   * file.writeSync(new Uint8Array(10));
   * file.truncateSync(3);
   * assertEquals(file.statSync().size, 3);
   * ```
   */
  truncateSync(length = 0): void {
    change.truncateSync(internals.descriptorOf(this).fd, length);
  }

  /**
   * Return what fstat(2) tells of the file, in the form of `Deno.stat`.
   *
   * @returns Sizes in bytes, times as `Date`.
   * @throws {Deno.errors.BadResource} If the descriptor is closed.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * using directory = OwnedFd.open("/");
   * assertEquals((await directory.stat()).isDirectory, true);
   * ```
   */
  async stat(): Promise<Deno.FileInfo> {
    return await Promise.resolve(this.statSync());
  }

  /**
   * Return what fstat(2) tells of the file: what `stat` does.
   *
   * @returns Sizes in bytes, times as `Date`.
   * @throws {Deno.errors.BadResource} If the descriptor is closed.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * using directory = OwnedFd.open("/");
   * assertEquals(directory.statSync().isDirectory, true);
   * ```
   */
  statSync(): Deno.FileInfo {
    return fileInfo(internals.descriptorOf(this).fd);
  }

  /**
   * Flush the file's cached data and metadata to the disk, by fsync(2) on a thread.
   *
   * @throws {SyscallError} If the disk could not take it (`code` is `EIO`); the system says so only once.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   *
   * const path = Deno.makeTempFileSync();
   * using file = OwnedFd.open(path, { read: true, write: true });
   * await file.write(new TextEncoder().encode("entry\n"));
   * await file.sync(); // on the disk, with its length and times
   * ```
   */
  async sync(): Promise<void> {
    await change.sync(internals.descriptorOf(this), true);
  }

  /**
   * Flush the file's cached data and metadata to the disk, blocking the thread: what `sync` does.
   *
   * @throws {SyscallError} If the disk could not take it (`code` is `EIO`); the system says so only once.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   *
   * const path = Deno.makeTempFileSync();
   * using file = OwnedFd.open(path, { read: true, write: true });
   * file.writeSync(new TextEncoder().encode("entry\n"));
   * file.syncSync();
   * ```
   */
  syncSync(): void {
    change.syncSync(internals.descriptorOf(this).fd, true);
  }

  /**
   * Flush the file's cached data to the disk, by fdatasync(2) on a thread.
   *
   * @throws {SyscallError} If the disk could not take it (`code` is `EIO`); the system says so only once.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   *
   * const path = Deno.makeTempFileSync();
   * using file = OwnedFd.open(path, { read: true, write: true });
   * await file.write(new TextEncoder().encode("entry\n"));
   * await file.syncData();
   * ```
   */
  async syncData(): Promise<void> {
    await change.sync(internals.descriptorOf(this), false);
  }

  /**
   * Flush the file's cached data to the disk, blocking the thread: what `syncData` does.
   *
   * @throws {SyscallError} If the disk could not take it (`code` is `EIO`); the system says so only once.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   *
   * const path = Deno.makeTempFileSync();
   * using file = OwnedFd.open(path, { read: true, write: true });
   * file.writeSync(new TextEncoder().encode("entry\n"));
   * file.syncDataSync();
   * ```
   */
  syncDataSync(): void {
    change.syncSync(internals.descriptorOf(this).fd, false);
  }

  /**
   * Set the times of the last access and the last change, by futimens(3).
   *
   * @param accessed Seconds since 1970, or a `Date`.
   * @param modified The same for the last change.
   * @throws {RangeError} If one of them is no valid time.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const path = Deno.makeTempFileSync();
   * using file = OwnedFd.open(path, { read: true, write: true });
   * await file.utime(new Date(0), 86_400); // read on 1 January 1970, changed a day later
   * assertEquals(file.statSync().mtime, new Date(86_400_000));
   * ```
   */
  async utime(accessed: number | Date, modified: number | Date): Promise<void> {
    await Promise.resolve(this.utimeSync(accessed, modified));
  }

  /**
   * Set the times of the last access and the last change: what `utime` does.
   *
   * @param accessed Seconds since 1970, or a `Date`.
   * @param modified The same for the last change.
   * @throws {RangeError} If one of them is no valid time.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const path = Deno.makeTempFileSync();
   * using file = OwnedFd.open(path, { read: true, write: true });
   * file.utimeSync(0, new Date(0));
   * assertEquals(file.statSync().mtime, new Date(0));
   * ```
   */
  utimeSync(accessed: number | Date, modified: number | Date): void {
    change.setTimes(internals.descriptorOf(this).fd, accessed, modified);
  }

  /**
   * Take an advisory lock on the file, by flock(2); wait until there is none that excludes it. The lock belongs
   * to the open file, and so to every duplicate.
   *
   * The kernel reports no event when a lock is free: so it is tried again after 1, 2, 4 and up to 32 milliseconds.
   *
   * @param exclusive Whether the lock excludes every other one; a shared lock excludes exclusive ones only. The default
   * is false.
   * @throws {TypeError} If `exclusive` is no boolean.
   * @throws {Deno.errors.BadResource} If the descriptor is closed, also while waiting.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const path = Deno.makeTempFileSync();
   * using file = OwnedFd.open(path, { read: true, write: true });
   * await file.lock(true);
   * using other = OwnedFd.open(path);
   * assertEquals(await other.tryLock(), false);
   * await file.unlock();
   * ```
   */
  async lock(exclusive = false): Promise<void> {
    await locks.lock(internals.descriptorOf(this), exclusive);
  }

  /**
   * Take an advisory lock on the file, blocking the thread: what `lock` does.
   *
   * @param exclusive Whether the lock excludes every other one. The default is false.
   * @throws {TypeError} If `exclusive` is no boolean.
   * @throws {Deno.errors.BadResource} If the descriptor is closed.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   *
   * const path = Deno.makeTempFileSync();
   * using file = OwnedFd.open(path, { read: true, write: true });
   * file.lockSync(true);
   * file.unlockSync();
   * ```
   */
  lockSync(exclusive = false): void {
    locks.lockSync(internals.descriptorOf(this).fd, exclusive);
  }

  /**
   * Take an advisory lock on the file if there is none that excludes it. Returns whether it was taken.
   *
   * @param exclusive Whether the lock excludes every other one. The default is false.
   * @returns Whether the lock is taken.
   * @throws {TypeError} If `exclusive` is no boolean.
   * @throws {Deno.errors.BadResource} If the descriptor is closed.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const path = Deno.makeTempFileSync();
   * using file = OwnedFd.open(path, { read: true, write: true });
   * assertEquals(await file.tryLock(true), true);
   * ```
   */
  async tryLock(exclusive = false): Promise<boolean> {
    return await Promise.resolve(this.tryLockSync(exclusive));
  }

  /**
   * Take an advisory lock on the file if there is none that excludes it: what `tryLock` does.
   *
   * @param exclusive Whether the lock excludes every other one. The default is false.
   * @returns Whether the lock is taken.
   * @throws {TypeError} If `exclusive` is no boolean.
   * @throws {Deno.errors.BadResource} If the descriptor is closed.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const path = Deno.makeTempFileSync();
   * using file = OwnedFd.open(path, { read: true, write: true });
   * assertEquals(file.tryLockSync(), true);
   * ```
   */
  tryLockSync(exclusive = false): boolean {
    return locks.tryLock(internals.descriptorOf(this).fd, exclusive);
  }

  /**
   * Release the advisory lock on the file.
   *
   * @throws {Deno.errors.BadResource} If the descriptor is closed.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   *
   * const path = Deno.makeTempFileSync();
   * using file = OwnedFd.open(path, { read: true, write: true });
   * await file.lock();
   * await file.unlock();
   * ```
   */
  async unlock(): Promise<void> {
    await Promise.resolve(this.unlockSync());
  }

  /**
   * Release the advisory lock on the file: what `unlock` does.
   *
   * @throws {Deno.errors.BadResource} If the descriptor is closed.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   *
   * const path = Deno.makeTempFileSync();
   * using file = OwnedFd.open(path, { read: true, write: true });
   * file.lockSync();
   * file.unlockSync();
   * ```
   */
  unlockSync(): void {
    locks.unlock(internals.descriptorOf(this).fd);
  }

  /**
   * Whether it is a terminal, by isatty(3).
   *
   * @throws {Deno.errors.BadResource} If the descriptor is closed.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * using file = OwnedFd.open("/dev/null");
   * assertEquals(file.isTerminal(), false);
   * ```
   */
  isTerminal(): boolean {
    return isatty(internals.descriptorOf(this).fd);
  }

  /**
   * Switch a terminal to raw mode, by tcsetattr(3): keys arrive as they are typed, without echo. Switching it
   * off restores the mode from before.
   *
   * @param mode Whether to be in raw mode.
   * @param options `cbreak`: whether the keys that make signals, as Ctrl+C, go on to make them. The default is false.
   * @throws {TypeError} If `mode` or `cbreak` is no boolean.
   * @throws {SyscallError} If it is no terminal (`code` is `ENOTTY`).
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   *
   * using input = OwnedFd.open("/dev/stdin");
   * if (input.isTerminal()) {
   *   input.setRaw(true); // one key at a time
   *   input.setRaw(false);
   * }
   * ```
   */
  setRaw(mode: boolean, options?: Deno.SetRawOptions): void {
    const cbreak = checkedCbreak(options);
    internals.ioOf(this).rawMode.set(
      internals.descriptorOf(this).fd,
      checkedFlag("mode", mode),
      cbreak,
    );
  }
}

function checkedCbreak(options: Deno.SetRawOptions = NO_CBREAK): boolean {
  requireOptions(options, "set the terminal's mode");
  const { cbreak = false } = options;
  return checkedFlag("cbreak", cbreak);
}

const NO_CBREAK: Deno.SetRawOptions = { cbreak: false };
