/**
 * Programs that others wrote, for examples that talk to them.
 *
 * @module
 */

import { type Socket, unix } from "@denet/unix";
import { lacking, spawn, stopped } from "./util.ts";

/** How to start a program. */
export interface ProgramOptions {
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  /** What to install where the program is missing. */
  readonly debianPackage: string;
}

/** A program that ends with the block it is used in. */
export interface Program extends AsyncDisposable {
  readonly child: Deno.ChildProcess;
}

/** Start a program, with its output out of the way. Where it is not installed, the example ends. */
export function startProgram(command: string, options: ProgramOptions): Program {
  if (Deno.build.os !== "linux") {
    lacking("The files in memory that this passes exist on Linux only");
  }
  const child = launch(command, options, "null");
  return { child, [Symbol.asyncDispose]: () => end(child) };
}

/** Run a program to its end; its output. Where it is not installed, the example ends. */
export async function runProgram(command: string, options: ProgramOptions): Promise<string> {
  const { success, stdout, stderr } = await launch(command, options, "piped").output();
  stopped.throwIfAborted();
  if (!success) throw new Error(`${command}: ${new TextDecoder().decode(stderr).trim()}`);
  return new TextDecoder().decode(stdout);
}

function launch(
  command: string,
  { args, env = {}, cwd = ".", debianPackage }: ProgramOptions,
  output: "null" | "piped",
): Deno.ChildProcess {
  try {
    return spawn(command, { args: [...args], env, cwd, stdout: output, stderr: output });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return lacking(`${command} is not installed (Debian: ${debianPackage})`);
  }
}

async function end(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill();
  } catch {
    // It has ended by itself.
  }
  await child.status;
}

/** Connect to a program that has been started, as soon as it listens. */
export async function connectTo({ child }: Program, path: string): Promise<Socket> {
  let ended: Deno.CommandStatus | undefined;
  child.status.then((status) => ended = status);
  for (;;) {
    try {
      return await unix.connect(path, { signal: stopped });
    } catch (error) {
      const { NotFound, ConnectionRefused } = Deno.errors;
      if (!(error instanceof NotFound || error instanceof ConnectionRefused)) throw error;
      if (ended) throw new Error(`The program has ended with ${ended.code}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
