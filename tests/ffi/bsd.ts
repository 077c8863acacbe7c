/**
 * Importing this file makes Linux pretend to be a BSD, as far as a program can tell: flags, options and
 * functions that macOS lacks are gone, so that the paths without them run on the kernel at hand. A test
 * file imports it by itself, or all of a run do by `--preload`.
 *
 * Values and layouts stay those of Linux: only what is missing differs. Linux's own `struct stat` takes the
 * place of the `statx` that is missing.
 *
 * @module
 */

import { type Libc, libc, replaceLibc } from "../../ffi/libc.ts";
import { darwinArm64 } from "../../ffi/platform/darwin.ts";
import { MISSING, type Platform, platform, replacePlatform } from "../../ffi/platform/mod.ts";
import { symbols } from "../../ffi/symbols.ts";
import { linuxStats } from "./linux_stat.ts";

/** Functions that are optional in the table of symbols, and that this C library cannot do without. */
const NEEDED: ReadonlySet<string> = new Set(["__errno_location", "fstat", "lstat"]);

/** The table, less what macOS lacks. */
function without(table: Platform): Platform {
  const lacking: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(darwinArm64)) {
    const here = table[name as keyof Platform];
    if (typeof here === "number" && here !== MISSING && (value === MISSING || value === 0)) {
      lacking[name] = value;
    }
    if (typeof here === "boolean" && value === false && name !== "supported") lacking[name] = false;
  }
  return { ...table, ...lacking, stat: linuxStats[table.name] ?? table.stat };
}

/** The functions, less those that macOS lacks. */
function withoutOptional(functions: Libc): Libc {
  const optional = Object.entries(symbols)
    .filter(([name, symbol]) => "optional" in symbol && symbol.optional && !NEEDED.has(name))
    .map(([name]) => [name, null]);
  return { ...functions, ...Object.fromEntries(optional) };
}

if (platform.name.startsWith("linux-")) {
  replaceLibc(withoutOptional(libc()));
  replacePlatform(without(platform));
}
