/**
 * What a descriptor refers to, from `/proc` and from the kernel itself.
 *
 * @module
 */

import type { FileKind, OwnedFd } from "../../mod.ts";
import { count, printable, shortened } from "../cli/text.ts";
import { readLink, readProc } from "../native/files.ts";
import { commandOf } from "./process.ts";
import { describeSocket, type SocketInfo, socketText } from "./socket.ts";

/** A descriptor that was passed. */
export interface PassedFile {
  readonly kind: FileKind;
  /** What it refers to, as in `/proc`: a path, `socket:[1234]`. */
  readonly target: string;
  /** How it was opened: `"r"`, `"w"` or `"rw"`. */
  readonly access: string;
  /** The size in bytes, where it has one. */
  readonly size?: number;
  /** The seals of a memory file, where it has any. */
  readonly seals?: readonly string[];
  /** What kind of socket it is, and where. */
  readonly socket?: SocketInfo;
  /** The process that a process descriptor stands for. */
  readonly process?: { readonly pid: number; readonly command: string };
}

const ACCESS = ["r", "w", "rw"] as const;

/** Find out what a descriptor is. */
export function describeFile(file: OwnedFd): PassedFile {
  const kind = file.kind();
  const target = readLink(`/proc/self/fd/${file.fd}`) ?? "";
  const info = readProc(`/proc/self/fdinfo/${file.fd}`) ?? "";
  const flags = /^flags:\s*([0-7]+)/m.exec(info)?.[1];
  const access = flags === undefined ? "" : ACCESS[parseInt(flags, 8) & 3] ?? "";
  return { kind, target, access, ...details(file, kind, info) };
}

function details(file: OwnedFd, kind: FileKind, info: string): Partial<PassedFile> {
  switch (kind) {
    case "file":
      return { size: file.statSync().size };
    case "memfd": {
      const seals = [...file.seals()];
      return { size: file.statSync().size, ...(seals.length > 0 ? { seals } : {}) };
    }
    case "socket":
      return { socket: describeSocket(file.fd) };
    case "pidfd": {
      const pid = Number(/^Pid:\s*(-?\d+)/m.exec(info)?.[1] ?? 0);
      return { process: { pid, command: pid > 0 ? commandOf(pid) : "" } };
    }
    default:
      return {};
  }
}

/** A longer command line is cut in the text form, in UTF-16 units. */
const WIDEST_COMMAND = 60;

/** Return a descriptor's description as text. */
export function fileText(file: PassedFile): string {
  const { kind, target, access, size, seals, socket, process } = file;
  const parts = [`${kind} "${printable(target)}"`];
  if (access !== "") parts.push(access);
  if (size !== undefined) parts.push(count(size, "byte"));
  if (seals !== undefined) parts.push(`sealed against ${seals.join(", ")}`);
  if (socket !== undefined) parts.push(printable(socketText(socket)));
  if (process !== undefined) {
    parts.push(process.pid > 0 ? `of pid ${process.pid}` : "of a process that has ended");
    if (process.command) parts.push(shortened(printable(process.command), WIDEST_COMMAND));
  }
  return parts.join(" ");
}
