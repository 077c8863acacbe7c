/**
 * The class that owns an open descriptor of any kind.
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
import { eventfd, pipe } from "../../ffi/syscalls/readiness.ts";
import { Descriptor } from "../descriptor/descriptor.ts";
import { closeOnFinalization } from "../descriptor/finalizer.ts";
import { check, checkedFlag, notSupported } from "../errors.ts";
import { duplicate, requireOpen } from "../fd/file_like.ts";
import { FileIo } from "../fd/file_io.ts";
import { FileMethods, internals } from "./file_methods.ts";
import { type FileMapping, type MapOptions, mapSealed } from "../fd/mapping.ts";
import { createMemfd, type MemfdOptions } from "../fd/memfd.ts";
import type { Listener } from "./listener.ts";
import { openFile, type OpenOptions } from "../fd/open.ts";
import { addSeals, type Seal, sealsOf } from "../fd/seals.ts";
import type { Socket } from "./socket.ts";
import { type FileKind, kindOf } from "../fd/stat.ts";

let own: (fd: number) => OwnedFd;

/** Close a file because what it came with, a message or frame, is disposed. */
export let closeWithMessage: (file: OwnedFd) => void;

/**
 * Owns one open descriptor and closes it when disposed, or at the latest when it is garbage-collected. It can be
 * used wherever a `Deno.FsFile` is expected.
 *
 * Descriptors that a peer passes arrive as `OwnedFd`s. The number stays valid until `close`, `detach` or a
 * conversion.
 *
 * @example Read a file through its descriptor
 * ```ts
 * import { OwnedFd } from "@denet/unix";
 * import { assertEquals } from "@std/assert";
 *
 * const path = Deno.makeTempFileSync();
 * Deno.writeTextFileSync(path, "hello");
 * using file = OwnedFd.open(path);
 * assertEquals(file.kind(), "file");
 * assertEquals(file.statSync().size, 5);
 * ```
 */
export class OwnedFd extends FileMethods implements Disposable {
  readonly #descriptor: Descriptor;
  /** What reads and writes, made by the first use. */
  #io: FileIo | undefined = undefined;

  private constructor(descriptor: Descriptor) {
    super();
    this.#descriptor = descriptor;
    closeOnFinalization(this, descriptor);
  }

  static {
    own = (fd) => new this(new Descriptor(fd, "OwnedFd"));
    closeWithMessage = (file) => file.#descriptor.close("disposed");
    // A constructor of the base class would take as long as the rest of a new object.
    internals.descriptorOf = (file: OwnedFd) => file.#descriptor;
    internals.ioOf = (file: OwnedFd) => file.#io ??= new FileIo(file.#descriptor, file);
  }

  /**
   * Take ownership of the open descriptor `fd`: this object closes it.
   *
   * Adopt a number only if its owner gave it up: an inherited one, or one from `detach()`. Nothing tells the numbers
   * that Deno uses itself from others: closing one of those breaks Deno. 0, 1 and 2 are adopted as any number; the next
   * file that is opened gets the number when they are closed. To pass them on, write the number in `files`.
   *
   * @throws {TypeError} If `fd` is not the number of an open descriptor.
   * @throws {Deno.errors.Busy} If an object of this module owns it already.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   *
   * using copy = OwnedFd.open("/dev/null");
   * using adopted = OwnedFd.adopt(copy.detach());
   * console.log(adopted.fd);
   * ```
   */
  static adopt(fd: number): OwnedFd {
    requireOpen(fd);
    return new this(Descriptor.adopt(fd, "OwnedFd"));
  }

  /**
   * Open a file, close-on-exec, by open(2). Needs no permission but FFI.
   *
   * A FIFO opened for reading or writing only blocks the thread until another process opens its other end, as with
   * `Deno.openSync`. Opened for both, it does not wait.
   *
   * @throws {TypeError} If the path or an option is of the wrong type, or the options contradict each other.
   * @throws {RangeError} If `mode` is out of range.
   * @throws {Deno.errors.NotFound} If the file is not there and not to be created.
   * @throws {Deno.errors.PermissionDenied} If the file system refuses.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   *
   * using nothing = OwnedFd.open("/dev/null", { write: true });
   * nothing.writeSync(new Uint8Array(3));
   * ```
   */
  static open(path: string | URL, options: OpenOptions = {}): OwnedFd {
    return own(openFile(path, options));
  }

  /**
   * Create a file that lives in memory only, by memfd_create(2) (Linux).
   *
   * @param name Shown in `/proc`, at most 249 bytes; it need not be unique.
   * @param data The content; the file position is at its start afterwards.
   * @param options The size of the file, and the seals to set at once.
   * @throws {RangeError} If the name is longer, or the size smaller than the data.
   * @throws {TypeError} If `seal` names no seal.
   * @throws {Deno.errors.NotSupported} If the system has no such files.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assertThrows } from "@std/assert";
   *
   * if (Deno.build.os === "linux") {
   *   using sealed = OwnedFd.memfd("fixed", new Uint8Array([1, 2, 3]), { seal: true });
   *   assertThrows(() => sealed.writeSync(new Uint8Array([9])), Deno.errors.PermissionDenied);
   * }
   * ```
   */
  static memfd(name: string, data?: Uint8Array, options: MemfdOptions = {}): OwnedFd {
    return own(createMemfd(name, data, options));
  }

  /**
   * Create a pipe, by pipe(2): what is written to the second descriptor is read from the first. Both are
   * close-on-exec and, like those of other programs, without `O_NONBLOCK`.
   *
   * @returns The end to read from, and the end to write to.
   * @throws {SyscallError} If the process has too many descriptors (`code` is `EMFILE`).
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const [reader, writer] = OwnedFd.pipe();
   * await new Response("hello").body?.pipeTo(writer.writable);
   * assertEquals(await new Response(reader.readable).text(), "hello");
   * ```
   */
  static pipe(): [read: OwnedFd, write: OwnedFd] {
    const ends = pipe(false);
    if (typeof ends === "number") throw check(ends, "pipe");
    return [own(ends[0]), own(ends[1])];
  }

  /**
   * Create an event counter, by eventfd(2) (Linux), close-on-exec. A write of 8 bytes adds a number to it; a read
   * returns it in 8 bytes and sets it to 0, and waits while it is 0.
   *
   * A write waits while the sum would exceed 18,446,744,073,709,551,614; `close` and its `signal` end that wait. Unless
   * `nonblocking` is set, it is then made on a thread. If a Worker or another program fills the counter in this very
   * moment, the thread is blocked and the promise pending until a read: set `nonblocking` where that can happen.
   *
   * @param initial The counter's first value, from 0 (the default) to 4,294,967,295.
   * @throws {RangeError} If `initial` is anything else.
   * @throws {Deno.errors.NotSupported} If the system is not Linux.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * if (Deno.build.os === "linux") {
   *   using counter = OwnedFd.eventfd();
   *   await counter.write(new Uint8Array(new BigUint64Array([3n]).buffer));
   *   await counter.ready("read");
   *   const value = new BigUint64Array(1);
   *   await counter.read(new Uint8Array(value.buffer));
   *   assertEquals(value[0], 3n);
   * }
   * ```
   */
  static eventfd(initial = 0): OwnedFd {
    if (!Number.isInteger(initial) || initial < 0 || initial > 0xffffffff) {
      throw new RangeError(
        `Cannot make an eventfd with the value ${
          String(initial)
        }: give an integer from 0 to ${0xffffffff}`,
      );
    }
    const fd = eventfd(initial, false);
    if (fd === -platform.ENOSYS) {
      throw notSupported(
        "Cannot create an event counter: this system has none; use a pipe, or Linux",
      );
    }
    return own(check(fd, "eventfd"));
  }

  /**
   * The descriptor's number, for programs and calls that take one. It stays with this object.
   *
   * @throws {Deno.errors.BadResource} If it was given up by `close`, `detach` or a conversion.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   *
   * using file = OwnedFd.open("/dev/null");
   * console.log(`/dev/fd/${file.fd}`);
   * ```
   */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /**
   * Close the descriptor. Closing again does nothing; a pending read or write ends with `BadResource`.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assertThrows } from "@std/assert";
   *
   * const file = OwnedFd.open("/dev/null");
   * file.close();
   * assertThrows(() => file.fd, Deno.errors.BadResource);
   * ```
   */
  close(): void {
    this.#descriptor.close();
  }

  /** Close the descriptor, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Detach the descriptor: return its number without closing it. The caller owns and closes it from then on.
   *
   * @throws {Deno.errors.BadResource} If it was given up before.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   *
   * const number = OwnedFd.open("/dev/null").detach();
   * using again = OwnedFd.adopt(number);
   * console.log(again.fd === number);
   * ```
   */
  detach(): number {
    return this.#descriptor.release();
  }

  /**
   * Return a second, close-on-exec descriptor for the same open file, by fcntl(2) `F_DUPFD_CLOEXEC`.
   * The two share the file position.
   *
   * @throws {Error} If the process has too many open (`code` is `EMFILE`).
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * using file = OwnedFd.open("/dev/null");
   * using copy = file.dup();
   * assertEquals(copy.kind(), file.kind());
   * ```
   */
  dup(): OwnedFd {
    return own(duplicate(this.fd));
  }

  /**
   * Whether programs that this process starts do not get the descriptor: its `FD_CLOEXEC`.
   *
   * @throws {Deno.errors.BadResource} If the descriptor is closed.
   * @throws {TypeError} If it is set to anything but true or false.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   *
   * using file = OwnedFd.open("/dev/null");
   * file.closeOnExec = false; // a child that is started now has it under the same number
   * console.log(file.fd);
   * file.closeOnExec = true;
   * ```
   */
  get closeOnExec(): boolean {
    return check(closeOnExec(this.fd), "fcntl") === 1;
  }

  set closeOnExec(on: boolean) {
    check(setCloseOnExec(this.fd, checkedFlag("closeOnExec", on)), "fcntl");
  }

  /**
   * Whether the open file has `O_NONBLOCK`, which all its duplicates share. It is for programs that get the
   * descriptor: the methods of this object behave the same either way.
   *
   * @throws {Deno.errors.BadResource} If the descriptor is closed.
   * @throws {TypeError} If it is set to anything but true or false.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const [reader, writer] = OwnedFd.pipe();
   * using _reader = reader;
   * using _writer = writer;
   * reader.nonblocking = true; // for a program that polls this end itself
   * assertEquals(reader.nonblocking, true);
   * ```
   */
  get nonblocking(): boolean {
    return check(nonblocking(this.fd), "fcntl") === 1;
  }

  set nonblocking(on: boolean) {
    check(setNonblocking(this.fd, checkedFlag("nonblocking", on)), "fcntl");
  }

  /**
   * Return what the descriptor refers to.
   *
   * @returns One of the words of {@linkcode FileKind}.
   * @throws {Deno.errors.BadResource} If the descriptor is closed.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const [reader, writer] = OwnedFd.pipe();
   * using _reader = reader;
   * using _writer = writer;
   * assertEquals(reader.kind(), "pipe");
   * ```
   */
  kind(): FileKind {
    return kindOf(this.fd);
  }

  /**
   * Return the seals of the file, by fcntl(2) `F_GET_SEALS`. Seals bind every process that has the file, and cannot
   * be removed. Empty for files that have none, such as one on disk.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assert } from "@std/assert";
   *
   * using file = OwnedFd.memfd("fixed", new Uint8Array([1, 2, 3]), { seal: true });
   * assert(file.seals().has("write"));
   * ```
   */
  seals(): Set<Seal> {
    return sealsOf(this.fd);
  }

  /**
   * Seal a memory file, by fcntl(2) `F_ADD_SEALS`: seals are added to those there are.
   *
   * @param seals What to forbid, for all processes and permanently: `"shrink"`, `"grow"`, `"write"`, or further seals
   * (`"seal"`).
   * @throws {TypeError} If one of them is no seal.
   * @throws {Deno.errors.PermissionDenied} If the file is sealed against further seals, or not open for writing.
   * @throws {Deno.errors.Busy} If the file is to be sealed against writing, but mapped for it.
   * @throws {Deno.errors.NotSupported} If the system has no such files.
   *
   * @example
   * ```ts
   * import { OwnedFd } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * if (Deno.build.os === "linux") {
   *   using file = OwnedFd.memfd("frame", undefined, { size: 4096 });
   *   file.addSeals("shrink", "grow");
   *   assertEquals([...file.seals()], ["shrink", "grow"]);
   * }
   * ```
   */
  addSeals(...seals: Seal[]): void {
    addSeals(this.fd, seals);
  }

  /**
   * Map the content of a sealed memory file into this process's memory, by mmap(2): nothing is copied,
   * however large it is. The descriptor may be closed while the mapping exists.
   *
   * The file must be sealed against shrinking and writing, as `OwnedFd.memfd` with `seal` makes them. Its
   * sender can then neither change what was checked before, nor crash this process by cutting it short.
   * Check `statSync().size` first, too, if you do not trust the sender.
   *
   * With `shared`, a file that is sealed against shrinking is mapped for reading and writing, shared with every
   * other process that maps it: what one of them writes, the others see at once.
   *
   * The memory is unmapped when the mapping is disposed, and only then: it is not garbage-collected.
   *
   * @throws {TypeError} If the file lacks a seal that is needed, or is sealed against the writing that is; or if `shared`
   * is no boolean.
   * @throws {RangeError} If it is larger than 4 GiB.
   * @throws {Deno.errors.NotSupported} If the system has no such files.
   *
   * @example
   * ```ts
   * import { OwnedFd, unix } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * using picture = OwnedFd.memfd("picture", new Uint8Array([1, 2, 3]), { seal: true });
   * await a.send({ data: new Uint8Array(1), files: [picture] });
   *
   * using message = await b.receive({ files: 1 });
   * using mapping = message?.files[0]?.map();
   * assertEquals(mapping?.bytes, new Uint8Array([1, 2, 3]));
   * ```
   */
  map(options: MapOptions = {}): FileMapping {
    return mapSealed(this.fd, options);
  }

  /**
   * Turn a connected or datagram Unix socket into a {@linkcode Socket}, which owns it from then on.
   *
   * @throws {TypeError} If it is something else; it stays open and with this object.
   *
   * @example
   * ```ts
   * import { OwnedFd, unix } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using file = OwnedFd.adopt(b.detach());
   * using socket = file.asSocket();
   * assertEquals(socket.type, "stream");
   * ```
   */
  asSocket(): Socket {
    return adopters.socket(this.#descriptor);
  }

  /**
   * Turn a listening Unix socket into a {@linkcode Listener}, which owns it from then on.
   *
   * @throws {TypeError} If it is something else; it stays open and with this object.
   *
   * @example
   * ```ts
   * import { OwnedFd, unix } from "@denet/unix";
   *
   * const listening = unix.listen(`${Deno.makeTempDirSync()}/app.sock`);
   * using file = OwnedFd.adopt(listening.detach());
   * using listener = file.asListener();
   * console.log(listener.addr.path);
   * ```
   */
  asListener(): Listener {
    return adopters.listener(this.#descriptor);
  }

  /**
   * Show the number in `console.log`.
   *
   * @ignore
   */
  [Symbol.for("Deno.customInspect")](): string {
    return this.#descriptor.closed ? "OwnedFd (closed)" : `OwnedFd { fd: ${this.fd} }`;
  }
}

/** Own a descriptor that the kernel just returned: it needs no check. */
export function ownFd(fd: number): OwnedFd {
  return own(fd);
}

/** The conversions to the other two classes, whose files import this one and set them. Both check the descriptor. */
export const adopters: {
  socket(descriptor: Descriptor): Socket;
  listener(descriptor: Descriptor): Listener;
} = { socket: notLoaded, listener: notLoaded };

function notLoaded(): never {
  throw new TypeError('Cannot convert the descriptor: import "@denet/unix" for sockets');
}
