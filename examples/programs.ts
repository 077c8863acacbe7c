/**
 * Programs of other projects, for the examples that use them.
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
  /** Throw, with the last line it wrote, once the program has ended. */
  requireRunning(): Promise<void>;
}

/**
 * Start a program. Its standard output is discarded, the end of its standard error is kept. If it is not installed, the
 * example ends.
 */
export function startProgram(command: string, options: ProgramOptions): Program {
  if (Deno.build.os !== "linux") {
    lacking("The files in memory that this passes exist on Linux only");
  }
  const child = launch(command, options, "null");
  let said = "";
  const read = async (): Promise<void> => {
    const texts = child.stderr.pipeThrough(new TextDecoderStream());
    for await (const text of texts) said = (said + text).slice(-4096);
  };
  const heard = read().catch(() => {});
  let ended: Deno.CommandStatus | undefined;
  child.status.then((status) => ended = status);
  const requireRunning = async (): Promise<void> => {
    if (ended === undefined) return;
    // A program that it has started may hold the other end open.
    await Promise.race([heard, new Promise((resolve) => setTimeout(resolve, 500))]);
    const last = said.trim().split("\n").at(-1);
    throw new Error(`${command} has ended with ${ended.code}${last ? `: ${last}` : ""}`);
  };
  return { child, requireRunning, [Symbol.asyncDispose]: () => end(child) };
}

/** Run a program to its end, and return its output. If it is not installed, the example ends. */
export async function runProgram(command: string, options: ProgramOptions): Promise<string> {
  const { success, stdout, stderr } = await launch(command, options, "piped").output();
  stopped.throwIfAborted();
  if (!success) throw new Error(new TextDecoder().decode(stderr).trim() || `${command} fails`);
  return new TextDecoder().decode(stdout);
}

function launch(
  command: string,
  { args, env = {}, cwd = ".", debianPackage }: ProgramOptions,
  output: "null" | "piped",
): Deno.ChildProcess {
  try {
    return spawn(command, { args: [...args], env, cwd, stdout: output, stderr: "piped" });
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
export async function connectTo(program: Program, path: string): Promise<Socket> {
  for (;;) {
    try {
      return await unix.connect(path, { signal: stopped });
    } catch (error) {
      const { NotFound, ConnectionRefused } = Deno.errors;
      if (!(error instanceof NotFound || error instanceof ConnectionRefused)) throw error;
      await program.requireRunning();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
