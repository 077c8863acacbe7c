// Time limit: 180 s, because every task is started, several of them often.

/**
 * The tasks of `deno.json`, called in ways that make no sense: each says so in plain words.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { config, ROOT } from "./util/project.ts";

/** Without Deno's own lines about programs of `--allow-run` that this machine lacks. */
function withoutInfo(text: string): string {
  return text.replace(/^Info Failed to resolve .*\n/gm, "");
}

/** `test` hands flags on to Deno; the tools have tests of their own. */
const OTHERS = ["test", "unixtap", "fdpass"];

interface Ended {
  readonly code: number;
  readonly errors: string;
}

async function runTask(...args: string[]): Promise<Ended> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    signal: AbortSignal.timeout(20_000),
  }).output();
  return { code, errors: withoutInfo(new TextDecoder().decode(stderr)) };
}

function assertRefused({ code, errors }: Ended, args: string): void {
  assertEquals(code, 2, `deno task ${args}: ${errors}`);
  assert(/^Cannot .+/.test(errors) && !/^ {4}at /m.test(errors), `deno task ${args}: ${errors}`);
}

Deno.test("every task refuses an unknown option", async () => {
  const tasks = Object.entries(config().tasks).filter(([name, task]) => {
    const command = typeof task === "string" ? task : task.command ?? "";
    return command.startsWith("deno run") && !OTHERS.includes(name);
  });
  assert(tasks.length > 20);
  for (const [name] of tasks) assertRefused(await runTask(name, "--nope"), `${name} --nope`);
});

Deno.test("tasks refuse numbers that are none, and missing values", async () => {
  const calls = [
    ["soak", "--minutes", "x"],
    ["soak", "--minutes"],
    ["mutants", "--count", "x"],
    ["mutants", "--count"],
    ["repeat", "--times", "0"],
    ["load", "--messages", "1.5"],
    ["fuzz", "x"],
    ["test", "--slower", "x"],
    ["test", "--filter"],
    ["compile", "--out"],
    ["example:restart", "0"],
  ];
  for (const call of calls) assertRefused(await runTask(...call), call.join(" "));
});
