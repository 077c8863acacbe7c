/**
 * The file of a socket that is bound to a path: its mode, and its removal.
 *
 * @module
 */

import { cString } from "../../ffi/memory.ts";
import { MISSING, platform } from "../../ffi/platform/mod.ts";
import { chmod, closeFd, getcwd, open, unlink } from "../../ffi/syscalls/files.ts";
import { type SocketFile, socketFile } from "../../ffi/syscalls/unix_diag.ts";
import { check, notSupported, systemError } from "../errors.ts";
import { displayName, type Name } from "../address/sockaddr.ts";
import { type FileIdentity, identityOf, identityOfPath } from "../fd/stat.ts";

const PERMISSIONS = 0o7777;
const SLASH = 0x2f;

/** A file as stat(2) tells of it, or as the kernel tells of the socket. */
interface KnownFile extends SocketFile {
  readonly mode?: number;
}

/** A socket file, known by device and inode number: those stay taken for as long as the socket is open. */
export class BoundFile {
  readonly #path: Uint8Array;
  readonly #identity: KnownFile;
  readonly #display: string;

  private constructor(path: Uint8Array, identity: KnownFile, display: string) {
    this.#path = path;
    this.#identity = identity;
    this.#display = display;
  }

  /**
   * Remember the file that was just bound.
   *
   * @throws {Deno.errors.NotFound} If it is gone already.
   */
  static named(name: Name): BoundFile {
    const display = displayName(name);
    const path = absolute(name.bytes, display);
    const identity = identityOfPath(path);
    if (typeof identity === "number") throw systemError(-identity, "bind", display);
    return new BoundFile(path, identity, display);
  }

  /**
   * Return the file that an adopted socket is bound to: the kernel reports which one it is, whatever its path names
   * now.
   *
   * @param name The path that the socket was bound to.
   * @throws {Deno.errors.NotSupported} If the system does not tell.
   */
  static ofSocket(fd: number, name: Name): BoundFile {
    const display = displayName(name);
    const file = socketFile(identityOf(fd).inode);
    const { EMFILE, ENFILE } = platform;
    if (file === -EMFILE || file === -ENFILE) throw systemError(-file, "socket", display);
    if (typeof file === "number") {
      throw notSupported(
        `Cannot remove ${
          JSON.stringify(display)
        } on close: this system does not tell whether it is this ` +
          "socket's file; remove it yourself",
      );
    }
    return new BoundFile(absolute(name.bytes, display), file, display);
  }

  /**
   * Set the file's mode in full. The file was created with the mode less the umask, so this only adds rights: at
   * no moment did it have more than the mode.
   */
  setMode(mode: number): void {
    if (((this.#identity.mode ?? 0) & PERMISSIONS) === mode) return;
    if (platform.O_PATH === MISSING) {
      check(chmod(cString(this.#path), mode), "chmod", this.#display);
      return;
    }
    const { O_PATH, O_NOFOLLOW, O_CLOEXEC } = platform;
    const flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
    const fd = check(open(cString(this.#path), flags), "open", this.#display);
    try {
      // Another program may have put another file in its place: that keeps its mode.
      if (!this.#is(identityOf(fd))) return;
      check(chmod(cString(`/proc/self/fd/${fd}`), mode), "chmod", this.#display);
    } finally {
      closeFd(fd);
    }
  }

  /** Remove the path if it still names this very file. Call it while the socket is open. */
  remove(): void {
    const now = identityOfPath(this.#path);
    if (typeof now !== "number" && this.#is(now)) unlink(cString(this.#path));
  }

  #is({ device, inode }: FileIdentity): boolean {
    const own = this.#identity;
    // Of a socket from elsewhere, the kernel tells 32 bits of the number.
    return device === own.device &&
      (own.mode === undefined ? BigInt.asUintN(32, inode) : inode) === own.inode;
  }
}

/** The working directory may change before the file is removed. */
function absolute(path: Uint8Array, display: string): Uint8Array {
  if (path[0] === SLASH) return path;
  const directory = getcwd();
  if (typeof directory === "number") throw systemError(-directory, "getcwd", display);
  const whole = new Uint8Array(directory.byteLength + 1 + path.byteLength);
  whole.set(directory);
  whole[directory.byteLength] = SLASH;
  whole.set(path, directory.byteLength + 1);
  return whole;
}
