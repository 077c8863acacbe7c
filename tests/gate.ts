/**
 * The gate: everything that a change must pass, each step a task of `deno.json`.
 *
 *     deno task ok                    all steps, stopping at the first that fails
 *     deno task ok fmt lint           these only
 *     deno task ok --list             the names of all
 *
 * @module
 */

import { runDeno } from "./util/child.ts";

const STEPS = ["fmt", "lint", "check", "doc", "doctest", "test", "examples", "publish"];

/** Longer than any step takes: a step that hangs is a failure, with the output it had by then. */
const LIMIT_MINUTES = 20;

interface Result {
  success: boolean;
  output: string;
  seconds: string;
}

async function run(task: string): Promise<Result> {
  const start = performance.now();
  const result = await runDeno(["task", "--quiet", task], LIMIT_MINUTES);
  return { ...result, seconds: `${((performance.now() - start) / 1000).toFixed(1)} s` };
}

/** The counts of a test run, such as "8 passed | 0 failed | 2 ignored". */
function summary(output: string): string {
  return /^(?:ok|FAILED) \| (.+?)(?: \(\S+\))?$/m.exec(output)?.[1] ?? "";
}

if (Deno.args[0] === "--list") {
  console.log(STEPS.join("\n"));
  Deno.exit();
}
const unknown = Deno.args.filter((it) => !STEPS.includes(it));
if (unknown.length > 0) {
  console.error(`Cannot run ${unknown.map((it) => `"${it}"`)}, the steps are: ${STEPS.join(" ")}`);
  Deno.exit(2);
}
for (const step of Deno.args.length > 0 ? Deno.args : STEPS) {
  const { success, output, seconds } = await run(step);
  if (!success) console.log(output);
  const line = [success ? "ok    " : "FAILED", step.padEnd(9), seconds.padStart(8)];
  if (success) line.push("", summary(output));
  console.log(line.join(" ").trimEnd());
  if (!success) Deno.exit(1);
}
