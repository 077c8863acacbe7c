/**
 * Programs that others wrote, for examples that talk to them.
 *
 * @module
 */

import { type Socket, unix } from "@denet/unix";
import { lacking, stopped } from "./util.ts";

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
  const { args, env = {}, cwd = ".", debianPackage } = options;
  if (Deno.build.os !== "linux") {
    lacking("The files in memory that this passes exist on Linux only");
  }
  try {
    const child = new Deno.Command(command, {
      args: [...args],
      env,
      cwd,
      stdin: "null",
      stdout: "null",
      stderr: "null",
      signal: stopped,
    }).spawn();
    return { child, [Symbol.asyncDispose]: () => end(child) };
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
