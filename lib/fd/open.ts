/**
 * Opening files by path.
 *
 * @module
 */

import { cString } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { open } from "../../ffi/syscalls/files.ts";
import { check, checkedFlag, flawOf, requireOptions, shown } from "../errors.ts";

/**
 * How {@linkcode OwnedFd.open} opens a file: what `Deno.open` takes.
 *
 * @example
 * ```ts
 * import { OwnedFd } from "@denet/unix";
 *
 * const path = `${Deno.makeTempDirSync()}/log`;
 * using log = OwnedFd.open(path, { append: true, create: true, mode: 0o600 });
 * log.writeSync(new TextEncoder().encode("started\n"));
 * ```
 */
export interface OpenOptions {
  /** Open for reading. The default is true, unless `write` or `append` is set. */
  read?: boolean;
  /** Open for writing. The default is false. */
  write?: boolean;
  /** Write at the end of the file. The default is false. */
  append?: boolean;
  /** Empty the file first; needs `write`. The default is false. */
  truncate?: boolean;
  /** Create the file if it is not there; needs `write` or `append`. The default is false. */
  create?: boolean;
  /** Create the file, and fail if it is there. The default is false. */
  createNew?: boolean;
  /** Permission bits of a created file, before the umask. The default is `0o666`. */
  mode?: number;
}

/** Open a file, close-on-exec: its number. */
export function openFile(path: string | URL, options: OpenOptions): number {
  requireOptions(options, "open a file");
  const name = pathText(path);
  return check(open(cString(name), openFlags(options), modeOf(options)), "open", name);
}

function pathText(path: string | URL): string {
  if (typeof path !== "string" && !(path instanceof URL)) {
    throw new TypeError(
      "Cannot open the file: its path is no string; give a string or a file: URL",
    );
  }
  const text = typeof path === "string" ? path : pathOfUrl(path);
  const flaw = flawOf(text);
  if (flaw === undefined) return text;
  throw new TypeError(
    `Cannot open ${JSON.stringify(text)}: the path contains ${flaw}; leave it out`,
  );
}

function pathOfUrl({ href, protocol, host, pathname }: URL): string {
  const refuse = (why: string): TypeError => new TypeError(`Cannot open "${href}": ${why}`);
  if (protocol !== "file:") throw refuse("it is no file: URL; give one, or a path");
  if (host !== "") throw refuse(`a host is no part of the path; write "file://${pathname}"`);
  try {
    // As in Deno's own functions, a lone "%" stands for itself.
    return decodeURIComponent(pathname.replace(/%(?![0-9a-f]{2})/gi, "%25"));
  } catch {
    throw refuse('its percent escapes are not UTF-8; write "%25" for a percent sign');
  }
}

/** Permission bits, and the three above them: open(2) ignores all others. */
function modeOf({ mode = 0o666 }: OpenOptions): number {
  if (Number.isInteger(mode) && mode >= 0 && mode <= 0o7777) return mode;
  throw new RangeError(
    `Cannot open a file with the mode ${shown(mode)}: give bits from 0 to 0o7777`,
  );
}

function openFlags(options: OpenOptions): number {
  const flag = (name: Exclude<keyof OpenOptions, "mode">, unset = false): boolean => {
    const value = options[name];
    return value === undefined ? unset : checkedFlag(name, value);
  };
  const [append, truncate, create] = [flag("append"), flag("truncate"), flag("create")];
  const createNew = flag("createNew");
  const write = flag("write") || append;
  const read = flag("read", !write);
  if (!read && !write) {
    throw new TypeError(
      "Cannot open the file: it is to be neither read nor written; set `read`, `write` or `append`",
    );
  }
  if ((truncate || create || createNew) && !write) {
    throw new TypeError(
      "Cannot create or truncate the file: it is not opened for writing; set `write` or `append`",
    );
  }
  const access = write ? (read ? platform.O_RDWR : platform.O_WRONLY) : platform.O_RDONLY;
  // A terminal must not become the controlling one: closing it would send SIGHUP to a session leader.
  return access | platform.O_CLOEXEC | platform.O_NOCTTY |
    (append ? platform.O_APPEND : 0) |
    (truncate ? platform.O_TRUNC : 0) |
    (create || createNew ? platform.O_CREAT : 0) |
    (createNew ? platform.O_EXCL : 0);
}
