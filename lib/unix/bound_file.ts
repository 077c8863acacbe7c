/**
 * The socket file that bind(2) made: its mode, and its removal.
 *
 * @module
 */

import { cString } from "../../ffi/memory.ts";
import { MISSING, platform } from "../../ffi/platform/mod.ts";
import { chmod, closeFd, getcwd, open, unlink } from "../../ffi/syscalls/files.ts";
import { check, systemError } from "../errors.ts";
import { displayName, type Name } from "../address/sockaddr.ts";
import { type FileIdentity, identityOf, identityOfPath, isSameFile } from "../fd/stat.ts";

const PERMISSIONS = 0o7777;
const SLASH = 0x2f;

/** A socket file, known by device and inode number: those stay taken for as long as the socket is open. */
export class BoundFile {
  readonly #path: Uint8Array;
  readonly #identity: FileIdentity;
  readonly #display: string;

  /** Remember the file that was just bound. @throws {Error} if it is gone already */
  constructor(name: Name) {
    this.#display = displayName(name);
    this.#path = absolute(name.bytes, this.#display);
    const identity = identityOfPath(this.#path);
    if (typeof identity === "number") throw systemError(-identity, "bind", this.#display);
    this.#identity = identity;
  }

  /**
   * Give the file the mode in full. It was born with what the umask left of it, so this only ever widens
   * its rights: at no moment did it have wider ones.
   */
  setMode(mode: number): void {
    if ((this.#identity.mode & PERMISSIONS) === mode) return;
    if (platform.O_PATH === MISSING) {
      check(chmod(cString(this.#path), mode), "chmod", this.#display);
      return;
    }
    const { O_PATH, O_NOFOLLOW, O_CLOEXEC } = platform;
    const flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
    const fd = check(open(cString(this.#path), flags), "open", this.#display);
    try {
      // Somebody may have put another file in its place: its mode is none of ours.
      if (!isSameFile(identityOf(fd), this.#identity)) return;
      check(chmod(cString(`/proc/self/fd/${fd}`), mode), "chmod", this.#display);
    } finally {
      closeFd(fd);
    }
  }

  /** Remove the path if it still names this very file. Call it while the socket is open. */
  remove(): void {
    const now = identityOfPath(this.#path);
    if (typeof now !== "number" && isSameFile(now, this.#identity)) unlink(cString(this.#path));
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
