/**
 * `unixtap run`: a command with a socket of its own.
 *
 * @module
 */

import { endingSignals, ExitError, UsageError } from "../cli/run.ts";
import { printable } from "../cli/text.ts";
import { exists, remove, removeDirectory, temporaryDirectory } from "../native/files.ts";
import { ended, environment, findProgram, sendSignal, spawn } from "../native/process.ts";
import { bindEntrance } from "./entrance.ts";
import type { Options } from "./options.ts";
import { checkedAsClient, refusalFor } from "./places.ts";
import { runSession } from "./session.ts";
import { toldTarget } from "./variables.ts";

/** What a shell ends with when there is no such command, and when it cannot be started. */
const NOT_FOUND = 127;
const NOT_STARTED = 126;

const SIGINT = 2;
const SIGKILL = 9;

/** How long the last messages of a command that has ended may take, in milliseconds. */
const DRAIN_TIME = 100;

/**
 * Run a command; the exit code is its own.
 *
 * @throws {UsageError} If it is not clear what to do.
 * @throws {ExitError} If there is no such command.
 */
export async function runCommand(
  given: string | undefined,
  command: readonly string[],
  options: Options,
  stop: AbortSignal,
): Promise<number> {
  const [name] = command;
  if (name === undefined) throw new UsageError("Give a COMMAND after --");
  const variables = environment();
  const told = toldTarget(given, options.env, options.as, variables);
  const asClient = checkedAsClient(options);
  const program = findProgram(name, variables.PATH);
  if (program === undefined) throw notRunnable(name);
  const { XDG_RUNTIME_DIR, TMPDIR } = variables;
  const base = [XDG_RUNTIME_DIR, TMPDIR].find((it) => it?.startsWith("/")) ?? "/tmp";
  const directory = temporaryDirectory(`${base}/unixtap-`);
  const path = `${directory}/${told.file}`;
  const session = new AbortController();
  const over = Promise.withResolvers<number>();
  let pid: number | undefined;
  const start = (): void => {
    if (pid !== undefined) return;
    pid = startProgram(program, command, { [told.name]: told.value(path) });
    forwardSignals(pid, stop);
    ended(pid).then((code) => setTimeout(over.resolve, DRAIN_TIME, code));
  };
  stop.addEventListener("abort", () => {
    if (pid === undefined) session.abort(stop.reason);
  });
  const { backlog, mode = 0o600, owner: uid, group: gid } = options;
  return await runSession(options, {
    listen: path,
    target: told.target,
    asClient,
    output: "standard error",
    refusal: refusalFor(options, asClient),
    open: (type) => [
      bindEntrance(path, { type, backlog, replace: false, rights: { mode, uid, gid } }),
    ],
    ready: start,
    ended: over.promise,
    close: () => {
      remove(path);
      removeDirectory(directory);
    },
  }, session.signal);
}

function startProgram(
  program: string,
  command: readonly string[],
  variables: Record<string, string>,
): number {
  try {
    return spawn(program, command, new Map(), variables);
  } catch (error) {
    throw new ExitError(error instanceof Error ? error.message : String(error), NOT_STARTED);
  }
}

function notRunnable(name: string): ExitError {
  return name.includes("/") && exists(name)
    ? new ExitError(`Cannot run "${printable(name)}": it is not executable`, NOT_STARTED)
    : new ExitError(`Cannot run "${printable(name)}": command not found`, NOT_FOUND);
}

/**
 * Signals are for the command: unixtap ends when that does. What is typed at a terminal reaches the command
 * anyway. A second signal kills it.
 */
function forwardSignals(pid: number, stop: AbortSignal): void {
  stop.addEventListener("abort", () => {
    const number = stop.reason instanceof ExitError ? stop.reason.status - 128 : SIGKILL;
    if (number !== SIGINT || !Deno.stdin.isTerminal()) sendSignal(pid, number);
    // Later: a listener that is added now would be called for this very signal.
    setTimeout(() => {
      for (const signal of endingSignals) {
        Deno.addSignalListener(signal, () => sendSignal(pid, SIGKILL));
      }
    }, 0);
  });
}
