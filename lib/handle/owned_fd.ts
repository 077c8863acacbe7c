/**
 * An open descriptor as a value with one owner.
 *
 * @module
 */

import { cString } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { closeFd, fcntl, lseek, memfdCreate, open, write } from "../../ffi/syscalls/files.ts";
import { adopters } from "./adopters.ts";
import { Descriptor } from "../descriptor/descriptor.ts";
import { closeWhenForgotten } from "../descriptor/finalizer.ts";
import { check, notSupported } from "../errors.ts";
import { FileIo } from "../fd/file_io.ts";
import { duplicate, requireOpen } from "../fd/file_like.ts";
import { type FileMapping, mapSealed, type Seal, sealsOf } from "../fd/mapping.ts";
import type { Listener } from "./listener.ts";
import type { Socket } from "./socket.ts";
import { fileInfo, type FileKind, kindOf } from "../fd/stat.ts";
import { requireBytes } from "../descriptor/caller_buffer.ts";

/** How {@linkcode OwnedFd.open} opens a file: what `Deno.open` takes. */
export interface OpenOptions {
  /** Open for reading. The default is true, unless `write` or `append` is set. */
  read?: boolean;
  /** Open for writing. The default is false. */
  write?: boolean;
  /** Write at the end of the file. The default is false. */
  append?: boolean;
  /** Empty the file first; needs `write`. The default is false. */
  truncate?: boolean;
  /** Create the file if it is not there; needs `write` or `append`. The default is false. */
  create?: boolean;
  /** Create the file, and fail if it is there. The default is false. */
  createNew?: boolean;
  /** Permission bits of a created file, before the umask. The default is `0o666`. */
  mode?: number;
}

/** How {@linkcode OwnedFd.memfd} makes a memory file. */
export interface MemfdOptions {
  /**
   * Seal size and content once `data` is in: nobody, the owner included, can change the file afterwards.
   * The default is false.
   */
  seal?: boolean;
}

/** The longest name that memfd_create(2) takes, in bytes. */
const MAX_MEMFD_NAME = 249;

let own: (fd: number) => OwnedFd;

/**
 * Owns one open descriptor, closes it when disposed, and as a last resort when it becomes garbage.
 *
 * What a peer passes arrives as an `OwnedFd`. Its number stays valid until `close`, `detach` or a
 * conversion gives it up.
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
 * assertEquals(file.stat().size, 5);
 * ```
 */
export class OwnedFd implements Disposable {
  readonly #descriptor: Descriptor;
  #io: FileIo | undefined;

  private constructor(descriptor: Descriptor) {
    this.#descriptor = descriptor;
    closeWhenForgotten(this, descriptor);
  }

  static {
    own = (fd) => new this(new Descriptor(fd, "OwnedFd"));
  }

  /**
   * Take over the open descriptor `fd`: from now on this object closes it.
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
   * @throws {TypeError} | {RangeError} if the path, the options or the mode cannot be
   * @throws {Deno.errors.NotFound} if the file is not there and not to be created
   * @throws {Deno.errors.PermissionDenied} if the file system refuses
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
    const name = pathText(path);
    const fd = check(open(cString(name), openFlags(options), modeOf(options)), "open", name);
    return own(fd);
  }

  /**
   * Create a file that lives in memory only, by memfd_create(2) (Linux).
   *
   * @param name shown in `/proc`, at most 249 bytes; it need not be unique
   * @param data the content; the file position is at its start afterwards
   * @throws {RangeError} if the name is longer
   * @throws {Deno.errors.NotSupported} where the system has no such files
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
    const { MFD_CLOEXEC, MFD_ALLOW_SEALING } = platform;
    if (MFD_CLOEXEC === 0) throw notSupported("Memory files (memfd) exist on Linux only");
    const terminated = memoryFileName(name);
    if (data !== undefined) requireBytes(data);
    const flags = MFD_CLOEXEC | (options.seal === true ? MFD_ALLOW_SEALING : 0);
    const fd = check(memfdCreate(terminated, flags), "memfd_create", name);
    try {
      if (data !== undefined) fill(fd, data);
      if (options.seal === true) seal(fd);
    } catch (error) {
      closeFd(fd);
      throw error;
    }
    return own(fd);
  }

  /**
   * The descriptor's number, for programs and calls that want one. It stays with this object.
   *
   * @throws {Deno.errors.BadResource} after `close`, `detach` or a conversion
   */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /** Close the descriptor. Closing again does nothing; a pending read or write ends with `BadResource`. */
  close(): void {
    this.#descriptor.close();
  }

  /** Close the descriptor, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Give the descriptor up without closing it, and return its number: whoever takes it closes it.
   *
   * @throws {Deno.errors.BadResource} if it was given up before
   */
  detach(): number {
    return this.#descriptor.release();
  }

  /**
   * Return a second, close-on-exec descriptor for the same open file, by fcntl(2) `F_DUPFD_CLOEXEC`.
   * The two share the file position.
   *
   * @throws {Error} with `code` `EMFILE` if the process has too many open
   */
  dup(): OwnedFd {
    return own(duplicate(this.fd));
  }

  /** Return what the descriptor refers to. */
  kind(): FileKind {
    return kindOf(this.fd);
  }

  /** Return what fstat(2) tells of the file, in the form of `Deno.stat`. */
  stat(): Deno.FileInfo {
    return fileInfo(this.fd);
  }

  /**
   * Return what the file is sealed against, by fcntl(2) `F_GET_SEALS`: seals hold for everybody who has the
   * file, and cannot be taken off. Empty for what has none, such as a file on disk.
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
   * Map the content of a sealed memory file into this process's memory, by mmap(2): nothing is copied,
   * however large it is. The descriptor may be closed meanwhile.
   *
   * The file must be sealed against shrinking and writing, as `OwnedFd.memfd` with `seal` makes them. Its
   * sender can then neither change what was checked before, nor crash this process by cutting it short.
   * Whoever does not trust the sender looks at `stat().size` first, too.
   *
   * The memory is given back when the mapping is disposed, and not before: it is not garbage-collected.
   *
   * @throws {TypeError} if the file lacks one of the two seals
   * @throws {RangeError} if it is larger than 4 GiB
   * @throws {Deno.errors.NotSupported} where the system has no such files
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
  map(): FileMapping {
    return mapSealed(this.fd);
  }

  #files(): FileIo {
    return this.#io ??= new FileIo(this.#descriptor, this);
  }

  /**
   * Read up to `bytes.byteLength` bytes without blocking the event loop.
   *
   * @returns the number of bytes read, `null` at the end
   * @throws {Deno.errors.BadResource} if the descriptor is closed, also while waiting
   */
  read(bytes: Uint8Array): Promise<number | null> {
    return this.#files().read(bytes);
  }

  /** Read up to `bytes.byteLength` bytes, blocking the thread: what `read` does. */
  readSync(bytes: Uint8Array): number | null {
    return this.#files().readSync(bytes);
  }

  /**
   * Write up to `bytes.byteLength` bytes without blocking the event loop.
   *
   * @returns the number of bytes written, which may be fewer than given
   * @throws {Deno.errors.BadResource} if the descriptor is closed, also while waiting
   */
  write(bytes: Uint8Array): Promise<number> {
    return this.#files().write(bytes);
  }

  /** Write up to `bytes.byteLength` bytes, blocking the thread: what `write` does. */
  writeSync(bytes: Uint8Array): number {
    return this.#files().writeSync(bytes);
  }

  /**
   * The content as a byte stream, from the file position on. As with `Deno.FsFile`, the descriptor is closed
   * when the stream is over: at the end, by a cancel, or by an error.
   */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#files().readable;
  }

  /**
   * A stream that writes at the file position. As with `Deno.FsFile`, the descriptor is closed when the stream
   * is over: by a close, an abort, or an error.
   */
  get writable(): WritableStream<Uint8Array<ArrayBufferLike>> {
    return this.#files().writable;
  }

  /**
   * Turn a connected or datagram Unix socket into a {@linkcode Socket}, which owns it from then on.
   *
   * @throws {TypeError} if it is something else; it stays open and with this object
   */
  asSocket(): Socket {
    return adopters.socket(this.#descriptor);
  }

  /**
   * Turn a listening Unix socket into a {@linkcode Listener}, which owns it from then on.
   *
   * @throws {TypeError} if it is something else; it stays open and with this object
   */
  asListener(): Listener {
    return adopters.listener(this.#descriptor);
  }

  /** Show the number in `console.log`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.#descriptor.closed ? "OwnedFd (closed)" : `OwnedFd { fd: ${this.fd} }`;
  }
}

/** Own a descriptor that the kernel just gave: it needs no check. */
export function ownFd(fd: number): OwnedFd {
  return own(fd);
}

function pathText(path: string | URL): string {
  if (typeof path !== "string" && !(path instanceof URL)) {
    throw new TypeError("Cannot open the file: give its path as a string, or a file: URL");
  }
  if (typeof path !== "string" && path.protocol !== "file:") {
    throw new TypeError(`Cannot open "${path.href}": give a path or a file: URL`);
  }
  // As in Deno's own functions, a lone "%" stands for itself.
  const text = typeof path === "string"
    ? path
    : decodeURIComponent(path.pathname.replace(/%(?![0-9a-f]{2})/gi, "%25"));
  if (text.includes("\0")) {
    throw new TypeError(`Cannot open ${JSON.stringify(text)}: the path contains a NUL byte`);
  }
  return text;
}

/** Permission bits, and the three above them: open(2) ignores all others. */
function modeOf({ mode = 0o666 }: OpenOptions): number {
  if (Number.isInteger(mode) && mode >= 0 && mode <= 0o7777) return mode;
  throw new RangeError(`Cannot open a file with the mode ${mode}: give bits from 0 to 0o7777`);
}

function openFlags(options: OpenOptions): number {
  const { append = false, truncate = false, create = false, createNew = false } = options;
  const write = options.write === true || append;
  const read = options.read ?? !write;
  if (!read && !write) {
    throw new TypeError("Cannot open a file neither for reading nor for writing");
  }
  if ((truncate || create || createNew) && !write) {
    throw new TypeError("Cannot create or truncate a file that is not opened for writing");
  }
  const access = write ? (read ? platform.O_RDWR : platform.O_WRONLY) : platform.O_RDONLY;
  // A terminal must not become the controlling one: closing it would hang a session leader up.
  return access | platform.O_CLOEXEC | platform.O_NOCTTY |
    (append ? platform.O_APPEND : 0) |
    (truncate ? platform.O_TRUNC : 0) |
    (create || createNew ? platform.O_CREAT : 0) |
    (createNew ? platform.O_EXCL : 0);
}

/** Return the name of a memory file as a C string. */
function memoryFileName(name: string): Uint8Array<ArrayBuffer> {
  if (typeof name !== "string") throw new TypeError("Cannot name a memory file: give a string");
  if (name.includes("\0")) throw new TypeError("Cannot name a memory file with a NUL byte");
  const bytes = cString(name);
  const length = bytes.byteLength - 1;
  if (length > MAX_MEMFD_NAME) {
    throw new RangeError(
      `Cannot name a memory file with ${length} bytes: give at most ${MAX_MEMFD_NAME}`,
    );
  }
  return bytes;
}

/** A memory file takes everything at once, unless memory runs out. */
function fill(fd: number, data: Uint8Array): void {
  for (let done = 0; done < data.byteLength;) {
    done += check(write(fd, data.subarray(done)), "write");
  }
  check(lseek(fd, 0, platform.SEEK_SET), "lseek");
}

function seal(fd: number): void {
  const { F_ADD_SEALS, F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE } = platform;
  const all = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  check(fcntl(fd, F_ADD_SEALS, all), "fcntl");
}
