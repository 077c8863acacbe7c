/**
 * Runs the core tests with other versions of Deno, from npm: the oldest that is supported, the newest of
 * each minor since, and the newest of all.
 *
 *     deno task versions [VERSION…]
 *
 * The last line counts the tests of all of them.
 *
 * @module
 */

import { refuse, taskArguments } from "./util/arguments.ts";
import { config, ROOT } from "./util/project.ts";
import { run } from "./util/stop.ts";

const OLDEST = "2.7.12";

/** From this version on, sanitizers are off unless a test asks for them. */
const SANITIZERS_OFF = "2.9.0";

/** An import, the main example, and everything that goes through the core. */
const TESTS = [
  "tests/import_test.ts",
  "tests/errors_test.ts",
  "tests/examples/pass_file_test.ts",
  ...["address", "descriptor", "fd", "handle", "message", "msghdr", "unix"].map((it) =>
    `tests/${it}`
  ),
];

function compare(a: string, b: string): number {
  const [left, right] = [a, b].map((it) => it.split(".").map(Number));
  return left?.map((it, i) => it - (right?.[i] ?? 0)).find((it) => it !== 0) ?? 0;
}

/** Ask npm for the versions to try: all but this one, which runs all tests anyway. */
async function versions(): Promise<string[]> {
  const args = ["view", "deno", "versions", "--json"];
  const { success, stdout, stderr } = await run("npm", { args });
  if (!success) throw new Error(`Cannot ask npm for versions: ${new TextDecoder().decode(stderr)}`);
  const all: string[] = JSON.parse(new TextDecoder().decode(stdout));
  const supported = all.filter((it) => /^\d+\.\d+\.\d+$/.test(it) && compare(it, OLDEST) >= 0);
  const newest = new Map<string, string>();
  for (const it of supported.sort(compare)) newest.set(it.replace(/\.\d+$/, ""), it);
  const oldestMinor = OLDEST.replace(/\.\d+$/, "");
  newest.set(oldestMinor, OLDEST);
  return [...newest.values()].filter((it) => it !== Deno.version.deno);
}

interface Sums {
  passed: number;
  failed: number;
}

/** Check the types of the package as a version's TypeScript sees them, and count that as one test. */
async function check(version: string): Promise<Sums> {
  const { success, stderr } = await npx(
    version,
    "check",
    "--quiet",
    ...Object.values(config().exports),
  );
  if (!success) console.log(new TextDecoder().decode(stderr));
  console.log(`Deno ${version}: types ${success ? "ok" : "FAILED"}`);
  return { passed: Number(success), failed: Number(!success) };
}

/** Run a version of Deno; npm starts it through a shell, so all of it is one group of processes. */
function npx(version: string, ...args: string[]): Promise<Deno.CommandOutput> {
  return run("npx", {
    args: ["--yes", `deno@${version}`, ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    detached: true,
  });
}

/** Run the tests with a version, showing what fails and the line of sums. */
async function test(version: string): Promise<Sums> {
  const preload = compare(version, SANITIZERS_OFF) < 0
    ? ["--preload=tests/util/sanitizers.ts"]
    : [];
  const { success, stdout, stderr } = await npx(
    version,
    "task",
    "--quiet",
    "test",
    ...preload,
    ...TESTS,
  );
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  const [sums, passed, failed] =
    /^(?:ok|FAILED) \| (\d+) passed.* \| (\d+) failed.*$/m.exec(output) ?? [];
  if (!success) console.log(failures(output));
  if (sums === undefined) console.log(output.trimEnd()); // the types of all files are checked before any runs
  console.log(`Deno ${version}: ${sums?.replaceAll(" | ", ", ") ?? "no tests ran"}`);
  return { passed: Number(passed ?? 0), failed: Number(failed ?? 1) };
}

/** What failed, without sums: they are counted once, below. */
function failures(output: string): string {
  const files = output.split(/^ok {5}.*$/m).filter((it) => it.includes("\nFAILED "));
  return files.join("\n").replaceAll(" | ", ", ");
}

const total: Sums = { passed: 0, failed: 0 };
const { positionals } = taskArguments({});
const strange = positionals.find((it) => !/^\d+\.\d+\.\d+$/.test(it));
if (strange !== undefined) {
  refuse(`Cannot try "${strange}": give versions of Deno, such as ${OLDEST}`);
}
for (const version of positionals.length > 0 ? positionals : await versions()) {
  for (const step of [check, test]) {
    const { passed, failed } = await step(version);
    total.passed += passed;
    total.failed += failed;
  }
}
console.log(`${total.failed ? "FAILED" : "ok"} | ${total.passed} passed | ${total.failed} failed`);
if (total.failed > 0 || total.passed === 0) Deno.exit(1);
