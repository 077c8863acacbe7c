/**
 * Reads and writes that never block the calling thread, whatever the descriptor is, also if other processes use
 * it, with or without O_NONBLOCK. The flag is never changed: all processes that have the open file share it.
 *
 * @module
 */

import { byteLengthOf, cString, viewOf } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { readNowait, writeNowait } from "../../ffi/syscalls/file_io.ts";
import { closeFd, nonblocking, open, poll, read, write } from "../../ffi/syscalls/files.ts";
import { recv, send } from "../../ffi/syscalls/sockets.ts";
import { isatty } from "../../ffi/syscalls/terminal.ts";
import type { Descriptor } from "../descriptor/descriptor.ts";
import { READABLE, WRITABLE } from "../reactor/mod.ts";
import { couldBlock } from "./eventfd.ts";
import { type FileKind, kindOf } from "./stat.ts";
import { hasTerminalEnded, isTerminalMaster } from "./terminal.ts";

const { EAGAIN } = platform;

/** The result of a read or write that only a thread may make. No error number is as large. */
export const NEEDS_THREAD = -0x10000;

/** The result of a write that cannot be made yet although poll(2) says so. */
export const NEEDS_PAUSE = -0x10001;

/**
 * How to avoid blocking: for sockets a flag of each call; for regular files a thread, as poll(2) always calls them
 * ready; for the rest a flag of preadv2(2) and pwritev2(2), which not every file supports.
 */
type Way = "socket" | "file" | "other";

/** How to avoid blocking for what is neither a socket nor a regular file and does not support the flag. */
type Refused = "reopen" | "thread";

/** The most that a thread writes to a pipe or terminal at once, in bytes: `PIPE_BUF`, pipe(7). */
const PIPE_BUF = 4096;

function wayFor(kind: FileKind): Way {
  if (kind === "socket") return "socket";
  return kind === "file" || kind === "memfd" || kind === "block" || kind === "directory"
    ? "file"
    : "other";
}

/** The nonblocking reads and writes of one descriptor. */
export class NonblockingIo {
  readonly #descriptor: Descriptor;
  #kind: FileKind | undefined;
  #way: Way | undefined;
  #isTerminal: boolean | undefined;
  #refused: Refused | undefined;
  #refusesReads = false;
  #refusesWrites = false;

  constructor(descriptor: Descriptor) {
    this.#descriptor = descriptor;
  }

  /** Whether each read and write needs a thread. */
  get isFile(): boolean {
    return this.#chosen() === "file";
  }

  /** Whether it is an event counter, known from the first attempt on. */
  get isCounter(): boolean {
    return this.#kind === "eventfd";
  }

  /** Find out what is needed to wait for the descriptor. */
  prepareToWait(): void {
    this.#chosen();
  }

  #chosen(): Way {
    return this.#way ??= this.#choose();
  }

  #choose(): Way {
    const kind = this.#kind = kindOf(this.#descriptor.fd);
    if (kind === "eventfd" || kind === "other") this.#descriptor.markAsEvent();
    return wayFor(kind);
  }

  #isTerminalNow(fd: number): boolean {
    return this.#isTerminal ??= this.#kind === "character" && isatty(fd);
  }

  /** Whether a write may be partial: only on pipes and terminals. */
  #takesParts(fd: number): boolean {
    return this.#kind === "pipe" || this.#isTerminalNow(fd);
  }

  /** Read: the number of bytes, 0 at the end, `-EAGAIN`, {@linkcode NEEDS_THREAD} or another `-errno`. */
  read(bytes: Uint8Array): number {
    const { fd } = this.#descriptor;
    const way = this.#chosen();
    if (byteLengthOf(bytes) === 0) return 0;
    if (way === "file") return NEEDS_THREAD;
    if (way === "socket") return recv(fd, bytes, platform.MSG_DONTWAIT);
    if (!this.#refusesReads) {
      const count = readNowait(fd, bytes);
      if (!isRefusal(count)) return count;
      this.#refusesReads = true;
    }
    return this.#readOtherwise(fd, bytes);
  }

  #readOtherwise(fd: number, bytes: Uint8Array): number {
    // Another process could clear the flag between these two calls, but only on purpose.
    if (nonblocking(fd) === 1) return this.result(read(fd, bytes));
    const events = poll(fd, READABLE, 0);
    if (events <= 0) return events === 0 ? -EAGAIN : events;
    if (this.#isTerminalNow(fd) && hasTerminalEnded(fd)) return 0;
    if (this.#whenRefused(fd) === "thread") return NEEDS_THREAD;
    const own = reopen(fd, platform.O_RDONLY);
    // deno-coverage-ignore -- at the descriptor limit only
    if (own < 0) return NEEDS_THREAD;
    const count = read(own, bytes);
    closeFd(own);
    return count;
  }

  /**
   * Write: the number of bytes, {@linkcode NEEDS_PAUSE}, or one of the others that {@linkcode NonblockingIo.read} gives.
   */
  write(bytes: Uint8Array): number {
    const { fd } = this.#descriptor;
    const way = this.#chosen();
    if (way === "file") return NEEDS_THREAD;
    if (way === "socket") return send(fd, bytes, platform.MSG_DONTWAIT);
    if (!this.#refusesWrites) {
      const count = writeNowait(fd, bytes);
      if (!isRefusal(count)) return count;
      this.#refusesWrites = true;
    }
    return this.#writeOtherwise(fd, bytes);
  }

  #writeOtherwise(fd: number, bytes: Uint8Array): number {
    if (this.#kind === "eventfd") return writeEvent(fd, bytes);
    if (nonblocking(fd) === 1) return write(fd, bytes);
    // poll(2) is not reliable about whether a device can be written to.
    if (!this.#takesParts(fd)) return NEEDS_THREAD;
    const events = poll(fd, WRITABLE, 0);
    if (events <= 0) return events === 0 ? -EAGAIN : events;
    if (this.#whenRefused(fd) === "thread") return NEEDS_THREAD;
    const own = reopen(fd, platform.O_WRONLY);
    // A FIFO without a reader cannot be opened like this.
    if (own < 0) return own === -platform.ENXIO ? -platform.EPIPE : NEEDS_THREAD;
    const count = write(own, bytes);
    closeFd(own);
    return count;
  }

  /** The part of `bytes` for a thread to write. */
  threadPart(bytes: Uint8Array): Uint8Array {
    const { fd } = this.#descriptor;
    const isTooMuch = byteLengthOf(bytes) > PIPE_BUF && this.#chosen() === "other" &&
      this.#takesParts(fd);
    return isTooMuch ? viewOf(bytes, 0, PIPE_BUF) : bytes;
  }

  /**
   * Repeat a read that has failed on a thread, to learn its error number. By now it might wait: another reader has the
   * bytes, or a terminal that had ended is open again.
   */
  repeatRead(fd: number, bytes: Uint8Array): number {
    if (!this.isFile) {
      const events = poll(fd, READABLE, 0);
      if (events <= 0) return events === 0 ? -EAGAIN : events;
      if (hasTerminalEnded(fd)) return 0;
    }
    return read(fd, bytes);
  }

  /** Tell a terminal's end from a failure. */
  result(count: number): number {
    const isEnd = count === -platform.EIO && hasTerminalEnded(this.#descriptor.fd);
    return isEnd ? 0 : count;
  }

  /**
   * FIFOs and terminals can be opened once more, with O_NONBLOCK for that open file alone; opening the master
   * of a pseudoterminal would make another one.
   */
  #whenRefused(fd: number): Refused {
    return this.#refused ??= platform.procSelfFd && this.#takesParts(fd) &&
        !(this.#isTerminalNow(fd) && isTerminalMaster(fd))
      ? "reopen"
      : "thread";
  }
}

/** Write to an eventfd, whose write(2) blocks on a thread until a read makes space, and ends in no other way. */
function writeEvent(fd: number, bytes: Uint8Array): number {
  if (nonblocking(fd) !== 1) {
    if (!couldBlock(fd, bytes)) return NEEDS_THREAD;
  } else {
    const count = write(fd, bytes);
    if (count !== -EAGAIN) return count;
  }
  return poll(fd, WRITABLE, 0) > 0 ? NEEDS_PAUSE : -EAGAIN;
}

function isRefusal(result: number): boolean {
  return result === -platform.EOPNOTSUPP || result === -platform.ENOSYS;
}

function reopen(fd: number, access: number): number {
  const { O_NONBLOCK, O_CLOEXEC, O_NOCTTY } = platform;
  return open(cString(`/proc/self/fd/${fd}`), access | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}
