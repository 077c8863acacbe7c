/**
 * What fstat(2) and lstat(2) tell of a file.
 *
 * @module
 */

import { cString } from "../../ffi/memory.ts";
import { type Field, platform } from "../../ffi/platform/mod.ts";
import { fcntl, fstat, lstat, readlink } from "../../ffi/syscalls/files.ts";
import { check } from "../errors.ts";

/**
 * What an open descriptor refers to.
 *
 * @example
 * ```ts
 * import { type FileKind, OwnedFd } from "@denet/unix";
 * import { assertEquals } from "@std/assert";
 *
 * using file = OwnedFd.open("/dev/null");
 * const kind: FileKind = file.kind();
 * assertEquals(kind, "character");
 * ```
 */
export type FileKind =
  | "file"
  | "directory"
  | "pipe"
  | "socket"
  | "character"
  | "block"
  | "memfd"
  | "eventfd"
  | "pidfd"
  | "other";

/** The raw answer of the kernel. */
class Stat {
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  number([offset, width]: Field): number {
    if (width === 2) return this.#view.getUint16(offset, true);
    if (width === 4) return this.#view.getUint32(offset, true);
    return Number(this.#view.getBigUint64(offset, true));
  }

  exact([offset, width]: Field): bigint {
    return width === 8
      ? this.#view.getBigUint64(offset, true)
      : BigInt(this.number([offset, width]));
  }

  /** The device number, in the form that `Deno.stat` gives it. */
  device(field: Field | readonly [Field, Field]): number {
    // deno-coverage-ignore -- macOS and other BSD systems only
    if (typeof field[0] === "number") return this.number(field as Field);
    const [major, minor] = field as readonly [Field, Field];
    const high = this.number(major), low = this.number(minor);
    return high * 256 + (low & 0xff) + (low >>> 8) * 0x100000;
  }

  time(offset: number): Date | null {
    const seconds = Number(this.#view.getBigInt64(offset, true));
    const nanoseconds = this.#view.getUint32(offset + 8, true);
    return new Date(seconds * 1000 + Math.floor(nanoseconds / 1e6));
  }

  get mode(): number {
    return this.number(platform.stat.mode);
  }

  hasType(type: number): boolean {
    return (this.mode & platform.S_IFMT) === type;
  }
}

function statOf(fd: number): Stat {
  const bytes = new Uint8Array(platform.stat.size);
  check(fstat(fd, bytes), "fstat");
  return new Stat(bytes);
}

/** The file behind a path or descriptor: enough to tell whether two are the same. */
export interface FileIdentity {
  /** The device the file is on. */
  readonly device: number;
  /** The number of the file on its device. */
  readonly inode: bigint;
  /** Type and permission bits. */
  readonly mode: number;
  /** The user that owns it. */
  readonly uid: number;
  /** How many names it has. */
  readonly links: number;
  /** Its length in bytes. */
  readonly length: number;
}

function identity(stat: Stat): FileIdentity {
  const { dev, ino, uid, nlink, length } = platform.stat;
  return {
    device: stat.device(dev),
    inode: stat.exact(ino),
    mode: stat.mode,
    uid: stat.number(uid),
    links: stat.number(nlink),
    length: stat.number(length),
  };
}

/** Return the identity of what `path` names, not following a symbolic link; `-errno` if that fails. */
export function identityOfPath(path: Uint8Array): FileIdentity | number {
  const bytes = new Uint8Array(platform.stat.size);
  const result = lstat(cString(path), bytes);
  return result < 0 ? result : identity(new Stat(bytes));
}

/** Return the identity of what `fd` refers to. */
export function identityOf(fd: number): FileIdentity {
  return identity(statOf(fd));
}

/** Whether both are the same file. */
export function isSameFile(a: FileIdentity, b: FileIdentity): boolean {
  return a.device === b.device && a.inode === b.inode;
}

/** Whether it is a socket. */
export function isSocket(file: FileIdentity): boolean {
  return (file.mode & platform.S_IFMT) === platform.S_IFSOCK;
}

/**
 * Whether it is a regular file that only the user `user` may open, and that serves for nothing else: it is empty, and
 * has no other name.
 */
export function isPrivateFile(
  { mode, uid, links, length }: FileIdentity,
  user: number,
): boolean {
  return (mode & platform.S_IFMT) === platform.S_IFREG && (mode & 0o077) === 0 && uid === user &&
    links <= 1 && length === 0;
}

/** Return what fstat(2) tells of `fd`, in the form of `Deno.stat`. */
export function fileInfo(fd: number): Deno.FileInfo {
  const stat = statOf(fd);
  const layout = platform.stat;
  return {
    isFile: stat.hasType(platform.S_IFREG),
    isDirectory: stat.hasType(platform.S_IFDIR),
    isSymlink: stat.hasType(platform.S_IFLNK),
    isBlockDevice: stat.hasType(platform.S_IFBLK),
    isCharDevice: stat.hasType(platform.S_IFCHR),
    isFifo: stat.hasType(platform.S_IFIFO),
    isSocket: stat.hasType(platform.S_IFSOCK),
    size: stat.number(layout.length),
    mtime: stat.time(layout.mtime),
    atime: stat.time(layout.atime),
    ctime: stat.time(layout.ctime),
    birthtime: stat.time(layout.birthtime),
    dev: stat.device(layout.dev),
    ino: stat.number(layout.ino),
    mode: stat.mode,
    nlink: stat.number(layout.nlink),
    uid: stat.number(layout.uid),
    gid: stat.number(layout.gid),
    rdev: stat.device(layout.rdev),
    blksize: stat.number(layout.blksize),
    blocks: stat.number(layout.blocks),
  };
}

/** Return what `/proc/self/fd` says of `fd`, as in `"anon_inode:[eventfd]"`; `""` where there is none. */
function procLink(fd: number): string {
  if (!platform.procSelfFd) return "";
  const target = new Uint8Array(256);
  const length = readlink(cString(`/proc/self/fd/${fd}`), target);
  return length < 0 ? "" : new TextDecoder().decode(target.subarray(0, length));
}

/** Return what `fd` refers to. */
export function kindOf(fd: number): FileKind {
  const stat = statOf(fd);
  const link = procLink(fd);
  if (link === "anon_inode:[eventfd]") return "eventfd";
  if (link === "anon_inode:[pidfd]" || link.startsWith("pidfd:[")) return "pidfd";
  if (link.startsWith("anon_inode:")) return "other";
  if (stat.hasType(platform.S_IFREG)) return isMemfd(fd, link) ? "memfd" : "file";
  if (stat.hasType(platform.S_IFDIR)) return "directory";
  if (stat.hasType(platform.S_IFIFO)) return "pipe";
  if (stat.hasType(platform.S_IFSOCK)) return "socket";
  if (stat.hasType(platform.S_IFCHR)) return "character";
  if (stat.hasType(platform.S_IFBLK)) return "block";
  // deno-coverage-ignore -- every file of Linux has one of these types
  return "other";
}

/** Files on tmpfs have seals as well: only the name tells a memfd from them. */
function isMemfd(fd: number, link: string): boolean {
  return link.startsWith("/memfd:") && fcntl(fd, platform.F_GET_SEALS, 0) >= 0;
}
