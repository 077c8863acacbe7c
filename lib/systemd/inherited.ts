/**
 * Descriptors that this process inherited, and whether they have an owner yet.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { fcntl, setCloseOnExec } from "../../ffi/syscalls/files.ts";
import { Descriptor } from "../descriptor/descriptor.ts";
import { readIntOption } from "../socket/options.ts";
import { check, systemError } from "../errors.ts";
import { OwnedFd } from "../handle/owned_fd.ts";
import type { Listener } from "../handle/listener.ts";
import type { Socket } from "../handle/socket.ts";

/**
 * Check that `fd` was inherited and has no owner yet.
 *
 * What exec(3) hands over never has close-on-exec set; Deno sets it on everything that it opens, and so
 * does {@linkcode adoptInherited}. The flag therefore tells a descriptor that waits for an owner from
 * one that has one.
 *
 * @throws {Deno.errors.BadResource} If it is not open.
 * @throws {Deno.errors.Busy} If it has an owner in this process.
 */
export function requireInherited(fd: number): void {
  Descriptor.requireFree(fd);
  const flags = fcntl(fd, platform.F_GETFD, 0);
  if (flags < 0) throw systemError(-flags, "fcntl", `fd:${fd}`);
  if ((flags & platform.FD_CLOEXEC) === 0) return;
  throw new Deno.errors.Busy(
    `Cannot adopt the inherited descriptor ${fd}: this process opened it itself, or has adopted it before; ` +
      "give the number of one that it was started with",
  );
}

/** Own an inherited descriptor. From here on it is close-on-exec. */
export function adoptInherited(fd: number): OwnedFd {
  requireInherited(fd);
  check(setCloseOnExec(fd, true), "fcntl");
  return OwnedFd.adopt(fd);
}

/** Return a `Listener` or `Socket` if it is a Unix socket; anything else stays an `OwnedFd`. */
export function specialized(file: OwnedFd): Listener | Socket | OwnedFd {
  try {
    return isListening(file.fd) ? file.asListener() : file.asSocket();
  } catch (error) {
    if (error instanceof TypeError) return file;
    // deno-coverage-ignore-start -- only a kernel that fails throws anything else
    throw error;
  }
  // deno-coverage-ignore-stop
}

function isListening(fd: number): boolean {
  return readIntOption(fd, platform.SOL_SOCKET, platform.SO_ACCEPTCONN) > 0;
}
