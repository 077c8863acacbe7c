/**
 * Runs the tests, several processes beside each other (one more than there are processors):
 *
 *     deno task test [--jobs N] [--filter TEXT] [--verbose] [--slower N] [FLAG…] [FILE|FOLDER…]
 *
 * A file has a process of its own; those of one folder of `lib/` or `ffi/` share one, some at a time, unless they say
 * why they cannot (`tests/util/groups.ts`). A file that takes longer than its limit (60 s unless a
 * comment in it says more, `--slower N` times as long) fails with its name, files that share one with the name of
 * the test. Flags are those of `deno test`, such as `--v8-flags=--stress-compaction`, `--preload=…` and
 * `--coverage=…`.
 *
 * Those that took longest when they ran last (`tests/.build/seconds.json`) start first; meanwhile the types of
 * all are checked.
 *
 * One line for each process, the output of those that fail (with `--verbose`, or for a single file, of all),
 * the tests that are skipped with their reasons, and the sums.
 *
 * @module
 */

import { type Group, groupsOf, moduleOf } from "./util/groups.ts";
import { filesIn, ROOT } from "./util/project.ts";
import { Times } from "./util/times.ts";
import { type Counts, type FileResult, runTestFile, SUMMARY } from "./util/test_file.ts";
import { cleanUp, run } from "./util/stop.ts";
import { taskTempDir } from "./util/tempdir.ts";

interface Options {
  /** Whether all tests of each file run. */
  isWhole: boolean;
  jobs: number;
  slower: number;
  verbose: boolean;
  flags: string[];
  paths: string[];
}

const options = parse(Deno.args);
const times = Times.read();
const files = findFiles(options.paths);
const started = performance.now();
const results = await runAll(files, inOrder(groupsOf(files)));
Deno.exitCode = report(results) ? 0 : 1;

function parse(args: string[]): Options {
  const parsed: Options = {
    isWhole: true,
    jobs: navigator.hardwareConcurrency + 1, // most tests wait for a part of their time
    slower: 1,
    verbose: false,
    flags: ["--v8-flags=--expose-gc"],
    paths: [],
  };
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    const [name = "", value = ""] = arg.split(/=(.*)/s);
    if (name === "--verbose") parsed.verbose = true;
    else if (name === "--jobs") parsed.jobs = positive(name, value || rest.shift());
    else if (name === "--slower") parsed.slower = positive(name, value || rest.shift());
    else if (name === "--filter") {
      parsed.isWhole = false;
      const text = value || rest.shift() || fail("Cannot run the tests: --filter takes a text");
      parsed.flags.push(`--filter=${text}`);
    } else if (name === "--v8-flags") parsed.flags[0] += `,${value}`;
    else if (arg.startsWith("-")) parsed.flags.push(arg);
    else parsed.paths.push(arg);
  }
  if (parsed.paths.length === 0) parsed.paths.push("tests");
  return parsed;
}

function positive(name: string, value: string | undefined): number {
  const number = Number(value);
  if (number > 0) return number;
  return fail(`Cannot run the tests: ${name} takes a number above 0, not "${value ?? ""}"`);
}

function fail(message: string): never {
  console.error(message);
  Deno.exit(2);
}

/** The test files of some folders and files. */
function findFiles(paths: readonly string[]): string[] {
  const found = new Set<string>();
  for (const path of paths.map((it) => it.replace(/^\.\//, "").replace(/\/$/, ""))) {
    const inside = path.endsWith(".ts") ? [path] : filesIn(path).filter(isTestFile);
    if (inside.length === 0) fail(`Cannot run "${path}": it is no test file, nor a folder of them`);
    for (const it of inside) found.add(it);
  }
  return [...found];
}

/**
 * Those that took longest come first, so that they end with the rest. What has never run may take as long as it is
 * allowed to.
 */
function inOrder(groups: readonly Group[]): Group[] {
  const expected = ({ name, limit }: Group): number => times.seconds[name] ?? limit;
  return groups.toSorted((a, b) => expected(b) - expected(a));
}

function isTestFile(path: string): boolean {
  return path.endsWith("_test.ts");
}

/**
 * Check the types of all files at once: it takes as long for one. It has one processor, and what it finds ends
 * the run.
 */
async function checkTypes(paths: readonly string[]): Promise<void> {
  const args = ["test", "--no-run", "--quiet", ...paths];
  const { success, stdout, stderr } = await run(Deno.execPath(), { args, cwd: ROOT });
  if (success) return;
  for (const it of [stdout, stderr]) Deno.stderr.writeSync(it);
  throw new Error("Cannot run the tests: their types are wrong");
}

async function runAll(paths: readonly string[], groups: Group[]): Promise<FileResult[]> {
  using temporary = taskTempDir();
  Deno.chmodSync(temporary.path, 0o755); // as /tmp itself: tests run programs as other users
  const done: FileResult[] = [];
  const queue = [...groups];
  const work = async (first?: Promise<void>): Promise<void> => {
    await first;
    for (let group = queue.shift(); group !== undefined; group = queue.shift()) {
      const folder = temporary.join(`${queue.length}`); // short: names of sockets have 107 bytes at most
      Deno.mkdirSync(folder, { mode: 0o755 });
      const { flags, slower } = options;
      const result = await runTestFile(moduleOf(group, folder), {
        args: flags,
        temporary: folder,
        slower,
        limit: group.limit,
      });
      show(group.name, result);
      done.push(result);
      if (options.isWhole) times.note(group.name, result);
    }
  };
  try {
    const others = Array.from({ length: options.jobs - 1 }, () => work());
    await Promise.all([work(checkTypes(paths)), ...others]);
    return done;
  } catch (error) {
    cleanUp();
    console.error(String(error));
    Deno.exit(1);
  } finally {
    times.keep();
  }
}

function show(name: string, { counts, output, seconds }: FileResult): void {
  const failed = counts.failed > 0;
  if (failed || options.verbose || files.length === 1) console.log(withoutSums(output).trimEnd());
  else if (sum(counts) === 0) return; // all filtered out
  const word = failed ? "FAILED" : "ok    ";
  console.log(`${word} ${name.padEnd(45)} ${describe(counts)} (${seconds.toFixed(1)} s)`);
}

/** The sums of all files come last, and only once, for scripts that count. */
function withoutSums(output: string): string {
  return output.replaceAll(SUMMARY, "");
}

function sum({ passed, failed, ignored }: Counts): number {
  return passed + failed + ignored;
}

function describe({ passed, steps, failed, ignored }: Counts): string {
  const parts = [`${passed} passed${steps ? ` (${steps} steps)` : ""}`];
  if (failed) parts.push(`${failed} failed`);
  if (ignored) parts.push(`${ignored} ignored`);
  return parts.join(", ");
}

/** Print what was skipped and the sums, in the words of `deno test`. Returns whether all is well. */
function report(all: readonly FileResult[]): boolean {
  const total: Counts = { passed: 0, steps: 0, failed: 0, ignored: 0 };
  for (const { counts } of all) {
    for (const key of Object.keys(total) as (keyof Counts)[]) total[key] += counts[key];
  }
  const ignored = all.flatMap((it) => it.ignored);
  if (ignored.length > 0) console.log(`\nskipped:\n${ignored.map((it) => `  ${it}`).join("\n")}`);
  const ok = total.failed === 0 && sum(total) > 0;
  const { passed, steps, failed } = total;
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(
    `\n${ok ? "ok" : "FAILED"} | ${passed} passed (${steps} steps) | ${failed} failed` +
      `${total.ignored ? ` | ${total.ignored} ignored` : ""} (${seconds}s)`,
  );
  return ok;
}
