/**
 * Reading a sealed memory file in place.
 *
 * @module
 */

import { MISSING, platform } from "../../ffi/platform/mod.ts";
import { fcntl } from "../../ffi/syscalls/files.ts";
import { PrivateMemory } from "../../ffi/syscalls/memory_map.ts";
import { notSupported, systemError } from "../errors.ts";
import { fileInfo } from "./stat.ts";

/**
 * What a seal forbids, for everybody and for ever: further seals, and to shrink, grow or write the file.
 */
export type Seal = "seal" | "shrink" | "grow" | "write";

/** The content of a file as memory. Disposing it empties every view of it and gives the memory back. */
export interface FileMapping extends Disposable {
  /** The content, without a copy. What is written to it stays in this process and never reaches the file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The most that is mapped, in bytes: arrays beyond are at the limits of the engine. */
const LARGEST = 2 ** 32;

/** Return the seals of `fd`: none for what cannot have any. */
export function sealsOf(fd: number): Set<Seal> {
  const { F_GET_SEALS, F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE } = platform;
  const bits = F_GET_SEALS === MISSING ? -platform.EINVAL : fcntl(fd, F_GET_SEALS, 0);
  if (bits < 0 && bits !== -platform.EINVAL) throw systemError(-bits, "fcntl");
  const names: [bit: number, name: Seal][] = [
    [F_SEAL_SEAL, "seal"],
    [F_SEAL_SHRINK, "shrink"],
    [F_SEAL_GROW, "grow"],
    [F_SEAL_WRITE, "write"],
  ];
  return new Set(names.filter(([bit]) => bits > 0 && (bits & bit) !== 0).map(([, name]) => name));
}

/** Map the content of a file that can neither shrink nor change. */
export function mapSealed(fd: number): FileMapping {
  if (platform.F_GET_SEALS === MISSING) {
    throw notSupported("Only Linux has files that are sealed, which makes it safe to map them");
  }
  const seals = sealsOf(fd);
  // Beyond the end of a file that shrank, a mere look at the memory kills the process.
  if (!seals.has("shrink") || !seals.has("write")) {
    throw new TypeError(
      `Cannot map descriptor ${fd}: it is not sealed against shrinking and writing; read it, or let its owner seal it`,
    );
  }
  const { size } = fileInfo(fd);
  if (size > LARGEST) {
    throw new RangeError(`Cannot map ${size} bytes: at most ${LARGEST} bytes are mapped`);
  }
  if (size === 0) return { bytes: new Uint8Array(0), [Symbol.dispose]: () => {} };
  const memory = PrivateMemory.map(fd, size);
  if (typeof memory === "number") throw systemError(-memory, "mmap");
  return memory;
}
