/**
 * Lists the examples and runs those that this machine can: `deno task examples`.
 *
 * Each is a task of its own. An example that lacks something ends with code 77 and says on its last line of
 * error output what it lacks. Where everything must be there (`CI=true`), that is a failure, except on
 * systems other than Linux, which many of the examples need.
 *
 * @module
 */

import { taskArguments } from "./util/arguments.ts";
import { peersRequired } from "./util/peers.ts";
import { config } from "./util/project.ts";
import { spawn } from "./util/stop.ts";

const LACKING = 77;
const mayLack = Deno.build.os !== "linux" || !peersRequired();

/** Longer than any example takes. */
const LIMIT_MS = 120_000;

taskArguments({}, 0);
let failed = 0;
for (const [name, task] of Object.entries(config().tasks)) {
  if (!/^example(?::|$)/.test(name)) continue;
  const { code, output } = await run(name);
  const lacking = code === LACKING && mayLack;
  const word = code === 0 ? "ok    " : lacking ? "skip  " : "FAILED";
  const about = lacking ? output.split("\n").at(-1) : typeof task === "object" && task.description;
  if (word === "FAILED") {
    console.log(output);
    failed++;
  }
  console.log(`${word} ${name.padEnd(22)} ${about || ""}`.trimEnd());
}
if (failed > 0) Deno.exit(1);

async function run(task: string): Promise<{ code: number; output: string }> {
  const child = spawn(Deno.execPath(), {
    args: ["task", "--quiet", task],
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  });
  const timer = setTimeout(() => child.kill("SIGTERM"), LIMIT_MS);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const output = [stdout, stderr].map((it) => new TextDecoder().decode(it)).join("").trimEnd();
  return { code, output };
}
