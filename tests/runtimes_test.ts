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

/** A runtime, how to run a file with it, and how the sentence names it. */
const RUNTIMES: readonly [name: string, command: readonly string[], calledItself: RegExp][] = [
  ["Node", ["node"], /in Node v\d+\.\d+\.\d+: /],
  ["Bun", ["npx", "--yes", "bun@1.4.5", "run"], /in Bun 1\.4\.5: /],
  ["Deno 1", ["npx", "--yes", "deno@1.46.3", "run"], /in Deno 1\.46\.3: /],
  ["Deno 2.2", ["npx", "--yes", "deno@2.2.12", "run"], /in Deno 2\.2\.12: /],
];

/** Whether npm can fetch something: a machine without network leaves out what is not there. */
async function works(command: readonly string[]): Promise<boolean> {
  const [program = "", ...args] = command.filter((it) => it !== "run");
  try {
    const { success } = await new Deno.Command(program, {
      args: [...args, "--version"],
      env: { npm_config_fetch_retries: "0" }, // without network, npm would try for minutes
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const available = new Map<string, boolean>();
for (const [name, command] of RUNTIMES) available.set(name, await works(command));

Deno.test("a runtime that is not supported gets one sentence", async (t) => {
  using dir = tempDir();
  const entries = await install(dir.path, copyPackage);
  for (const [name, command, calledItself] of RUNTIMES) {
    const isMissing = available.get(name) !== true;
    if (isMissing && Deno.env.get("CI") === "true") throw new Error(`${name} cannot be run`);
    await t.step({
      name: isMissing ? `${name} (skipped: it cannot be run here)` : name,
      ignore: isMissing,
      fn: async () => {
        for (const [entry, file] of entries) {
          if (entry !== "." && entry !== "./frames") continue;
          Deno.writeTextFileSync(dir.join("main.mjs"), `import ${JSON.stringify(file)};\n`);
          const [program = "", ...args] = command;
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
