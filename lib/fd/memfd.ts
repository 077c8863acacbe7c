/**
 * Files that live in memory only.
 *
 * @module
 */

import { byteLengthOf, cString, viewOf } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { closeFd, ftruncate, lseek, memfdCreate, write } from "../../ffi/syscalls/files.ts";
import { requireBytes } from "../descriptor/caller_buffer.ts";
import { check, flawOf, notSupported, requireOptions } from "../errors.ts";
import { checkedLength } from "./file_change.ts";
import { addSeals, ALL_SEALS, checkedSeals, type Seal } from "./seals.ts";

/**
 * How {@linkcode OwnedFd.memfd} makes a memory file.
 *
 * @example
 * ```ts
 * import { OwnedFd } from "@denet/unix";
 * import { assertEquals } from "@std/assert";
 *
 * if (Deno.build.os === "linux") {
 *   using file = OwnedFd.memfd("ring", undefined, { size: 4096, seal: ["shrink"] });
 *   assertEquals(file.statSync().size, 4096);
 * }
 * ```
 */
export interface MemfdOptions {
  /** The size of the file in bytes, filled up with zeros behind `data`. The default is that of `data`. */
  size?: number;
  /**
   * The seals to set once `data` is written; true sets all of them: no process, this one included, can change the
   * file afterwards. With false, no seals can be added later. By default none are set, and some can be added later.
   */
  seal?: boolean | readonly Seal[];
}

/** The longest name that memfd_create(2) takes, in bytes. */
const MAX_NAME = 249;

/** Make a memory file: its number. */
export function createMemfd(
  name: string,
  data: Uint8Array | undefined,
  options: MemfdOptions,
): number {
  const { MFD_CLOEXEC, MFD_ALLOW_SEALING } = platform;
  if (MFD_CLOEXEC === 0) {
    throw notSupported(
      "Cannot make a memory file: this system has none; use a temporary file, or Linux",
    );
  }
  const terminated = nameBytes(name);
  if (data !== undefined) requireBytes(data);
  requireOptions(options, "make a memory file");
  const size = sizeOf(options.size, data);
  const seals = sealsFor(options.seal);
  const flags = MFD_CLOEXEC | (seals === undefined ? 0 : MFD_ALLOW_SEALING);
  const fd = check(memfdCreate(terminated, flags), "memfd_create", name);
  try {
    if (data !== undefined) fill(fd, data);
    if (size !== undefined) check(ftruncate(fd, size), "ftruncate");
    if (seals !== undefined && seals.length > 0) addSeals(fd, seals);
  } catch (error) {
    closeFd(fd);
    throw error;
  }
  return fd;
}

function sizeOf(size: number | undefined, data: Uint8Array | undefined): number | undefined {
  if (size === undefined) return undefined;
  const length = data === undefined ? 0 : byteLengthOf(data);
  if (checkedLength(size) >= length) return size;
  throw new RangeError(
    `Cannot make a memory file of ${size} bytes: its data has ${length}; give at least that size, or none`,
  );
}

/** Return the seals to set; `undefined` if sealing is to be impossible. */
function sealsFor(seal: boolean | readonly Seal[] | undefined): readonly Seal[] | undefined {
  if (seal === false) return undefined;
  if (seal === true) return ALL_SEALS;
  return seal === undefined ? [] : checkedSeals(seal);
}

/** Return the name of a memory file as a C string. */
function nameBytes(name: string): Uint8Array<ArrayBuffer> {
  if (typeof name !== "string") {
    throw new TypeError("Cannot name the memory file: its name is no string; give one");
  }
  const flaw = flawOf(name);
  if (flaw !== undefined) {
    throw new TypeError(`Cannot name the memory file: the name contains ${flaw}; leave it out`);
  }
  const bytes = cString(name);
  const length = bytes.byteLength - 1;
  if (length <= MAX_NAME) return bytes;
  throw new RangeError(
    `Cannot name the memory file: the name has ${length} bytes, at most ${MAX_NAME} fit; use a shorter one`,
  );
}

/** Write all of the data: one write(2) takes it all, unless memory runs out. */
function fill(fd: number, data: Uint8Array): void {
  const length = byteLengthOf(data);
  for (let done = 0; done < length;) {
    done += check(write(fd, viewOf(data, done, length - done)), "write");
  }
  check(lseek(fd, 0, platform.SEEK_SET), "lseek");
}
