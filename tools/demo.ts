/**
 * Shows both tools at work: `fdpass` hands a file to a shell, and `unixtap`, in between, tells about it.
 * Run it with `deno task example:tools`.
 *
 * @module
 */

import { lacking, main, spawn, temporaryFolder } from "../examples/util.ts";
import { entryOf, type ToolName, TOOLS } from "./permissions.ts";

/** Start a tool with the permissions it has when it is compiled. */
function start(name: ToolName, ...args: string[]): Deno.ChildProcess {
  console.log(`$ ${name} ${args.map((it) => /\s/.test(it) ? `'${it}'` : it).join(" ")}`);
  const options = ["run", "--quiet", "--no-prompt", ...TOOLS[name], entryOf(name).href];
  return spawn(Deno.execPath(), { args: [...options, ...args] });
}

/** Wait until a tool's socket is there. */
async function appears(path: string, tool: Deno.ChildProcess): Promise<void> {
  let ended = false;
  tool.status.then(() => ended = true);
  while (!await Deno.stat(path).catch(() => undefined)) {
    if (ended) throw new Error(`Cannot reach "${path}": the tool has ended`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

await main(async () => {
  if (Deno.build.os !== "linux") lacking("The tools read /proc, which is there on Linux only");
  await using folder = temporaryFolder();
  const letter = `${folder.path}/letter.txt`;
  const served = `${folder.path}/served`;
  const tapped = `${folder.path}/tapped`;
  await Deno.writeTextFile(letter, "Dear reader,\nthis came through two tools.\n");
  const server = start("fdpass", "serve", "--once", "--quiet", "-s", served, letter);
  await appears(served, server);
  const tap = start("unixtap", "--once", "-T", "none", tapped, served);
  await appears(tapped, tap);
  const command = ["sh", "-c", 'echo "$LISTEN_FDNAMES is descriptor 3:" && cat <&3'];
  const shell = start("fdpass", "run", "--from", tapped, "--", ...command);
  for (const tool of [shell, tap, server]) {
    if (!(await tool.status).success) throw new Error("A tool has failed");
  }
});
