/**
 * `fdpass list`: show what is served.
 *
 * @module
 */

import { parse } from "../cli/options.ts";
import { print, UsageError } from "../cli/run.ts";
import { printable } from "../cli/text.ts";
import { describeFile, fileText } from "../inspect/file.ts";
import { take } from "./handover.ts";
import { TABLES } from "./options.ts";
import { usualSocket } from "./usual.ts";

/** Show what is served at an address. */
export async function list(args: readonly string[], stop: AbortSignal): Promise<number> {
  const { values, positionals } = parse(args, TABLES.list);
  const [given, surplus] = [values.from, ...positionals].filter((it) => it !== undefined);
  const from = given ?? usualSocket();
  if (from === undefined) throw new UsageError("Give ADDRESS, where to look");
  if (surplus !== undefined) throw new UsageError(`Cannot use "${printable(surplus)}" as well`);
  using stack = new DisposableStack();
  for (const { name, file } of await take(from, stack, stop)) {
    print(`${printable(name)}: ${fileText(describeFile(file))}`);
  }
  return 0;
}
