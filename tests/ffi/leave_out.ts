import type { Libc } from "../../ffi/libc.ts";
import type { symbols } from "../../ffi/symbols.ts";

/**
 * Return the functions without some of them, as on a system that lacks these. The others are still opened
 * when they are first looked up.
 */
export function leaveOut(functions: Libc, names: readonly (keyof typeof symbols)[]): Libc {
  const missing = Object.fromEntries(
    names.map((name) => [name, { value: null, enumerable: true }]),
  );
  return Object.create(functions, missing);
}
