/**
 * Why an address could not be reached, beyond what the error number says.
 *
 * @module
 */

import { cString } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { closeFd, open } from "../../ffi/syscalls/files.ts";
import { rightForm } from "../dial/conventions.ts";
import { type FileKind, kindOf } from "../fd/stat.ts";
import { displayName, type Name } from "./sockaddr.ts";

/** Return the name of a file's type for a message: what is there is no socket. */
const KINDS: Partial<Record<FileKind, string>> = {
  file: "a regular file",
  directory: "a directory",
  pipe: "a FIFO",
  character: "a device",
  block: "a device",
};

/** Return the reason for a failed connect(2), bind(2) or sendmsg(2) where the name tells more; else `undefined`. */
export function reasonForRefusal(errno: number, name: Name): string | undefined {
  const { EACCES, EADDRINUSE, ENOENT, ECONNREFUSED, ENOTSOCK } = platform;
  if (errno === ENOENT) {
    const form = rightForm(displayName(name));
    return form === undefined
      ? undefined
      : `there is no such path, and it has the form of another program: ${form}`;
  }
  const isTaken = errno === EADDRINUSE;
  const isAboutFile = isTaken || errno === ECONNREFUSED || errno === ENOTSOCK || errno === EACCES;
  if (!isAboutFile || name.kind !== "path") return undefined;
  const kind = KINDS[kindAt(name.bytes) ?? "other"];
  if (kind === undefined) return undefined;
  const remedy = isTaken ? "choose another path" : "give the path of a socket";
  return `it is no socket, but ${kind}: ${remedy}`;
}

function kindAt(path: Uint8Array): FileKind | undefined {
  const { O_PATH, O_CLOEXEC, procSelfFd } = platform;
  // Other files are not opened: opening a device or FIFO has effects.
  const fd = procSelfFd ? open(cString(path), O_PATH | O_CLOEXEC) : -1;
  if (fd < 0) return undefined;
  try {
    return kindOf(fd);
  } finally {
    closeFd(fd);
  }
}
