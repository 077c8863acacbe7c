/**
 * Runs an example's task as a user does, with a folder of its own for temporary files.
 *
 * @module
 */

import { ROOT } from "../util/project.ts";
import { tempDir } from "../util/tempdir.ts";

/** Longer than any example takes, in milliseconds: one that hangs fails. */
const LIMIT = 120_000;

/** How an example ended. */
export interface Outcome {
  readonly code: number;
  /** The lines of its standard output. */
  readonly lines: string[];
  /** All of its standard error. */
  readonly errors: string;
  /** What it left in the folder for temporary files. */
  readonly left: string[];
}

/** How to run an example. */
export interface RunOptions {
  /** Send SIGINT, as Ctrl-C does, once a line of output has this text in it. */
  readonly interruptAt?: string;
  /** A command that runs the one behind it, such as `setpriv` and its options. */
  readonly through?: readonly string[];
  /** Variables added to the environment. */
  readonly env?: Record<string, string>;
}

/** Run the task `name` to its end. */
export async function runExample(
  name: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<Outcome> {
  using temporary = tempDir();
  const command = [...options.through ?? [], Deno.execPath(), "task", "--quiet", name, ...args];
  const child = new Deno.Command(command[0] ?? "", {
    args: command.slice(1),
    cwd: ROOT,
    env: { ...options.env, NO_COLOR: "1", TMPDIR: temporary.path },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(LIMIT),
  }).spawn();
  const errors = new Response(child.stderr).text();
  let output = "";
  let interrupted = false;
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    output += text;
    if (interrupted || !options.interruptAt || !output.includes(options.interruptAt)) continue;
    interrupted = true;
    interrupt(child);
  }
  const { code } = await child.status;
  return {
    code,
    lines: output.split("\n").slice(0, -1),
    errors: (await errors).trimEnd(),
    left: Array.from(Deno.readDirSync(temporary.path), (it) => it.name),
  };
}

/** Send SIGINT, unless the example was done before. */
function interrupt(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGINT");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}
