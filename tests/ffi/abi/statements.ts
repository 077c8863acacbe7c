/**
 * A table of another system, put as statements about that system's part of the `libc` crate, which the
 * Rust compiler checks without running anything: see `ffi/abi/expect`.
 *
 * @module
 */

import { MISSING, type Platform } from "../../../ffi/platform/mod.ts";
import { type AnyStruct, OWN_NUMBERS } from "./compare.ts";

const CRATE = new URL("../../../ffi/abi/", import.meta.url);

/** Where the `libc` crate differs from the headers that a table follows. */
export interface Exceptions {
  /** Constants that the headers have, and the crate does not. */
  readonly unknown: ReadonlySet<string>;
  /** Constants that the table leaves out on purpose, whatever the crate says. */
  readonly leftOut: ReadonlySet<string>;
}

function constant(name: string, value: number, { unknown, leftOut }: Exceptions): string[] {
  if (leftOut.has(name)) return [];
  const absent = unknown.has(name) || value === MISSING;
  // A flag that is 0 may be missing, or really be 0 as SHUT_RD is.
  const expected = absent ? "ABSENT" : value === 0 ? "0, ABSENT" : value;
  return [`constant!(${name} is ${expected});`];
}

function layout(name: string, struct: AnyStruct): string {
  const fields = Object.entries(struct).map(([field, place]) =>
    typeof place === "number" ? "" : `${field} at ${place[0]} wide ${place[1]}, `
  );
  return `layout!(${name} has ${struct.size} bytes: ${fields.join("")});`;
}

/** Put a table as Rust. The `stat` layout must be in C names: pass it as `stat`. */
export function statements(table: Platform, stat: AnyStruct, exceptions: Exceptions): string {
  const lines = [layout("stat", stat)];
  for (const [name, value] of Object.entries(table)) {
    if (OWN_NUMBERS.has(name)) continue;
    if (typeof value === "number") lines.push(...constant(name, value, exceptions));
    else if (typeof value === "object" && value !== null && "size" in value && name !== "stat") {
      if (value.size > 0) lines.push(layout(name, value));
    }
  }
  for (const [number, name] of table.errnoNames.entries()) {
    // The numbers that the table gives by themselves are stated already.
    if (number > 0 && !(name in table)) lines.push(...constant(name, number, exceptions));
  }
  return `${lines.join("\n")}\n`;
}

/** Put constants that the crate may lack, but not have otherwise. */
export function constantStatements(
  constants: Readonly<Record<string, number | undefined>>,
): string {
  return Object.entries(constants)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `constant!(${name} is ${value}, ABSENT);\n`)
    .join("");
}

/** Whether the Rust compiler can build for a target; if not, the reason. */
export function whyNoTarget(target: string): string | undefined {
  const directory = outputOf("rustc", "--print", "target-libdir", "--target", target);
  if (directory !== undefined && hasEntries(directory)) return undefined;
  return `the Rust target ${target} is not installed (rustup target add ${target})`;
}

/** Whether other targets can be had: not with a distribution's Rust. */
export function canAddTargets(): boolean {
  return outputOf("rustup", "--version") !== undefined;
}

function outputOf(command: string, ...args: string[]): string | undefined {
  try {
    const { success, stdout } = new Deno.Command(command, { args, cwd: CRATE }).outputSync();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function hasEntries(directory: string): boolean {
  try {
    return [...Deno.readDirSync(directory)].length > 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Check statements with the compiler; returns what does not hold. */
export async function unfulfilled(target: string, rust: string): Promise<string> {
  const file = await Deno.makeTempFile({ suffix: ".rs" });
  try {
    await Deno.writeTextFile(file, rust);
    const { success, stderr } = await new Deno.Command("cargo", {
      args: [
        "check",
        "--locked",
        "--quiet",
        "--message-format=short",
        "--package=expect",
        `--target=${target}`,
      ],
      cwd: CRATE,
      env: { ABI_EXPECT: file },
      stdin: "null",
    }).output();
    return success ? "" : new TextDecoder().decode(stderr);
  } finally {
    await Deno.remove(file);
  }
}
