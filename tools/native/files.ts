/**
 * Files by their paths, needing FFI permission only.
 *
 * @module
 */

import { type OpenOptions, OwnedFd } from "../../mod.ts";
import { aborted } from "../aborted.ts";
import { checked, cString, libc } from "./libc.ts";

/** What comes from `/proc` has space here; what is longer is cut. */
const buffer = new Uint8Array(4096);
const CAPACITY = BigInt(buffer.byteLength);

function decoded(length: number | bigint): string | undefined {
  return length < 0 ? undefined : new TextDecoder().decode(buffer.subarray(0, Number(length)));
}

/** Return what a symbolic link names, `undefined` if there is none. */
export function readLink(path: string): string | undefined {
  return decoded(libc().readlink(cString(path), buffer, CAPACITY));
}

const O_CLOEXEC = 0o2000000;
const O_PATH = 0o10000000;
const O_NOFOLLOW = 0o400000;

/** Return a file in `/proc`, `undefined` if it cannot be read. Clients wait for it, so in the fewest steps. */
export function readProc(path: string): string | undefined {
  const { open, read, close } = libc();
  const fd = open(cString(path), O_CLOEXEC, 0);
  if (fd < 0) return undefined;
  const length = read(fd, buffer, CAPACITY);
  close(fd);
  return decoded(length);
}

const O_WRONLY = 1;

/**
 * Open a file. A FIFO without a process at its other end is waited for on another thread: signals end that.
 *
 * @throws {Error} If it cannot be opened.
 */
export async function openFile(
  path: string,
  options: OpenOptions,
  stop: AbortSignal,
): Promise<OwnedFd> {
  const { read = false, write = false, append = false } = options;
  const isWritten = write || append;
  if (!(read && isWritten) && pathInfo(path)?.kind === "pipe") {
    const name = cString(path);
    const flags = O_CLOEXEC | (isWritten ? O_WRONLY : 0);
    // The memory of the name has to stay until then.
    const opening = libc().openElsewhere(name, flags, 0).then((fd) => ({ fd, name }));
    const { fd } = await Promise.race([opening, aborted(stop)]);
    if (fd >= 0) return OwnedFd.adopt(fd);
  }
  return OwnedFd.open(path, options);
}

/** What is known of a path. */
export interface PathInfo {
  readonly kind: string;
  readonly dev: number;
  readonly ino: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Find out what is at a path, `undefined` if nothing is. A symbolic link in its last part is followed, or not. */
export function pathInfo(path: string, follow = true): PathInfo | undefined {
  const fd = libc().open(cString(path), O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW), 0);
  if (fd < 0) return undefined;
  using file = OwnedFd.adopt(fd);
  const { dev, ino, mode, uid, gid, isSymlink, isSocket } = file.statSync();
  const kind = isSymlink ? "link" : isSocket ? "socket" : file.kind();
  return {
    kind,
    dev,
    ino: ino ?? 0,
    mode: (mode ?? 0) & 0o777,
    uid: uid ?? 0,
    gid: gid ?? 0,
  };
}

/** Whether two paths are the same file. */
export function isSameFile(a: PathInfo | undefined, b: PathInfo | undefined): boolean {
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

const F_OK = 0;
const X_OK = 1;

/** Whether a path is there, by access(2). */
export function exists(path: string): boolean {
  return libc().access(cString(path), F_OK) === 0;
}

/** Whether a path may be executed, by access(2). */
export function isExecutable(path: string): boolean {
  return libc().access(cString(path), X_OK) === 0 && pathInfo(path)?.kind !== "directory";
}

/** Stands for an owner or a group that stays. */
const UNCHANGED = 0xffffffff;

/**
 * Give a file to a user and a group.
 *
 * @throws {Error} If this process may not.
 */
export function changeOwner(path: string, uid = UNCHANGED, gid = UNCHANGED): void {
  checked(libc().lchown(cString(path), uid, gid), `change the owner of "${path}"`);
}

/**
 * Set the permission bits of a file.
 *
 * @throws {Error} If this process may not.
 */
export function changeMode(path: string, mode: number): void {
  checked(libc().chmod(cString(path), mode), `change the mode of "${path}"`);
}

const AT_FDCWD = -100;
const RENAME_NOREPLACE = 1;
const RENAME_EXCHANGE = 2;

/**
 * Exchange two paths in one step, by renameat2(2).
 *
 * @throws {Error} If the file system cannot, or this process may not.
 */
export function exchange(a: string, b: string): void {
  const result = libc().renameat2(AT_FDCWD, cString(a), AT_FDCWD, cString(b), RENAME_EXCHANGE);
  checked(result, `exchange "${a}" and "${b}"`);
}

/**
 * Rename a file, replacing what is at the new path if `replace` is set.
 *
 * @throws {Error} If this process may not.
 */
export function rename(from: string, to: string, replace = false): void {
  const flags = replace ? 0 : RENAME_NOREPLACE;
  const result = libc().renameat2(AT_FDCWD, cString(from), AT_FDCWD, cString(to), flags);
  checked(result, `rename "${from}" to "${to}"`);
}

/** Remove a path, if it is there. */
export function remove(path: string): void {
  libc().unlink(cString(path));
}

/** Remove a directory, if it is there and empty. */
export function removeDirectory(path: string): void {
  libc().rmdir(cString(path));
}

/**
 * Make a directory that only this user can enter, by mkdtemp(3).
 *
 * @throws {Error} If that fails.
 */
export function temporaryDirectory(prefix: string): string {
  const template = cString(`${prefix}XXXXXX`);
  const result = libc().mkdtemp(template);
  checked(result === null ? -1 : 0, `make a directory "${prefix}…"`);
  return new TextDecoder().decode(template.subarray(0, -1));
}
