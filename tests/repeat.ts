/**
 * Runs the tests again and again, and stops at the first run that fails:
 *
 *     deno task repeat [--times 20] [--v8-flags=--stress-compaction] [FOLDER…]
 *
 * @module
 */

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

async function run(): Promise<{ success: boolean; output: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "--allow-all", `--v8-flags=${flags.join(",")}`, ...paths],
    cwd: new URL("..", import.meta.url),
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGTERM"), LIMIT_MINUTES * 60_000);
  const chunks: string[] = [];
  await Promise.all([collect(child.stdout, chunks), collect(child.stderr, chunks)]);
  const { success } = await child.status;
  clearTimeout(timer);
  return { success, output: chunks.join("") };
}

async function collect(stream: ReadableStream<Uint8Array>, chunks: string[]): Promise<void> {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) chunks.push(text);
}

console.log(`${paths.join(" ")} with ${flags.join(" ")}, ${times} times`);
for (let i = 1; i <= times; i++) {
  const started = performance.now();
  const { success, output } = await run();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (!success) console.log(output);
  const summary = /^(?:ok|FAILED) \| .*$/m.exec(output)?.[0] ?? "no summary";
  console.log(`run ${i} of ${times}, ${seconds} s: ${summary}`);
  if (!success) Deno.exit(1);
}
