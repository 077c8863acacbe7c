/**
 * `fdpass run`: become another program that finds the files as its descriptors; `fdpass list`: show them.
 *
 * @module
 */

import type { OwnedFd } from "@denet/unix";
import { parse, printable, UsageError, warn } from "../cli.ts";
import { describeFile, fileText } from "../inspect.ts";
import { become, exists, isExecutable } from "../libc.ts";
import { type NamedFile, openAll, readSpec } from "./files.ts";
import { take } from "./handover.ts";
import { usualSocket } from "./usual.ts";

const OPTIONS = {
  from: { type: "string", short: "f" },
  stdin: { type: "string", short: "i" },
  stdout: { type: "string", short: "o" },
} as const;

/** The first descriptor of a started service: `SD_LISTEN_FDS_START` of sd_listen_fds(3). */
const FIRST = 3;

/** What a shell ends with when there is no such command. */
const NOT_FOUND = 127;
const NOT_STARTED = 126;

/** Run the command. Returns only if the program cannot be started. */
export async function runCommand(args: string[], stop: AbortSignal): Promise<number> {
  const end = args.indexOf("--");
  const [own, command] = end < 0 ? [args, []] : [args.slice(0, end), args.slice(end + 1)];
  const { values, positionals } = parse({ args: own, options: OPTIONS, allowPositionals: true });
  const { stdin, stdout } = values;
  const from = values.from ?? (positionals.length === 0 ? usualSocket() : undefined);
  const [name] = command;
  if (name === undefined) throw new UsageError("Give a COMMAND after --");
  if (from === undefined && positionals.length === 0) {
    throw new UsageError("Give --from, or a FILE to open");
  }
  const specs = positionals.map(readSpec);
  const program = findProgram(name);
  if (program === undefined) {
    const [why, status] = name.includes("/") && exists(name)
      ? ["it is not executable", NOT_STARTED] as const
      : ["command not found", NOT_FOUND] as const;
    warn("fdpass", `Cannot run "${printable(name)}": ${why}`);
    return status;
  }

  using stack = new DisposableStack();
  const taken = from === undefined ? [] : await take(from, stack, stop);
  stop.throwIfAborted();
  const files = [...taken, ...openAll(specs, stack)];
  const standard = [[stdin, 0], [stdout, 1]] as const;
  const targets = new Map<number, OwnedFd>();
  for (const [wanted, number] of standard) {
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
  become(program, command, sources);
  warn("fdpass", `Cannot run "${printable(program)}": the system does not start it`);
  return NOT_STARTED;
}

/** Tell the program what it gets, as systemd does. */
function announce(files: readonly NamedFile[]): void {
  Deno.env.set("LISTEN_FDS", String(files.length));
  Deno.env.set("LISTEN_PID", String(Deno.pid));
  Deno.env.set("LISTEN_FDNAMES", files.map(({ name }) => name).join(":"));
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

function findProgram(name: string): string | undefined {
  if (name.includes("/")) return isExecutable(name) ? name : undefined;
  const folders = (Deno.env.get("PATH") ?? "/usr/local/bin:/usr/bin:/bin").split(":");
  return folders.map((it) => `${it || "."}/${name}`).find(isExecutable);
}

/** Show what is served at an address. */
export async function list(args: string[], stop: AbortSignal): Promise<number> {
  const { values, positionals } = parse({
    args,
    options: { from: OPTIONS.from },
    allowPositionals: true,
  });
  const [given, surplus] = [values.from, ...positionals].filter((it) => it !== undefined);
  const from = given ?? usualSocket();
  if (from === undefined) throw new UsageError("Give ADDRESS, where to look");
  if (surplus !== undefined) throw new UsageError(`Cannot use "${printable(surplus)}" as well`);
  using stack = new DisposableStack();
  for (const { name, file } of await take(from, stack, stop)) {
    console.log(`${printable(name)}: ${fileText(describeFile(file))}`);
  }
  return 0;
}
