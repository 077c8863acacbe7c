/**
 * Ctrl-C at moments that no line of output marks: before a program starts, and while one works.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { needPeer, testWith } from "../util/peers.ts";
import { ROOT } from "../util/project.ts";
import { tempDir } from "../util/tempdir.ts";
import { runExample } from "./run.ts";

/** What an example does between its start and its end, with `folder` for its files. */
async function runBody(body: string): Promise<{ code: number; errors: string; left: string[] }> {
  using dir = tempDir();
  const program = `
    import { main, spawn, start, stopped, temporaryFolder } from "${new URL(
    "examples/util.ts",
    ROOT,
  )}";
    const interrupt = async () => {
      const aborted = new Promise((resolve) => stopped.addEventListener("abort", resolve));
      Deno.kill(Deno.pid, "SIGINT");
      await aborted;
    };
    await main(async () => {
      await using folder = temporaryFolder();
      ${body}
    });`;
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", "--no-check", program],
    cwd: ROOT,
    env: { NO_COLOR: "1", TMPDIR: dir.path },
    stdin: "null",
  }).output();
  const left = Array.from(Deno.readDirSync(dir.path), (it) => it.name);
  return { code, errors: new TextDecoder().decode(stderr).trimEnd(), left };
}

/** Find a program as a shell does. */
async function pathOf(command: string): Promise<string> {
  const args = ["-c", 'command -v "$0"', command];
  const { stdout } = await new Deno.Command("sh", { args }).output();
  return new TextDecoder().decode(stdout).trim();
}

const STOPPED = { code: 1, errors: "Stopped by SIGINT", left: [] };

Deno.test("an example that was stopped starts no program", async () => {
  const body = `await interrupt();
    await spawn("touch", { args: [folder.path + ".touched"] }).status;`;
  assertEquals(await runBody(body), STOPPED);
});

Deno.test("an example removes its folder once what it started has ended", async () => {
  // The program answers the signal with one more file, some time later.
  const script =
    "trap 'sleep 0.1; mkdir -p \"$0\"/late/later; exit' TERM; echo ready; while :; do sleep 0.01; done";
  const body = `const child = spawn("sh", {
      args: ["-c", ${JSON.stringify(script)}, folder.path],
      stdout: "piped",
    });
    await child.stdout.getReader().read();
    await interrupt();
    stopped.throwIfAborted();`;
  assertEquals(await runBody(body), STOPPED);
});

Deno.test("an example that fails says why, and not how its programs were ended", async () => {
  const body = `start(new URL("data:text/javascript,setInterval(() => {}, 1000)"), [], []);
    throw new Error("The reason");`;
  assertEquals(await runBody(body), { code: 1, errors: "The reason", left: [] });
});

testWith(
  "fusermount3",
  "examples/fuse unmounts if it is stopped while it mounts",
  async () => {
    using dir = tempDir();
    // Between the mount and the answer to it.
    const script = `#!/bin/sh
${await pathOf(needPeer("fusermount3").command)} "$@" || exit
case "$*" in *-u*) ;; *) kill -INT $PPID; sleep 0.3 ;; esac
`;
    Deno.writeTextFileSync(dir.join("fusermount3"), script, { mode: 0o755 });
    const env = { PATH: `${dir.path}:${Deno.env.get("PATH")}` };
    const { code, errors, left } = await runExample("example:fuse", [], { env });
    assertEquals({ code, errors, left }, STOPPED);
  },
);
