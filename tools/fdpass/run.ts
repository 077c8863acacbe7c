/**
 * `fdpass run`: become another program that finds the files as its descriptors, or start it for each
 * connection.
 *
 * @module
 */

import type { OwnedFd } from "../../mod.ts";
import { parse } from "../cli/options.ts";
import { endListening, ExitError, UsageError } from "../cli/run.ts";
import { printable } from "../cli/text.ts";
import { exists } from "../native/files.ts";
import { become, findProgram } from "../native/process.ts";
import { type NamedFile, openAll } from "./files.ts";
import { take } from "./handover.ts";
import { serveConnections } from "./inetd.ts";
import { socketPlan, TABLES } from "./options.ts";
import { readSpec } from "./spec.ts";
import { usualSocket } from "./usual.ts";

/** The first descriptor of a started service: `SD_LISTEN_FDS_START` of sd_listen_fds(3). */
const FIRST = 3;

/** What a shell ends with when there is no such command, and when it cannot be started. */
const NOT_FOUND = 127;
const NOT_STARTED = 126;

/** Run the command. Returns only if the program cannot be started. */
export async function runCommand(args: readonly string[], stop: AbortSignal): Promise<number> {
  const { values, positionals, command = [] } = parse(args, TABLES.run);
  const { stdin, stdout, inetd } = values;
  const from = values.from ?? (positionals.length === 0 ? usualSocket() : undefined);
  const [name] = command;
  if (name === undefined) throw new UsageError("Give a COMMAND after --");
  if (from === undefined && positionals.length === 0) {
    throw new UsageError("Give --from, or a FILE to open");
  }
  if (inetd && (stdin !== undefined || stdout !== undefined)) {
    throw new UsageError("Cannot use --inetd together with --stdin or --stdout");
  }
  const specs = positionals.map(readSpec);
  const plan = socketPlan(values, values.mode, false);
  const program = findProgram(name, Deno.env.get("PATH"));
  if (program === undefined) throw notRunnable(name);

  using stack = new DisposableStack();
  const taken = from === undefined ? [] : await take(from, stack, stop);
  stop.throwIfAborted();
  const files = [...taken, ...await openAll(specs, plan, stack, stop)];
  if (inetd) return await serveConnections(files, program, command, stop);
  const targets = new Map<number, OwnedFd>();
  for (const [wanted, number] of [[stdin, 0], [stdout, 1]] as const) {
    if (wanted !== undefined) targets.set(number, named(files, wanted));
  }
  const rest = files.filter(({ file }) => ![...targets.values()].includes(file));
  for (const [i, { file }] of rest.entries()) targets.set(FIRST + i, file);
  announce(rest);
  // Out of the way of the numbers they will get.
  const sources = new Map<number, number>();
  for (const [target, file] of targets) {
    sources.set(target, moved(file, FIRST + files.length, stack).fd);
  }
  await endListening(stop);
  become(program, command, sources);
  throw new ExitError(
    `Cannot run "${printable(program)}": the system does not start it`,
    NOT_STARTED,
  );
}

function notRunnable(name: string): ExitError {
  return name.includes("/") && exists(name)
    ? new ExitError(`Cannot run "${printable(name)}": it is not executable`, NOT_STARTED)
    : new ExitError(`Cannot run "${printable(name)}": command not found`, NOT_FOUND);
}

/** Tell the program what it gets, as systemd does. What was meant for fdpass itself is not passed on. */
function announce(files: readonly NamedFile[]): void {
  Deno.env.set("LISTEN_FDS", String(files.length));
  Deno.env.set("LISTEN_PID", String(Deno.pid));
  Deno.env.set("LISTEN_FDNAMES", files.map(({ name }) => name).join(":"));
  Deno.env.delete("LISTEN_PIDFDID");
}

function named(files: readonly NamedFile[], name: string): OwnedFd {
  const found = files.find((it) => it.name === name);
  if (found !== undefined) return found.file;
  const names = files.map((it) => it.name).join(", ");
  throw new UsageError(`Cannot find "${printable(name)}": the files are ${names}`);
}

function moved(file: OwnedFd, lowest: number, stack: DisposableStack): OwnedFd {
  return file.fd >= lowest ? file : moved(stack.use(file.dup()), lowest, stack);
}
