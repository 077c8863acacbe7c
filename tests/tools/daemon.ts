/**
 * Programs of other projects, run to their end or as daemons with a socket.
 *
 * @module
 */

import { unix } from "@denet/unix";
import { type LineProcess, startProcess } from "../util/process.ts";

/** A service that runs. */
export interface Running {
  /** Its socket. */
  readonly socket: string;
}

/** Run a program to its end, and return all that it printed. */
export async function run(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<string> {
  const { stdout, stderr, code } = await new Deno.Command(command, {
    args: [...args],
    env,
    stdin: "null",
    signal: AbortSignal.timeout(60_000),
  }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}: ${text}`);
  return text.trim();
}

/** Start a daemon, and wait for its socket. */
export async function daemon(
  stack: AsyncDisposableStack,
  socket: string,
  command: string,
  ...args: string[]
): Promise<LineProcess> {
  const process = stack.use(startProcess(command, { args }));
  let hasEnded = false;
  process.status.then(() => hasEnded = true);
  while (!await isThere(socket)) {
    if (hasEnded) throw new Error(`${command} has ended: ${await process.stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return process;
}

/** Whether a socket answers; one of another type refuses, and notices nothing. */
async function isThere(path: string): Promise<boolean> {
  try {
    (await unix.connect(path, { type: "dgram" })).close();
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPROTOTYPE";
  }
}
