/**
 * The gate: everything that a change must pass, each step a task of `deno.json`.
 *
 *     deno task ok                    all steps, stopping at the first that fails
 *     deno task ok fmt lint           these only
 *     deno task ok --list             the names of all
 *
 * @module
 */

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
  const child = new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", task],
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
  const seconds = `${((performance.now() - start) / 1000).toFixed(1)} s`;
  return { success, output: chunks.join(""), seconds };
}

async function collect(stream: ReadableStream<Uint8Array>, chunks: string[]): Promise<void> {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) chunks.push(text);
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
