import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { OwnedFd } from "../lib/handle/owned_fd.ts";
import { compileC } from "./util/cc.ts";
import { SLOWER, uncounted, withDeadline } from "./util/deadline.ts";
import { countDescriptors, listDescriptors, noLeaks } from "./util/descriptors.ts";
import { groupsOf, moduleOf } from "./util/groups.ts";
import { peer, testWith } from "./util/peers.ts";
import { LineProcess, startProcess } from "./util/process.ts";
import { filesIn } from "./util/project.ts";
import { type FileResult, limitOf, runTestFile } from "./util/test_file.ts";
import { tempDir } from "./util/tempdir.ts";

Deno.test("tempDir() removes the directory and its content", () => {
  let path: string;
  {
    using dir = tempDir();
    path = dir.path;
    Deno.writeTextFileSync(dir.join("a"), "x");
    assertEquals([...Deno.readDirSync(path)].map((it) => it.name), ["a"]);
  }
  assertThrows(() => Deno.statSync(path), Deno.errors.NotFound);
});

Deno.test("withDeadline() ends a test that waits, and does not count what is uncounted", async (t) => {
  const never = withDeadline(() => new Promise(() => {}), 0.01);
  await assertRejects(() => never(t), Error, `still waits after ${0.01 * SLOWER} s`);
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 100));
  const built = withDeadline(async () => {
    await Promise.all([uncounted(() => Promise.resolve()), uncounted(pause)]);
  }, 0.05);
  await built(t);
  const after = withDeadline(async () => {
    await uncounted(pause);
    await new Promise(() => {});
  }, 0.05);
  await assertRejects(() => after(t), Error, `still waits after ${0.05 * SLOWER} s`);
});

Deno.test("listDescriptors() sees a file that is opened and closed", () => {
  const before = countDescriptors();
  {
    using _file = Deno.openSync(new URL(import.meta.url));
    assertEquals(countDescriptors(), before + 1);
    assert(
      Deno.build.os !== "linux" ||
        [...listDescriptors().values()].some((it) => it.includes("/util_test.ts ")),
    );
  }
  assertEquals(countDescriptors(), before);
});

Deno.test("noLeaks() passes a test that cleans up, also through a child process", async (t) => {
  await noLeaks(async () => {
    await using child = startProcess(Deno.execPath(), { args: ["--version"] });
    assertMatch(await child.readLine(), /^deno /);
  })(t);
});

Deno.test("noLeaks() passes what is opened once and kept", async (t) => {
  const kept: Deno.FsFile[] = [];
  await noLeaks(() => {
    if (kept.length === 0) kept.push(Deno.openSync(new URL(import.meta.url)));
  })(t);
  for (const file of kept) file.close();
});

Deno.test("noLeaks() fails a test that leaves a descriptor, and says which", async (t) => {
  const kept: Deno.FsFile[] = [];
  const test = noLeaks(() => {
    kept.push(Deno.openSync(new URL(import.meta.url)));
  }, { turns: 5 });
  const error = await assertRejects(() => test(t), Error, "the same descriptors");
  if (Deno.build.os === "linux") assertStringIncludes(error.message, "/util_test.ts");
  for (const file of kept) file.close();
});

Deno.test("noLeaks() fails a test that leaves one descriptor and closes another", async (t) => {
  const kept: OwnedFd[] = Array.from({ length: 3 }, () => OwnedFd.open("/dev/null"));
  const test = noLeaks(() => {
    kept.push(OwnedFd.open(new URL(import.meta.url)));
    kept.shift()?.close();
  }, { turns: 5 });
  const error = await assertRejects(() => test(t), Error, "the same descriptors");
  assertMatch(error.message, /null.* was closed$/m);
  assertMatch(error.message, /util_test.* was left open$/m);
  for (const file of kept) file.close();
});

testWith("cc", "compileC() builds a program once", async () => {
  const program = await compileC("echo_lines");
  const first = await Deno.stat(program);
  assertEquals(await compileC("echo_lines"), program);
  assertEquals((await Deno.stat(program)).ino, first.ino);

  await using child = startProcess(program);
  await child.writeLine("hello");
  assertEquals(await child.readLine(), "hello");
  await child.closeInput();
  assertEquals(await child.readAll(), "");
  assertEquals((await child.status).code, 0);
});

testWith(
  "python3",
  "startProcess() passes on lines, and the error output when there are none",
  async () => {
    const python = peer("python3")?.command ?? "";
    const script = "import sys; print(input() * 2, flush=True); sys.exit('gone')";
    await using child = new LineProcess(python, { args: ["-c", script] });
    await child.writeLine("ab");
    assertEquals(await child.readLine(), "abab");
    const error = await assertRejects(() => child.readLine(), Error, "its output ended");
    assertStringIncludes(error.message, "gone");
  },
);

Deno.test("startProcess() kills a process that still runs on disposal", async () => {
  let status: Promise<Deno.CommandStatus>;
  {
    await using child = startProcess(Deno.execPath(), {
      args: ["eval", "await new Promise((r) => setTimeout(r, 1e8))"],
    });
    status = child.status;
  }
  assertEquals((await status).signal, "SIGKILL");
});

/** Run a test file of these lines. */
async function run(...lines: string[]): Promise<FileResult> {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("a_test.ts"), lines.join("\n"));
  const options = { args: [], temporary: dir.path, slower: 1 };
  return await runTestFile(dir.join("a_test.ts"), options);
}

Deno.test("runTestFile() counts what passes, fails and is ignored", async () => {
  const { counts, ignored } = await run(
    'Deno.test("a", async (t) => { await t.step("b", () => {}); });',
    'Deno.test("c", () => { throw new Error("no"); });',
    'Deno.test({ name: "d [skipped: why]", ignore: true, fn() {} });',
  );
  assertEquals(counts, { passed: 1, steps: 1, failed: 1, ignored: 1 });
  assertEquals(ignored, ["d [skipped: why]"]);
});

for (
  const [how, code] of Object.entries({
    "waits": "await new Promise((resolve) => setTimeout(resolve, 1e8));",
    // It never leaves the loop, and leaves the processor to others meanwhile.
    "loops":
      "for (const it = new Int32Array(new SharedArrayBuffer(4));;) Atomics.wait(it, 0, 0, 9);",
    "blocks": 'new Deno.Command("sleep", { args: ["1000"] }).outputSync();',
  })
) {
  Deno.test(`runTestFile() fails a file that ${how} beyond its limit, and names the test`, async () => {
    const { counts, output } = await run(
      "// Time limit: 3 s, so that it is over soon, and Deno has started even on a busy machine.",
      'Deno.test("passes", () => {});',
      `Deno.test("never ends", async () => { ${code} });`,
    );
    assertEquals(counts, { passed: 0, steps: 0, failed: 1, ignored: 0 });
    assertStringIncludes(output, "pending:\n\nnever ends");
    assertMatch(output, /time limit of 3 s is over: .*a_test\.ts hangs/);
  });
}

Deno.test("runTestFile() fails a file whose process is killed", async () => {
  const { counts, output } = await run('Deno.test("a", () => Deno.kill(Deno.pid, "SIGKILL"));');
  assertEquals(counts.failed, 1);
  assertStringIncludes(output, "ended by SIGKILL");
});

Deno.test("runTestFile() fails a file that ends its process before the sums", async () => {
  const libc = Deno.build.os === "darwin" ? "libSystem.dylib" : "libc.so.6";
  const { counts } = await run(
    `const exit = { _exit: { parameters: ["i32"], result: "void" } };`,
    `Deno.test("a", () => Deno.dlopen("${libc}", exit).symbols._exit(0));`,
  );
  assertEquals(counts, { passed: 0, steps: 0, failed: 1, ignored: 0 });
});

Deno.test("groupsOf() has each file once, and files that share a process are of one folder", () => {
  const files = filesIn("tests").filter((it) => it.endsWith("_test.ts"));
  const groups = groupsOf(files);
  assertEquals(groups.flatMap((it) => it.files).sort(), files);
  assertEquals(groupsOf(files.toReversed()), groups);
  assertEquals(new Set(groups.map((it) => it.name)).size, groups.length);
  const shared = groups.filter((it) => it.files.length > 1);
  assert(shared.length >= 10, `${shared.length} groups`);
  for (const { name, files, limit } of shared) {
    const [folder = ""] = name.split(" ");
    for (const it of files) assertEquals(it.slice(0, it.lastIndexOf("/")), folder);
    assertEquals(limit, files.reduce((sum, it) => sum + limitOf(it), 0));
    assert(files.length <= 10, name);
  }
});

Deno.test("groupsOf() gives a process of its own to what takes long, measures all or says why", () => {
  const some = ["tests/message/cmsg_test.ts", "tests/message/control_test.ts"];
  const own = [
    "tests/dial/uri_test.ts", // says why
    "tests/handle/lifetime_test.ts", // measures memory
    "tests/hostile/kill_test.ts", // tests no folder of lib/, nor starts the programs
    "tests/reactor/scheduler_test.ts", // takes long
    "tests/util_test.ts",
  ];
  const groups = groupsOf([...some, ...own]);
  assertEquals(groups.map(({ name, files }) => ({ name, files })), [
    ...own.slice(0, 3).map((it) => ({ name: it, files: [it] })),
    { name: "tests/message (2 files)", files: some },
    ...own.slice(3).map((it) => ({ name: it, files: [it] })),
  ]);
});

Deno.test("moduleOf() runs the tests of all files, and the one that hangs is named", async () => {
  using dir = tempDir();
  const files = ["a", "b"].map((it) => dir.join(`${it}_test.ts`));
  const [a = "", b = ""] = files;
  Deno.writeTextFileSync(a, 'Deno.test("passes", () => {});');
  Deno.writeTextFileSync(
    b,
    'Deno.test("never ends", () => new Promise(() => setTimeout(() => {}, 1e8)));',
  );
  assertEquals(moduleOf({ name: "", files: [a], limit: 3 }, dir.path), a);
  const module = moduleOf({ name: "", files, limit: 3 }, dir.path);
  const { counts, output } = await runTestFile(module, {
    args: [],
    temporary: dir.path,
    slower: 1,
    limit: 3,
  });
  assertEquals(counts, { passed: 0, steps: 0, failed: 1, ignored: 0 });
  assertMatch(output, /^passes \.\.\. .*ok/m);
  assertStringIncludes(output, "pending:\n\nnever ends");
});

/** Run what a task does, and send it a signal once it prints a line: its process ids. */
async function stopTask(body: string, signal: "SIGINT" | "SIGTERM"): Promise<{
  code: number;
  errors: string;
  printed: string;
}> {
  const util = new URL("util/", import.meta.url);
  const program = `
    import { run, spawn } from "${new URL("stop.ts", util)}";
    import { taskTempDir } from "${new URL("tempdir.ts", util)}";
    ${body}`;
  await using task = startProcess(Deno.execPath(), { args: ["eval", "--no-check", program] });
  const printed = await task.readLine();
  task.kill(signal);
  const { code } = await task.status;
  return { code, errors: await task.stderr, printed };
}

/** Wait until a process has ended, with a parent that collects it or without. */
async function ended(pid: number): Promise<void> {
  for (;;) {
    try {
      const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
      if (/\) [ZX] /.test(stat)) return;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

testWith([], "a task that is stopped says so, and leaves no process and no folder", async () => {
  if (Deno.build.os !== "linux") return;
  const body = `
    using folder = taskTempDir();
    const child = spawn("sleep", { args: ["600"] });
    const group = spawn("sh", { args: ["-c", "sleep 600 & echo $!; wait"], stdout: "piped", detached: true });
    const { value } = await group.stdout.getReader().read();
    console.log(folder.path, child.pid, group.pid, new TextDecoder().decode(value).trim());
    await run("sleep", { args: ["600"] });
    console.log("not reached");`;
  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    const stopped = await stopTask(body, signal);
    assertEquals({ code: stopped.code, errors: stopped.errors }, {
      code,
      errors: `Stopped by ${signal}\n`,
    });
    const [path = "", ...pids] = stopped.printed.split(" ");
    assertThrows(() => Deno.statSync(path), Deno.errors.NotFound);
    for (const pid of pids) await ended(Number(pid));
  }
});
