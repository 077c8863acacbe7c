// Time limit: 180 s, because npm fetches old versions of Deno, and Bun.
/**
 * What the published package says in runtimes that it does not work in: one sentence, at the import.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { install } from "../.ci/install.ts";
import { copyPackage } from "./util/package.ts";
import { tempDir } from "./util/tempdir.ts";

/** A runtime, the npm package that holds it, if any, and how the sentence names it. */
const RUNTIMES: readonly [name: string, npmPackage: string | undefined, calledItself: RegExp][] = [
  ["Node", undefined, /in Node v\d+\.\d+\.\d+: /],
  ["Bun", "bun@1.4.5", /in Bun 1\.4\.5: /],
  ["Deno 1", "deno@1.46.3", /in Deno 1\.46\.3: /],
  ["Deno 2.2", "deno@2.2.12", /in Deno 2\.2\.12: /],
];

/** Run a program: its output, `undefined` if it fails or is not there. */
async function outputOf(program: string, ...args: string[]): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command(program, {
      args,
      env: { npm_config_fetch_retries: "0" }, // without network, npm would try for minutes
      stdin: "null",
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * Have npm fetch a runtime, and return the command that runs a file with it: starting it through npm takes half a
 * second each time. A machine without network leaves out what is not there.
 */
async function commandOf(npmPackage: string | undefined): Promise<readonly string[] | undefined> {
  const name = npmPackage?.split("@")[0];
  const program = name === undefined
    ? "node"
    : await outputOf("npx", "--yes", `--package=${npmPackage}`, "-c", `command -v ${name}`);
  if (program === undefined || await outputOf(program, "--version") === undefined) return undefined;
  return name === undefined ? [program] : [program, "run"];
}

const commands = new Map<string, readonly string[] | undefined>();
for (const [name, npmPackage] of RUNTIMES) commands.set(name, await commandOf(npmPackage));

Deno.test("a runtime that is not supported gets one sentence", async (t) => {
  using dir = tempDir();
  const entries = await install(dir.path, copyPackage);
  for (const [name, , calledItself] of RUNTIMES) {
    const [program = "", ...args] = commands.get(name) ?? [];
    const isMissing = program === "";
    if (isMissing && Deno.env.get("CI") === "true") throw new Error(`${name} cannot be run`);
    await t.step({
      name: isMissing ? `${name} (skipped: it cannot be run here)` : name,
      ignore: isMissing,
      fn: async () => {
        for (const [entry, file] of entries) {
          if (entry !== "." && entry !== "./frames") continue;
          Deno.writeTextFileSync(dir.join("main.mjs"), `import ${JSON.stringify(file)};\n`);
          const { success, stderr } = await new Deno.Command(program, {
            args: [...args, dir.join("main.mjs")],
            cwd: dir.path,
            env: { NO_COLOR: "1" },
            stdin: "null",
          }).output();
          const text = new TextDecoder().decode(stderr);
          assertEquals(success, false, text);
          assertMatch(text, calledItself);
          assertMatch(text, /it needs Deno 2\.7\.12 or later, see https:\/\/deno\.com/);
        }
      },
    });
  }
});
