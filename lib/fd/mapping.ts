/**
 * Memory mappings of sealed memory files.
 *
 * @module
 */

import { MISSING, platform } from "../../ffi/platform/mod.ts";
import { MappedMemory } from "../../ffi/syscalls/memory_map.ts";
import { notSupported, requireOptions, shown, systemError } from "../errors.ts";
import { type Seal, sealsOf } from "./seals.ts";
import { fileInfo } from "./stat.ts";

/**
 * The content of a file as memory. Disposing it empties every view of it and gives the memory back.
 *
 * @example
 * ```ts
 * import { OwnedFd } from "@denet/unix";
 * import { assertEquals } from "@std/assert";
 *
 * if (Deno.build.os === "linux") {
 *   using file = OwnedFd.memfd("digits", new Uint8Array([1, 2, 3]), { seal: true });
 *   using mapping = file.map();
 *   assertEquals(mapping.bytes[2], 3);
 * }
 * ```
 */
export interface FileMapping extends Disposable {
  /**
   * The content, without a copy. Writes to it stay in this process and never change the file, unless the file was
   * mapped with `shared`: then every process that maps or reads the file sees them at once.
   */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * How {@linkcode OwnedFd.map} maps a file.
 *
 * @example
 * ```ts
 * import { OwnedFd } from "@denet/unix";
 *
 * if (Deno.build.os === "linux") {
 *   using file = OwnedFd.memfd("ring", undefined, { size: 4096, seal: ["shrink", "grow"] });
 *   using mapping = file.map({ shared: true });
 *   mapping.bytes[0] = 1; // every process that maps the file sees it
 * }
 * ```
 */
export interface MapOptions {
  /**
   * Map the file for reading and writing, shared with every other process that has it. It must be sealed against
   * shrinking, and not against writing. The default is false.
   */
  shared?: boolean;
}

/** The largest mapping, in bytes: V8 supports no longer arrays. */
const LARGEST = 2 ** 32;

/** Map the content of a file that cannot shrink, and without `shared` cannot change either. */
export function mapSealed(fd: number, options: MapOptions): FileMapping {
  requireOptions(options, "map a file");
  const { shared = false } = options;
  if (typeof shared !== "boolean") {
    throw new TypeError(
      `Cannot map descriptor ${fd}: \`shared\` is ${shown(shared)}; give true or false`,
    );
  }
  if (platform.F_GET_SEALS === MISSING) {
    throw notSupported(
      "Cannot map the file: this system has no seals, without which that is not safe; read it, or use Linux",
    );
  }
  requireSeals(fd, sealsOf(fd), shared);
  const { size } = fileInfo(fd);
  if (size > LARGEST) {
    throw new RangeError(
      `Cannot map descriptor ${fd}: it has ${size} bytes, at most ${LARGEST} fit; read it in parts`,
    );
  }
  if (size === 0) return { bytes: new Uint8Array(0), [Symbol.dispose]: () => {} };
  const memory = MappedMemory.map(fd, size, shared);
  if (typeof memory === "number") throw systemError(-memory, "mmap");
  return memory;
}

/** Reading the memory beyond the end of a file that shrank kills the process (SIGBUS). */
function requireSeals(fd: number, seals: ReadonlySet<Seal>, shared: boolean): void {
  const refuse = (why: string) => new TypeError(`Cannot map descriptor ${fd}: ${why}`);
  if (shared && !seals.has("shrink")) {
    throw refuse("it is not sealed against shrinking; read it, or let its owner seal it");
  }
  if (shared && seals.has("write")) {
    throw refuse("it is sealed against writing; map it without `shared`");
  }
  if (!shared && (!seals.has("shrink") || !seals.has("write"))) {
    throw refuse(
      "it is not sealed against shrinking and writing; read it, let its owner seal it, or map it with `shared`",
    );
  }
}
