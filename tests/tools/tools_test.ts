// Time limit: 180 s, because the tools are compiled several times.

// What tools holds besides the two tools: their demonstration, and compiling them.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { entryOf, type ToolName, TOOLS } from "../../tools/permissions.ts";
import { taskCommand } from "../util/project.ts";
import { tempDir } from "../util/tempdir.ts";
import { testUnless } from "../util/peers.ts";
import { startDeno, startProcess } from "../util/process.ts";
import { runExample } from "../examples/run.ts";
import { assertFails } from "./tool.ts";

const notLinux = Deno.build.os === "linux" ? undefined : "the tools read /proc, as on Linux";
const names = Object.keys(TOOLS) as ToolName[];

Deno.test("the tasks of the tools give the permissions that compiling embeds", () => {
  for (const name of names) {
    const file = entryOf(name).href.split("/").slice(-3).join("/");
    const wanted = `deno run --no-prompt ${TOOLS[name].join(" ")} ${file}`;
    assertEquals(taskCommand(name), wanted);
  }
});

testUnless(notLinux, "the tools fail in one line where Deno gives them no permission", async () => {
  for (const [name, args] of [["unixtap", ["a", "b"]], ["fdpass", ["list", "a"]]] as const) {
    await using tool = startDeno(entryOf(name), [], { args });
    await assertFails(tool, 1, new RegExp(`^${name}: .*(?:Requires ffi access|--allow-ffi)`));
  }
});

testUnless(notLinux, "the tools fail in one line where their help has no space", async () => {
  for (const name of names) {
    const command = `exec "$@" ${entryOf(name).pathname} --help > /dev/full`;
    const args = ["-c", command, "sh", Deno.execPath(), "run", "--no-prompt", ...TOOLS[name]];
    await using tool = startProcess("sh", { args });
    await assertFails(
      tool,
      1,
      new RegExp(`^${name}: Cannot write to standard output: No space left`),
    );
  }
});

testUnless(notLinux, "tools shows a file on its way through both tools", async () => {
  const { code, lines, errors, left } = await runExample("example:tools");
  assertEquals({ code, errors, left }, { code: 0, errors: "", left: [] });
  assertMatch(lines.join("\n"), /^ {4}\+ file ".*letter\.txt" r 42 bytes$/m);
  // The shell writes twice, and unixtap may write in between.
  const shell = ["letter.txt is descriptor 3:", "Dear reader,"];
  assertEquals(lines.filter((it) => shell.includes(it)), shell);
});

testUnless(notLinux, "tools leaves nothing behind when it is interrupted", async () => {
  const { code, errors, left } = await runExample("example:tools", [], {
    interruptAt: "$ unixtap",
  });
  assertEquals({ code, left }, { code: 1, left: [] });
  // The tools that it had started may say something of their own, before or after.
  assert(errors.split("\n").includes("Stopped by SIGINT"), errors);
});

Deno.test("deno task compile says when DENORT_BIN names nothing", async () => {
  using dir = tempDir();
  const env = { DENORT_BIN: dir.join("missing") };
  const { code, errors } = await runExample("compile", ["--out", dir.join("out")], { env });
  assertEquals(code, 1);
  assertMatch(errors, /^Cannot compile: DENORT_BIN is ".+\/missing": .+$/);
});

testUnless(notLinux, "deno task compile makes programs, or says what it lacks", async () => {
  using dir = tempDir();
  const { code, lines, errors } = await runExample("compile", ["--out", dir.path]);
  if (code === 77) {
    assertMatch(errors, /^Cannot compile: the runtime .+ from https:\/\/\S+: .+ DENORT_BIN$/);
    assertEquals(
      lines,
      names.map((it) => `${it}: its modules embed, and it may do ${TOOLS[it].join(" ")} only`),
    );
    return;
  }
  assertEquals({ code, errors }, { code: 0, errors: "" });
  for (const name of names) {
    const { stdout } = await new Deno.Command(dir.join(name), { args: ["--help"] }).output();
    assertStringIncludes(new TextDecoder().decode(stdout), `Usage: ${name} `);
  }
});
