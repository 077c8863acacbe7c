/**
 * Runs the tests again and again, and stops at the first run that fails:
 *
 *     deno task repeat [--times 20] [--jobs 1] [--v8-flags=--stress-compaction] [FOLDER…]
 *
 * Several jobs run beside each other, which saves time, and shows what one run would spoil for another.
 *
 * @module
 */

import { runDeno } from "./util/child.ts";
import { countOption, taskArguments } from "./util/arguments.ts";

const { values, positionals } = taskArguments({
  options: {
    times: { type: "string", default: "20" },
    jobs: { type: "string", default: "1" },
    "v8-flags": { type: "string", default: "" },
  },
});
const times = countOption("times", values.times);
const jobs = countOption("jobs", values.jobs);
const paths = positionals.length > 0 ? positionals : ["tests"];

/** Longer than any run takes: one that hangs is a failure, with the output it had by then. */
const LIMIT_MINUTES = 30;

const flags = values["v8-flags"] === "" ? [] : [`--v8-flags=${values["v8-flags"]}`];
// Several runs at once are slower, each.
const args = ["task", "--quiet", "test", `--slower=${jobs}`, ...flags, ...paths];

console.log(`${[...paths, ...flags].join(" ")}, ${times} times`);
let next = 1;
let failed = false;
await Promise.all(Array.from({ length: jobs }, repeat));
if (failed) Deno.exit(1);

async function repeat(): Promise<void> {
  while (next <= times && !failed) {
    const i = next++;
    const started = performance.now();
    const { success, output } = await runDeno(args, LIMIT_MINUTES);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    if (!success) console.log(output);
    const summary = /^(?:ok|FAILED) \| .*$/m.exec(output)?.[0] ?? "no summary";
    console.log(`run ${i} of ${times}, ${seconds} s: ${summary}`);
    failed ||= !success;
  }
}
