/**
 * What a program that an error ends leaves open for `deno run --watch`: the next run has the same process, and the
 * last one is not told of its end.
 *
 * Each error that is not caught may be the end. So a list of what is open is left then, under a number that
 * the next run knows, and that closes it. Where the program goes on, code of it runs later, which takes the list back.
 *
 * @module
 */

import { cString } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/mod.ts";
import {
  closeFd,
  fcntl,
  memfdCreate,
  open,
  read,
  readlink,
  write,
} from "../../ffi/syscalls/files.ts";
import { pread } from "../../ffi/syscalls/file_io.ts";
import { utf8 } from "../../ffi/text.ts";
import { inNextTurn } from "../event_loop.ts";
import { suspend } from "../reactor/mod.ts";

/** The number of the list: high enough to be free, and below the usual limit of 1024. */
const PLACE = 1023;

/** What Deno is told to reload a program, in its own arguments. */
const RELOADS = /^--(?:watch|watch-hmr|unstable-hmr)(?:=|$)/;

const PIECE = 65536;

let isLeft = false;

/**
 * Leave a list of what `fds` returns until the next turn, and end what the kernel waits for: both keep sockets open.
 * Does nothing unless the program is reloaded.
 */
export function leaveForNextRun(fds: () => Iterable<number>): void {
  if (isLeft || !isReloaded() || !leave([...fds()])) return;
  isLeft = true;
  const resume = suspend();
  inNextTurn(() => {
    isLeft = false;
    closeFd(PLACE);
    resume();
  });
}

/** Close what the last run in this process has left open. */
export function closeLeftovers(): void {
  if (!platform.procSelfFd || fcntl(PLACE, platform.F_GETFD, 0) < 0) return;
  if (openFileOf(PLACE) !== `/memfd:${listName()} (deleted)`) return;
  for (const line of textOf((bytes, offset) => pread(PLACE, bytes, BigInt(offset))).split("\0")) {
    const [, fd, file] = /^(\d+) (.+)$/s.exec(line) ?? [];
    // It is another file if the program has closed its own in the last moment.
    if (fd !== undefined && openFileOf(Number(fd)) === file) closeFd(Number(fd));
  }
  closeFd(PLACE);
}

function isReloaded(): boolean {
  // deno-coverage-ignore -- macOS and other BSD systems only
  if (!platform.procSelfFd) return false;
  const fd = open(cString("/proc/self/cmdline"), platform.O_RDONLY | platform.O_CLOEXEC);
  // deno-coverage-ignore -- only in a shortage of descriptors
  if (fd < 0) return false;
  const text = textOf((bytes) => read(fd, bytes));
  closeFd(fd);
  return text.split("\0").some((it) => RELOADS.test(it));
}

/** Leave a list of these numbers: whether that worked. */
function leave(fds: readonly number[]): boolean {
  const lines = fds.map((fd) => `${fd} ${openFileOf(fd)}`).filter(isUnmistakable);
  const list = memfdCreate(cString(listName()), platform.MFD_CLOEXEC);
  // deno-coverage-ignore -- only in a shortage of descriptors
  if (list < 0) return false;
  write(list, utf8(lines.join("\0")));
  const place = fcntl(list, platform.F_DUPFD_CLOEXEC, PLACE);
  closeFd(list);
  if (place !== PLACE && place >= 0) closeFd(place);
  return place === PLACE;
}

/** Whether the line names one file only, as it does not for all that `/proc` calls `anon_inode`. */
function isUnmistakable(line: string): boolean {
  return / (?:\/|socket:|pipe:)/.test(line);
}

/** Return the name of the list: several programs run in one process with `deno test`, each in a thread of its own. */
function listName(): string {
  return `denet-unix/${textOfLink("/proc/thread-self").replaceAll("/", "-")}`;
}

/** Return what `/proc` calls an open file: for a socket or pipe its number, for another file its path. */
function openFileOf(fd: number): string {
  return textOfLink(`/proc/self/fd/${fd}`);
}

function textOfLink(path: string): string {
  const target = new Uint8Array(4096);
  const length = readlink(cString(path), target);
  return new TextDecoder().decode(target.subarray(0, Math.max(0, length)));
}

function textOf(readAt: (bytes: Uint8Array, offset: number) => number): string {
  const decoder = new TextDecoder();
  const piece = new Uint8Array(PIECE);
  let text = "";
  for (let offset = 0;;) {
    const count = readAt(piece, offset);
    if (count <= 0) return text;
    offset += count;
    text += decoder.decode(piece.subarray(0, count), { stream: true });
  }
}
