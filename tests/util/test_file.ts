/**
 * Running one test file in a process of its own, for at most so long.
 *
 * @module
 */

import { PARENT } from "./tempdir.ts";
import { read, ROOT } from "./project.ts";
import { onStop } from "./stop.ts";
import { collect } from "./child.ts";

/** How long a test file may take, in seconds, unless it says more. */
const LIMIT = 60;

/** How a test file says more: a comment of its own, with the reason. */
const OWN_LIMIT = /^\/\/ Time limit: (\d+) s\b/m;

/** How long Deno may take to say which test was running, in milliseconds. */
const KILL_DELAY = 3_000;

/** The line of sums that ends the output of `deno test`. */
export const SUMMARY =
  /^(?:ok|FAILED) \| (\d+) passed(?: \((\d+) steps?\))? \| (\d+) failed(?: \(\d+ steps?\))?(?: \| (\d+) ignored)?.*$/gm;

/** How often each result occurred. */
export interface Counts {
  passed: number;
  steps: number;
  failed: number;
  ignored: number;
}

/** What a test file, or anything else that Deno ran, came to. */
export interface FileResult {
  readonly counts: Counts;
  readonly output: string;
  readonly seconds: number;
  /** Names of the ignored tests, which say why. */
  readonly ignored: readonly string[];
}

/** How to run a test file. */
export interface FileOptions {
  /** More arguments of `deno test`. */
  readonly args: readonly string[];
  /** The folder for what the tests leave behind, should they be ended. */
  readonly temporary: string;
  /** How many times as long as usual the file may take. */
  readonly slower: number;
  /** How long it may take otherwise, in seconds, if not as long as it says. */
  readonly limit?: number;
  /** The project that the file belongs to, if not this one. */
  readonly root?: URL;
  /** More variables of the environment. */
  readonly env?: Record<string, string>;
}

/** Return how long a test file may take, in seconds. */
export function limitOf(file: string): number {
  return Number(OWN_LIMIT.exec(read(file))?.[1] ?? LIMIT);
}

/** Run the tests of a file. A file that hangs fails, and its output ends with what was running. */
export async function runTestFile(file: string, options: FileOptions): Promise<FileResult> {
  const limit = (options.limit ?? limitOf(file)) * options.slower;
  const started = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "--no-check", "--allow-all", ...options.args, file],
    cwd: options.root ?? ROOT,
    env: {
      NO_COLOR: "1",
      DENET_SLOWER: `${options.slower}`,
      [PARENT]: options.temporary,
      ...options.env,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    detached: true, // a process group of its own: all that the tests start ends with it
  }).spawn();
  using _ended = onStop(() => killGroup(child.pid));
  const watch = new Watch(child.pid, limit);
  const chunks: string[] = [];
  const reading = Promise.all([collect(child.stdout, chunks), collect(child.stderr, chunks)]);
  const { success, code, signal } = await child.status;
  watch.stop();
  killGroup(child.pid); // what the tests left running
  await reading;
  const seconds = (performance.now() - started) / 1000;
  if (watch.hung) chunks.push(`\nThe time limit of ${limit} s is over: ${file} hangs\n`);
  else if (signal !== null) chunks.push(`\nThe process was ended by ${signal}\n`);
  else if (code > 1) chunks.push(`\nThe process ended with code ${code}\n`);
  return { ...judge(chunks.join(""), success && !watch.hung), seconds };
}

/** Read the counts from the output of `deno test`; a run that fails without them counts as one failure. */
function judge(output: string, success: boolean): Omit<FileResult, "seconds"> {
  const counts: Counts = { passed: 0, steps: 0, failed: 0, ignored: 0 };
  const last = [...output.matchAll(SUMMARY)].at(-1);
  if (last) {
    const [, passed, steps, failed, ignored] = last.map((it) => Number(it ?? 0));
    Object.assign(counts, { passed, steps, failed, ignored });
  }
  // A test that ends the process leaves no sums, whatever the exit code says.
  if ((!success || last === undefined) && counts.failed === 0) counts.failed = 1;
  const ignored = [...output.matchAll(/^(.*\S) \.\.\. ignored \(/gm)].map((it) => it[1] ?? "");
  return { counts, output, ignored };
}

/** Ends a process that takes too long: asks first, which makes Deno name the tests that are running. */
class Watch {
  hung = false;
  #timer: ReturnType<typeof setTimeout>;

  constructor(pid: number, seconds: number) {
    this.#timer = setTimeout(() => {
      this.hung = true;
      send(pid, "SIGINT");
      this.#timer = setTimeout(() => killGroup(pid), KILL_DELAY);
    }, seconds * 1000);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

function killGroup(pid: number): void {
  send(-pid, "SIGKILL");
}

function send(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
