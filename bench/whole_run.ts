/**
 * Whole runs of programs, from the start of the process to its end.
 *
 * @module
 */

import { install } from "../.ci/install.ts";
import { type Runner, Unable } from "./harness/types.ts";

/** Runs `command` once for each round; with `output`, it has to print just that. */
export async function wholeRuns(command: readonly string[], output?: string): Promise<Runner> {
  // The first runs compile the program and fill caches.
  for (let i = 0; i < 3; i++) await wholeRun(command, output);
  return {
    round: async () => ({ value: await wholeRun(command, output) }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function wholeRun(command: readonly string[], expected?: string): Promise<number> {
  const [program = "", ...args] = command;
  const child = new Deno.Command(program, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  });
  const start = performance.now();
  const { success, stdout, stderr } = await child.output();
  const wall = (performance.now() - start) * 1e6;
  const printed = new TextDecoder().decode(stdout).trim();
  if (success && (expected === undefined || printed === expected)) return wall;
  const [reason = ""] = new TextDecoder().decode(stderr).trim().split("\n", 1);
  throw new Unable("failed", reason || `it printed "${printed}"`);
}

/** A program that imports the package as it is published, in a folder of its own. */
export async function withPackage(text: string): Promise<{ path: string } & AsyncDisposable> {
  const folder = Deno.makeTempDirSync();
  await install(folder);
  const path = `${folder}/main.ts`;
  Deno.writeTextFileSync(path, text);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

/** The command that runs a program with Deno. */
export function denoRun(path: string, ...args: string[]): string[] {
  return [Deno.execPath(), "run", "-A", path, ...args];
}
