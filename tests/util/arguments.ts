/**
 * The command lines of tasks. What cannot be used ends the task with one line, and exit code 2.
 *
 * @module
 */

import { parseArgs, type ParseArgsConfig } from "node:util";

/** End the task, because it was called in a way that makes no sense. */
export function refuse(message: string): never {
  console.error(message);
  Deno.exit(2);
}

/** What is wrong with a command line, in one sentence: `parseArgs` gives advice besides. */
export function reasonOf({ message }: Error): string {
  const [reason = ""] = message.split(/\.?(?: To specify|\n)/);
  return /^Cannot /.test(reason) ? reason : `Cannot start: ${reason}`;
}

/** What a command line says. */
export interface TaskArguments<T extends ParseArgsConfig> {
  readonly values: ReturnType<typeof parseArgs<T>>["values"];
  readonly positionals: readonly string[];
}

/** Parse the command line as `parseArgs` does, with at most `most` arguments that are no options. */
export function taskArguments<const T extends ParseArgsConfig>(
  config: T,
  most = Infinity,
): TaskArguments<T> {
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: Deno.args, allowPositionals: true, ...config });
  } catch (error) {
    return refuse(reasonOf(error as Error));
  }
  const surplus = parsed.positionals[most];
  if (surplus !== undefined) refuse(`Cannot start: there is no use for the argument "${surplus}"`);
  return parsed as TaskArguments<T>;
}

/** Parse the number that an option has, from `least` on. */
export function numberOption(name: string, text: string, least = 1): number {
  const number = text.trim() === "" ? NaN : Number(text);
  if (Number.isFinite(number) && number >= least) return number;
  return refuse(`Cannot start: --${name} takes a number from ${least}, not "${text}"`);
}

/** Parse the whole number that an option has, from `least` on. */
export function countOption(name: string, text: string, least = 1): number {
  const number = numberOption(name, text, least);
  if (Number.isInteger(number)) return number;
  return refuse(`Cannot start: --${name} takes a whole number, not "${text}"`);
}
