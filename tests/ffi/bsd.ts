/**
 * Importing this file makes Linux pretend to be a BSD, as far as a program can tell: flags, options and
 * functions that macOS lacks are gone, so that the paths without them run on the kernel at hand. A test
 * file imports it by itself, or all of a run do by `--preload`.
 *
 * Values and layouts stay those of Linux: only what is missing differs.
 *
 * @module
 */

import { libc, replaceLibc } from "../../ffi/libc.ts";
import { MISSING, type Platform, platform, replacePlatform } from "../../ffi/platform/mod.ts";
import { symbols } from "../../ffi/symbols.ts";
import { leaveOut } from "./leave_out.ts";
import { darwinArm64 } from "../util/platforms.ts";

/** Functions that are optional in the table of symbols, and that macOS has in another form. */
const NEEDED: ReadonlySet<string> = new Set(["__errno_location", "statx", "fstat", "lstat"]);

/**
 * What macOS lacks under this name, and has in another way that Linux lacks; or needs no replacement for, as
 * for POLLRDHUP, which makes up for what Linux does after shutdown(2) on datagram sockets.
 */
const RENAMED: ReadonlySet<string> = new Set([
  "SO_PEERCRED",
  "SIOCOUTQ",
  "AT_EMPTY_PATH",
  "POLLRDHUP",
]);

/** Whether macOS lacks what Linux has. */
function isLacking(name: string, there: unknown, here: unknown): boolean {
  if (RENAMED.has(name)) return false;
  if (typeof here === "number") return here !== MISSING && (there === MISSING || there === 0);
  if (typeof here === "boolean") return there === false && name !== "supported";
  return typeof there === "object" && there !== null && "size" in there && there.size === 0;
}

/** The table, less what macOS lacks. */
function without(table: Platform): Platform {
  const lacking = Object.entries(darwinArm64)
    .filter(([name, there]) => isLacking(name, there, table[name as keyof Platform]));
  return { ...table, ...Object.fromEntries(lacking) };
}

/** The functions that macOS lacks. */
const lackingFunctions = (Object.keys(symbols) as (keyof typeof symbols)[]).filter((name) =>
  "optional" in symbols[name] && !NEEDED.has(name)
);

if (platform.name.startsWith("linux-")) {
  replaceLibc(leaveOut(libc(), lackingFunctions));
  replacePlatform(without(platform));
  // For tests of what Linux alone has, which ask for the system by its name.
  Object.defineProperty(Deno, "build", { value: { ...Deno.build, os: "freebsd" } });
}
