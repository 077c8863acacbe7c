/**
 * Runs the tests again and again, and stops at the first run that fails:
 *
 *     deno task repeat [--times 20] [--v8-flags=--stress-compaction] [FOLDER…]
 *
 * @module
 */

import { runDeno } from "./util/child.ts";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    times: { type: "string", default: "20" },
    "v8-flags": { type: "string", default: "" },
  },
});
const times = Number(values.times);
const flags = ["--expose-gc", ...values["v8-flags"].split(",").filter((it) => it !== "")];
const paths = positionals.length > 0 ? positionals : ["tests"];

/** Longer than any run takes: one that hangs is a failure, with the output it had by then. */
const LIMIT_MINUTES = 30;

const args = ["test", "--allow-all", `--v8-flags=${flags.join(",")}`, ...paths];

console.log(`${paths.join(" ")} with ${flags.join(" ")}, ${times} times`);
for (let i = 1; i <= times; i++) {
  const started = performance.now();
  const { success, output } = await runDeno(args, LIMIT_MINUTES);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (!success) console.log(output);
  const summary = /^(?:ok|FAILED) \| .*$/m.exec(output)?.[0] ?? "no summary";
  console.log(`run ${i} of ${times}, ${seconds} s: ${summary}`);
  if (!success) Deno.exit(1);
}
