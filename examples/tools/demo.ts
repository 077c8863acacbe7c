/**
 * Shows both tools at work: `fdpass` hands a file to a shell, and `unixtap`, in between, tells about it.
 * Run it with `deno task example:tools`.
 *
 * @module
 */

import { entryOf, type ToolName, TOOLS } from "./permissions.ts";

if (Deno.build.os !== "linux") {
  console.error("The tools read /proc, which is there on Linux only");
  Deno.exit(77);
}
const folder = await Deno.makeTempDir({ prefix: "tools-" });
const children: Deno.ChildProcess[] = [];

/** Start a tool with the permissions it has when it is compiled. */
function start(name: ToolName, ...args: string[]): Deno.ChildProcess {
  console.log(`$ ${name} ${args.map((it) => /\s/.test(it) ? `'${it}'` : it).join(" ")}`);
  const options = ["run", "--quiet", "--no-prompt", ...TOOLS[name], entryOf(name).href];
  const child = new Deno.Command(Deno.execPath(), { args: [...options, ...args] }).spawn();
  children.push(child);
  return child;
}

/** Wait until a socket is there. */
async function appears(path: string): Promise<void> {
  while (!await Deno.stat(path).catch(() => undefined)) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

Deno.addSignalListener("SIGINT", () => children.forEach((it) => it.kill("SIGTERM")));
try {
  await Deno.writeTextFile(`${folder}/letter.txt`, "Dear reader,\nthis came through two tools.\n");
  start("fdpass", "serve", "--once", "--quiet", "-s", `${folder}/served`, `${folder}/letter.txt`);
  await appears(`${folder}/served`);
  const tap = start("unixtap", "--once", "-T", "none", `${folder}/tapped`, `${folder}/served`);
  await appears(`${folder}/tapped`);
  const command = ["sh", "-c", 'echo "$LISTEN_FDNAMES is descriptor 3:" && cat <&3'];
  const shell = start("fdpass", "run", "--from", `${folder}/tapped`, "--", ...command);
  const ends = await Promise.all([shell.status, tap.status]);
  Deno.exitCode = ends.every(({ success }) => success) ? 0 : 1;
} finally {
  await Deno.remove(folder, { recursive: true });
}
