/**
 * Options as tables: what is parsed, shown as help, printed as a manual page and completed comes from one place.
 *
 * @module
 */

import { parseArgs, type ParseArgsConfig } from "node:util";
import { UsageError } from "./run.ts";
import { oneLine, printable } from "./text.ts";

/** An option. */
export interface OptionSpec {
  /** What it does, for the help. */
  readonly help: string;
  /** Its letter. */
  readonly short?: string;
  /** What its value is called in the help; without one the option is a flag. */
  readonly value?: string;
  /** The values it can have. */
  readonly choices?: readonly string[];
  /** Whether it can be repeated. */
  readonly multiple?: true;
}

/** Options by their long names. */
export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** What parsing found for each option. */
export type Values<T extends OptionTable> = {
  -readonly [K in keyof T]: T[K] extends { multiple: true } ? string[]
    : T[K] extends { choices: readonly (infer C)[] } ? C | undefined
    : T[K] extends { value: string } ? string | undefined
    : boolean;
};

/** A command line that was taken apart. */
export interface Parsed<T extends OptionTable> {
  readonly values: Values<T>;
  /** What is no option. */
  readonly positionals: readonly string[];
  /** What follows `--`; `undefined` without it. */
  readonly command: readonly string[] | undefined;
}

/**
 * Take a command line apart, by the rules of `node:util`.
 *
 * @throws {UsageError} If an option is unknown, lacks its value or has a wrong one.
 */
export function parse<const T extends OptionTable>(
  args: readonly string[],
  table: T,
): Parsed<T> {
  const end = args.indexOf("--");
  const own = args.slice(0, end < 0 ? args.length : end);
  const options: ParseArgsConfig["options"] = {};
  for (const [name, { short, value, multiple }] of Object.entries(table)) {
    options[name] = {
      type: value === undefined ? "boolean" : "string",
      ...(short === undefined ? {} : { short }),
      ...(multiple === undefined ? {} : { multiple }),
    };
  }
  const { values, positionals } = parsed({ args: own, options, allowPositionals: true });
  for (const [name, { value, multiple, choices }] of Object.entries(table)) {
    const given = values[name];
    if (given === undefined) values[name] = multiple ? [] : value === undefined ? false : undefined;
    else if (choices !== undefined) oneOf(`--${name}`, String(given), choices);
  }
  const command = end < 0 ? undefined : args.slice(end + 1);
  return { values: values as Values<T>, positionals, command };
}

interface Untyped {
  values: Record<string, unknown>;
  positionals: string[];
}

function parsed(config: ParseArgsConfig): Untyped {
  try {
    return parseArgs(config) as Untyped;
  } catch (error) {
    // Node adds advice after the first sentence.
    throw new UsageError(oneLine(error).split(". ", 1)[0]?.replace(/\.$/, ""));
  }
}

/**
 * Find a word among the ones that an option takes.
 *
 * @throws {UsageError} If it is none of them.
 */
export function oneOf<T extends string>(option: string, text: string, choices: readonly T[]): T {
  const found = choices.find((it) => it === text);
  if (found !== undefined) return found;
  throw new UsageError(
    `Cannot use "${printable(text)}" for ${option}: give one of ${choices.join(", ")}`,
  );
}

/**
 * Read a number on the command line.
 *
 * @throws {UsageError} If it is none, or out of range.
 */
export function integer(option: string, text: string, limit = 0xffffffff, least = 0): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (value <= limit && value >= least) return value;
  const range = least === 0 ? `up to ${limit}` : `from ${least} to ${limit}`;
  throw new UsageError(`Cannot use "${printable(text)}" for ${option}: give a number ${range}`);
}

/**
 * Read permission bits on the command line, as `600` or `0600`.
 *
 * @throws {UsageError} If it is something else.
 */
export function mode(text: string): number {
  if (/^0?[0-7]{1,3}$/.test(text)) return parseInt(text, 8);
  throw new UsageError(
    `Cannot use "${printable(text)}" for --mode: give up to three octal digits, as in 600`,
  );
}

/**
 * Read a regular expression on the command line.
 *
 * @throws {UsageError} If it is none.
 */
export function expression(option: string, text: string): RegExp {
  try {
    return new RegExp(text, "u");
  } catch {
    throw new UsageError(
      `Cannot use "${printable(text)}" for ${option}: it is no regular expression`,
    );
  }
}

/** Apply a reader to the value of an option that may be missing. */
export function optional<T>(value: string | undefined, read: (text: string) => T): T | undefined {
  return value === undefined ? undefined : read(value);
}
