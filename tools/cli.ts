/**
 * What command-line tools share: how they end, and what they say when they cannot go on.
 *
 * @module
 */

import { parseArgs, type ParseArgsConfig } from "node:util";
import { OwnedFd } from "@denet/unix";

/** Reports a command line that makes no sense. The tool ends with 2. */
export class UsageError extends Error {}

/** Reports a signal that asked the tool to end. */
class Interrupted extends Error {
  constructor(readonly signal: Deno.Signal, readonly status: number) {
    super(`ended by ${signal}`);
  }
}

/** The signals that end a tool, and their numbers: a shell expects 128 plus that. */
const SIGNALS = [["SIGHUP", 1], ["SIGINT", 2], ["SIGTERM", 15]] as const;

/** What a tool does; `stop` aborts at a signal. Returns the exit code. */
export type Body = (args: string[], stop: AbortSignal) => Promise<number>;

/** Run a tool to its end: whatever goes wrong becomes one line of error output and an exit code. */
export async function run(name: string, body: Body): Promise<never> {
  const stop = new AbortController();
  for (const [signal, number] of SIGNALS) {
    Deno.addSignalListener(signal, () => stop.abort(new Interrupted(signal, 128 + number)));
  }
  const status = (async () => await body(Deno.args, stop.signal))();
  Deno.exit(await status.catch((error) => complain(name, error)));
}

function complain(name: string, error: unknown): number {
  const hint = error instanceof UsageError ? `; see "${name} --help"` : "";
  warn(name, `${oneLine(error)}${hint}`);
  if (error instanceof Interrupted) return error.status;
  return error instanceof UsageError ? 2 : 1;
}

const stderr = OwnedFd.adopt.bind(OwnedFd, 2);
let errors: OwnedFd | undefined;

/** Write a line of error output, if there is still somebody to read it. */
export function warn(name: string, text: string): void {
  const line = new TextEncoder().encode(`${name}: ${text}\n`);
  try {
    (errors ??= stderr()).writeSync(line);
  } catch (error) {
    // Without FFI permission, that is what there is to say. Else the reader is gone; the exit code says the rest.
    if (error instanceof Deno.errors.NotCapable) Deno.stderr.writeSync(line);
  }
}

/** Return the first line of an error's message, without anything that could steer a terminal. */
export function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return printable(text.split("\n", 1)[0] ?? "");
}

// Control characters, and those that reorder a line: what a peer sends may not steer a terminal.
// deno-lint-ignore no-control-regex -- they are what it looks for
const STEERING = /[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Escape what could steer a terminal or break a line. */
export function printable(text: string): string {
  return text.replace(STEERING, (it) => {
    const code = it.charCodeAt(0);
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, "0")}`
      : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** What {@linkcode parse} found. */
export type Parsed<T extends ParseArgsConfig> = ReturnType<typeof parseArgs<T>>;

/**
 * Take a command line apart, by the rules of `node:util`.
 *
 * @throws {UsageError} for options that are not there or lack their value
 */
export function parse<T extends ParseArgsConfig>(config: T): Parsed<T> {
  try {
    return parseArgs(config);
  } catch (error) {
    // Node adds advice after the first sentence.
    throw new UsageError(oneLine(error).split(". ", 1)[0]?.replace(/\.$/, ""));
  }
}

/**
 * Read a number on the command line.
 *
 * @throws {UsageError} if it is none, or out of range
 */
export function integer(option: string, text: string, limit = 0xffffffff): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value <= limit) return value;
  throw new UsageError(
    `Cannot use "${printable(text)}" for ${option}: give a number up to ${limit}`,
  );
}

/**
 * Read permission bits on the command line, as `600` or `0600`.
 *
 * @throws {UsageError} if it is something else
 */
export function mode(text: string): number {
  if (/^0?[0-7]{1,3}$/.test(text)) return parseInt(text, 8);
  throw new UsageError(`Cannot use "${printable(text)}" for --mode: give octal digits, as in 600`);
}

/**
 * Bind a socket by `bind`, and say of a taken address what these tools can do about it.
 *
 * @throws {Error} if that fails
 */
export function bound<T>(address: string, replace: boolean, bind: () => T): T {
  try {
    return bind();
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    const advice = replace ? "something else is there" : "--replace removes a left-over socket";
    throw new Error(`Cannot listen on "${address}": the address is taken; ${advice}`);
  }
}
