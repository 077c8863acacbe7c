/**
 * Measures which lines of `mod.ts`, `lib/` and `ffi/` the tests run, all of their processes and Workers included:
 *
 *     deno task coverage [--jobs N] [--at-least 0]
 *
 * Each test file runs in a process of its own, once as usual and, where `deno task bsd` has it, once more
 * with the table of another system. A line that no run reaches is listed, unless a comment in front of it
 * (`// deno-coverage-ignore -- why`) says why that is so.
 *
 * What each file ran is kept in `tests/.build/`: `deno task mutants` chooses its tests by it, and
 * `deno task test` starts those first that took longest.
 *
 * @module
 */

import { countOption, numberOption, taskArguments } from "../util/arguments.ts";
import { publishedFiles, read, ROOT } from "../util/project.ts";
import { taskTempDir } from "../util/tempdir.ts";
import { runTestFile } from "../util/test_file.ts";
import { parseLcov, ranges } from "./lcov.ts";
import { allRuns, keep, type Run, type RunLines } from "./lines.ts";
import { linesWithReason } from "./reasons.ts";

const { values } = taskArguments({
  options: {
    jobs: { type: "string", default: `${navigator.hardwareConcurrency}` },
    "at-least": { type: "string", default: "0" },
  },
}, 0);
const jobs = countOption("jobs", values.jobs);
const atLeast = numberOption("at-least", values["at-least"], 0);

const published = new Set(publishedFiles());
const runnable = new Map<string, Set<number>>();

/** Run a test file, and read what it ran. */
async function measure(run: Run, folder: string): Promise<RunLines> {
  Deno.mkdirSync(`${folder}/t`, { recursive: true, mode: 0o755 });
  const data = `${folder}/coverage`;
  const { counts, seconds, output } = await runTestFile(run.test, {
    args: [
      "--v8-flags=--expose-gc",
      `--coverage=${data}`,
      ...run.preload ? [`--preload=${run.preload}`] : [],
    ],
    temporary: `${folder}/t`,
    slower: 3,
    env: { DENO_COVERAGE_DIR: data },
  });
  if (counts.failed > 0) console.error(output);
  const lines = linesIn(`${data}/lcov.info`);
  Deno.removeSync(folder, { recursive: true });
  return { ...run, seconds, passed: counts.failed === 0, lines };
}

function linesIn(report: string): Record<string, number[]> {
  const lines: Record<string, number[]> = {};
  for (const [path, counts] of parseLcov(textOf(report))) {
    const file = path.startsWith(ROOT.pathname) ? path.slice(ROOT.pathname.length) : "";
    if (!published.has(file)) continue;
    const all = runnable.getOrInsertComputed(file, () => new Set());
    for (const it of counts.keys()) all.add(it);
    lines[file] = [...counts].filter(([, count]) => count > 0).map(([line]) => line);
  }
  return lines;
}

/** A process that was ended at its time limit leaves no report. */
function textOf(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

const temporary = taskTempDir();
Deno.chmodSync(temporary.path, 0o755);

const sources = Object.fromEntries([...published].map((it) => [it, read(it)]));
const queue = allRuns();
const runs: RunLines[] = [];
async function work(): Promise<void> {
  for (let run = queue.shift(); run !== undefined; run = queue.shift()) {
    const told = await measure(run, temporary.join(`${queue.length}`));
    runs.push(told);
    const how = run.preload ? `${run.test} (${run.preload})` : run.test;
    console.log(`${told.passed ? "ok    " : "FAILED"} ${how} (${told.seconds.toFixed(1)} s)`);
  }
}
await Promise.all(Array.from({ length: jobs }, work));
temporary[Symbol.dispose]();

const could = Object.fromEntries(
  [...runnable].map(([file, set]) => [file, [...set].sort((a, b) => a - b)]),
);
keep({ runs, runnable: could, sources });

let [all, missed] = [0, 0];
console.log("\nNo test runs:");
for (const file of published) {
  const ran = new Set(runs.flatMap(({ lines }) => lines[file] ?? []));
  const lines = could[file] ?? [];
  const not = lines.filter((it) => !ran.has(it));
  all += lines.length;
  missed += not.length;
  if (not.length > 0) console.log(`  ${file}: ${ranges(not)}`);
}
const percent = (all - missed) / all * 100;
const failed = runs.filter((it) => !it.passed).length +
  (percent < atLeast ? 1 : 0);
const reasons = Object.values(sources).reduce((sum, it) => sum + linesWithReason(it).size, 0);
console.log(
  `\n${missed} of ${all} lines: ${percent.toFixed(2)} percent of them run; ` +
    `${reasons} more say why no test runs them`,
);
console.log(
  `${failed ? "FAILED" : "ok"} | ${
    runs.filter((it) => it.passed).length
  } passed | ${failed} failed`,
);
Deno.exitCode = failed ? 1 : 0;
