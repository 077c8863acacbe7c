/**
 * fdpass: hands open files and listening sockets to other programs, from a shell.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };
import { completions } from "../cli/completions.ts";
import { parse } from "../cli/options.ts";
import { GENERAL, helpText } from "../cli/program.ts";
import { print, run, UsageError } from "../cli/run.ts";
import { printable } from "../cli/text.ts";
import { ABOUT } from "./about.ts";
import { list } from "./list.ts";
import { TABLES } from "./options.ts";
import { runCommand } from "./run.ts";
import { serve } from "./serve.ts";

const COMMANDS = { serve, run: runCommand, list };

type CommandName = keyof typeof COMMANDS;

async function fdpass(args: string[], stop: AbortSignal): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined) throw new UsageError("Give a command: serve, run or list");
  const isCommand = Object.hasOwn(COMMANDS, name);
  const table = isCommand ? TABLES[name as CommandName] : GENERAL.options;
  if (!isCommand && !name.startsWith("-")) {
    throw new UsageError(`Cannot do "${printable(name)}": the commands are serve, run and list`);
  }
  const { values } = parse(isCommand ? rest : args, { ...GENERAL.options, ...table });
  const { help, version, completions: shell } = values;
  if (help) return told(helpText(ABOUT));
  if (version) return told(`fdpass ${config.version}`);
  if (shell !== undefined) return told(completions(ABOUT, shell));
  if (!isCommand) throw new UsageError("Give a command: serve, run or list");
  return await COMMANDS[name as CommandName](rest, stop);
}

function told(text: string): number {
  print(text);
  return 0;
}

if (import.meta.main) await run("fdpass", fdpass);
