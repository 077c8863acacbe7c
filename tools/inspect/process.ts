/**
 * Which program a process runs, from `/proc`.
 *
 * @module
 */

import type { Credentials } from "../../mod.ts";
import { printable, shortened } from "../cli/text.ts";
import { readProc } from "../native/files.ts";

/** A process at the other end. */
export interface Process extends Credentials {
  /** Its command line; empty if it has ended or is hidden. */
  readonly command: string;
}

/** Find out what runs as a process. */
export function describeProcess(credentials: Credentials): Process {
  return { ...credentials, command: commandOf(credentials.pid) };
}

/** Return the command line of a process; `""` if it has ended, or is hidden. */
export function commandOf(pid: number): string {
  const line = readProc(`/proc/${pid}/cmdline`)?.replace(/\0+$/, "").replaceAll("\0", " ");
  const name = line ? "" : readProc(`/proc/${pid}/comm`)?.trim();
  return line || (name ? `[${name}]` : "");
}

/** A longer command line is cut in the text form, in UTF-16 units. */
const WIDEST = 100;

/** Return a process's description as text. */
export function processText({ pid, uid, gid, command }: Process, width = WIDEST): string {
  const head = `pid ${pid} uid ${uid} gid ${gid} `;
  const shown = shortened(printable(command || "(unknown command)"), width);
  return head + shown;
}
