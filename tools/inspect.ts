/**
 * Who a process is, and what a descriptor refers to, from `/proc`.
 *
 * @module
 */

import type { Credentials, FileKind, OwnedFd } from "@denet/unix";
import { printable } from "./cli.ts";
import { readLink, readProc } from "./libc.ts";

/** A process at the other end. */
export interface Process extends Credentials {
  /** Its command line; empty if it has ended or belongs to another world. */
  readonly command: string;
}

/** A descriptor that was passed. */
export interface PassedFile {
  readonly kind: FileKind;
  /** What it refers to, as in `/proc`: a path, `socket:[1234]`. */
  readonly target: string;
  /** How it was opened: `"r"`, `"w"` or `"rw"`. */
  readonly access: string;
  /** The size in bytes, where it has one. */
  readonly size?: number;
}

/** Find out what runs as a process. */
export function describeProcess(who: Credentials): Process {
  // Nothing there: it has ended meanwhile, or is hidden from us.
  const line = readProc(`/proc/${who.pid}/cmdline`)?.replace(/\0+$/, "").replaceAll("\0", " ");
  const name = line ? "" : readProc(`/proc/${who.pid}/comm`)?.trim();
  return { ...who, command: line || (name ? `[${name}]` : "") };
}

const ACCESS = ["r", "w", "rw"] as const;

/** Find out what a descriptor is. */
export function describeFile(file: OwnedFd): PassedFile {
  const kind = file.kind();
  const target = readLink(`/proc/self/fd/${file.fd}`) ?? "";
  const flags = /^flags:\s*([0-7]+)/m.exec(readProc(`/proc/self/fdinfo/${file.fd}`) ?? "")?.[1];
  const access = flags === undefined ? "" : ACCESS[parseInt(flags, 8) & 3] ?? "";
  const described = { kind, target, access };
  return kind === "file" || kind === "memfd" ? { ...described, size: file.stat().size } : described;
}

/** Return a descriptor's description for people. */
export function fileText({ kind, target, access, size }: PassedFile): string {
  const length = size === undefined ? "" : ` ${count(size, "byte")}`;
  return `${kind} "${printable(target)}"${access && ` ${access}`}${length}`;
}

/** Return a process's description for people. */
export function processText({ pid, uid, gid, command }: Process): string {
  const shown = command.length > WIDEST ? `${command.slice(0, WIDEST)}…` : command;
  return `pid ${pid} uid ${uid} gid ${gid} ${printable(shown || "(unknown command)")}`;
}

/** A longer command line is cut for people, in UTF-16 units. */
const WIDEST = 100;

/** Return a number of things, as in "1 byte" and "2 bytes". */
export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
