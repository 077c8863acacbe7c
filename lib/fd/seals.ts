/**
 * Seals of memory files.
 *
 * @module
 */

import { MISSING, platform } from "../../ffi/platform/mod.ts";
import { fcntl } from "../../ffi/syscalls/files.ts";
import { notSupported, systemError } from "../errors.ts";

/**
 * A seal: it forbids further seals, or to shrink, grow or write the file, for all processes and permanently.
 *
 * @example
 * ```ts
 * import { OwnedFd, type Seal } from "@denet/unix";
 * import { assertEquals } from "@std/assert";
 *
 * const seals: Seal[] = ["shrink", "grow"];
 * if (Deno.build.os === "linux") {
 *   using file = OwnedFd.memfd("frame", undefined, { size: 4096, seal: seals });
 *   assertEquals([...file.seals()], seals);
 * }
 * ```
 */
export type Seal = "seal" | "shrink" | "grow" | "write";

/** All seals, with the bit of each. */
function bits(): readonly (readonly [name: Seal, bit: number])[] {
  const { F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE } = platform;
  return [["seal", F_SEAL_SEAL], ["shrink", F_SEAL_SHRINK], ["grow", F_SEAL_GROW], [
    "write",
    F_SEAL_WRITE,
  ]];
}

/** Every seal there is. */
export const ALL_SEALS: readonly Seal[] = ["seal", "shrink", "grow", "write"];

/** Return the seals of `fd`: none for what cannot have any. */
export function sealsOf(fd: number): Set<Seal> {
  const { F_GET_SEALS, EINVAL } = platform;
  const found = F_GET_SEALS === MISSING ? -EINVAL : fcntl(fd, F_GET_SEALS, 0);
  if (found < 0 && found !== -EINVAL) throw systemError(-found, "fcntl");
  return new Set(
    bits().filter(([, bit]) => found > 0 && (found & bit) !== 0).map(([name]) => name),
  );
}

/**
 * Return the seals that `names` name, checked.
 *
 * @throws {TypeError} If it is no array of seals.
 */
export function checkedSeals(names: readonly Seal[]): readonly Seal[] {
  const seals = Array.isArray(names) ? Array.from(names) : undefined;
  if (seals?.every((name) => ALL_SEALS.includes(name))) return seals;
  throw new TypeError(
    `Cannot seal against ${Deno.inspect(names)}: give an array of ${
      ALL_SEALS.map((it) => `"${it}"`).join(", ")
    }`,
  );
}

/** Add seals to those that the file has, by fcntl(2) `F_ADD_SEALS`. */
export function addSeals(fd: number, names: readonly Seal[]): void {
  const seals = checkedSeals(names);
  if (platform.F_ADD_SEALS === MISSING) {
    throw notSupported("Cannot seal the file: this system has no seals; use Linux");
  }
  const mask = bits().reduce((all, [name, bit]) => seals.includes(name) ? all | bit : all, 0);
  const result = fcntl(fd, platform.F_ADD_SEALS, mask);
  if (result < 0) throw systemError(-result, "fcntl", undefined, reasonFor(result));
}

function reasonFor(result: number): string | undefined {
  const { EPERM, EBUSY, EINVAL } = platform;
  if (result === -EINVAL) return "only memory files have seals";
  if (result === -EBUSY) return "a process has it mapped for writing";
  if (result !== -EPERM) return undefined;
  return "the file is sealed against further seals, or not open for writing";
}
