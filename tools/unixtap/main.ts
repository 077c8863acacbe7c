/**
 * unixtap: sits between clients and a Unix socket and prints what goes through.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };
import { completions } from "../cli/completions.ts";
import { helpText } from "../cli/program.ts";
import { print, run, UsageError } from "../cli/run.ts";
import { printable } from "../cli/text.ts";
import { ABOUT } from "./about.ts";
import { attachTo, restore } from "./attach.ts";
import { type CommandLine, readCommandLine } from "./options.ts";
import { atAddress, atInherited } from "./places.ts";
import { runCommand } from "./run.ts";
import { NAME, runSession } from "./session.ts";

type Action = (line: CommandLine, stop: AbortSignal) => Promise<number>;

const listen: Action = ({ options, positionals }, stop) => {
  const [first, second] = atMost(positionals, 2);
  if (!first) throw new UsageError("Give LISTEN and TARGET");
  const place = second === undefined
    ? atInherited(first, options)
    : atAddress(first, second, options);
  return runSession(options, place, stop);
};

const attach: Action = async ({ options, positionals }, stop) => {
  const [path] = atMost(positionals, 1);
  if (!path) throw new UsageError("Give the PATH of the socket to take the place of");
  if (options.restore) return restore(path);
  return await runSession(options, await attachTo(path, options, stop), stop);
};

const runIt: Action = ({ options, positionals, command }, stop) => {
  const [target] = atMost(positionals, 1);
  return runCommand(target, command ?? [], options, stop);
};

function atMost(positionals: readonly string[], count: number): readonly string[] {
  const surplus = positionals[count];
  if (surplus === undefined) return positionals;
  throw new UsageError(`Cannot use "${printable(surplus)}" as well`);
}

const ACTIONS = { "": listen, attach, run: runIt } as const;

async function unixtap(args: string[], stop: AbortSignal): Promise<number> {
  const [name] = args;
  const which = name === "attach" || name === "run" ? name : "";
  const line = readCommandLine(which === "" ? args : args.slice(1), which);
  if (line.instead === undefined) return await ACTIONS[which](line, stop);
  print(textFor(line.instead));
  return 0;
}

function textFor(instead: NonNullable<CommandLine["instead"]>): string {
  if (instead === "help") return helpText(ABOUT);
  if (instead === "version") return `${NAME} ${config.version}`;
  return completions(ABOUT, instead);
}

if (import.meta.main) await run(NAME, unixtap);
