// What tools/fdpass does when descriptors or space run out, and when it is to end while it waits.

import { assertEquals, assertMatch } from "@std/assert";
import { unix } from "@denet/unix";
import { testUnless } from "../util/peers.ts";
import type { LineProcess } from "../util/process.ts";
import { namesIn, type TempDir, tempDir } from "../util/tempdir.ts";
import { notLinux, untilListening } from "./tapped.ts";
import { assertFails, finish, startTool, untilOpening } from "./tool.ts";

/** Start fdpass behind a step of a shell. */
function startBehind(step: string, ...args: string[]): LineProcess {
  return startTool("fdpass", args, {}, ["bash", "-c", step, "bash"]);
}

/** As many FILEs as arguments. */
const manyFiles = (count: number): string[] => Array<string>(count).fill("/dev/null");

/** Start fdpass with its standard output on a full disk. */
const startFull = (...args: string[]): LineProcess => startBehind('exec "$@" > /dev/full', ...args);

testUnless(notLinux, "fdpass fails in one line with more files than it may open", async () => {
  using dir = tempDir();
  const limited = 'ulimit -n 60 && exec "$@"';
  for (
    const args of [
      ["serve", "-s", dir.join("s"), `unix:${dir.join("u")}`, ...manyFiles(60)],
      ["run", `unix:${dir.join("u")}`, ...manyFiles(60), "--", "true"],
    ]
  ) {
    await using tool = startBehind(limited, ...args);
    await assertFails(tool, 1, /Cannot open "\/dev\/null": .* too many open descriptors/, dir, []);
  }
});

testUnless(notLinux, "fdpass run and list need descriptors for all that is served", async () => {
  using dir = tempDir();
  const socket = dir.join("s");
  await using server = startTool("fdpass", ["serve", "-q", "-s", socket, ...manyFiles(200)]);
  await untilListening(socket);
  for (const args of [["list", socket], ["run", "-f", socket, "--", "true"]]) {
    await using tool = startBehind('ulimit -n 60 && exec "$@"', ...args);
    await assertFails(tool, 1, /^fdpass: Cannot .*/, dir, ["s"]);
  }
  await using list = startTool("fdpass", ["list", socket]);
  assertEquals((await finish(list)).output.split("\n").length, 201);
  server.kill("SIGTERM");
  assertEquals((await finish(server)).code, 143);
});

testUnless(
  notLinux,
  "fdpass serve lets processes wait while it is short of descriptors",
  async () => {
    using dir = tempDir();
    const socket = dir.join("s");
    await using server = startTool("fdpass", ["serve", "-q", "-s", socket, "/dev/null"]);
    await untilListening(socket);
    const limit = async (files: string): Promise<void> => {
      const args = ["--pid", String(server.pid), `--nofile=${files}:`];
      const { success } = await new Deno.Command("prlimit", { args }).output();
      assertEquals(success, true);
    };
    using first = await unix.connect(socket);
    using _ = await first.receive({ files: 1 }); // all is open by now
    await limit("5");
    using early = await unix.connect(socket);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await limit("1000");
    using message = await early.receive({ files: 1 });
    assertEquals(message?.files.length, 1);
    server.kill("SIGTERM");
    const { code, errors } = await finish(server);
    assertEquals({ code, errors, names: namesIn(dir.path) }, {
      code: 143,
      errors: "fdpass: ended by SIGTERM",
      names: [],
    });
  },
);

testUnless(notLinux, "fdpass continues serving when its standard output is full", async () => {
  using dir = tempDir();
  const full = "fdpass: Cannot write to standard output: No space left on device";
  for (const options of [["--once"], []]) {
    const socket = dir.join("s");
    await using server = startFull("serve", ...options, "-s", socket, "/dev/null");
    await untilListening(socket);
    const takers = options.length === 0 ? 3 : 1;
    for (let i = 0; i < takers; i++) {
      await using list = startTool("fdpass", ["list", socket]);
      assertMatch((await finish(list)).output, /^null: /);
    }
    if (options.length === 0) server.kill("SIGTERM");
    const { code, errors } = await finish(server);
    const expected = options.length === 0
      ? { code: 143, errors: `${full}\nfdpass: ended by SIGTERM` }
      : { code: 1, errors: full };
    assertEquals({ code, errors }, expected);
    assertEquals(namesIn(dir.path), []);
  }
});

testUnless(notLinux, "fdpass list fails in one line when its standard output is full", async () => {
  using dir = tempDir();
  await using _server = startTool("fdpass", ["serve", "-q", "-s", dir.join("s"), "/dev/null"]);
  await untilListening(dir.join("s"));
  await using tool = startFull("list", dir.join("s"));
  await assertFails(tool, 1, /Cannot write to standard output: No space left on device$/);
});

async function makeFifo(dir: TempDir): Promise<string> {
  await new Deno.Command("mkfifo", { args: [dir.join("fifo")] }).output();
  return dir.join("fifo");
}

testUnless(notLinux, "fdpass waits for the other end of a FIFO, until a signal", async () => {
  using dir = tempDir();
  const fifo = await makeFifo(dir);
  for (const how of ["read", "write", "append"]) {
    const args = ["run", `unix:${dir.join("u")}`, `${how}:${fifo}`, "--", "true"];
    await using tool = startTool("fdpass", args);
    await untilListening(dir.join("u"));
    await untilOpening(tool.pid);
    tool.kill("SIGINT");
    const { code, errors } = await finish(tool);
    assertEquals({ code, errors, names: namesIn(dir.path) }, {
      code: 130,
      errors: "fdpass: ended by SIGINT",
      names: ["fifo"],
    });
  }
  await using tool = startTool("fdpass", ["run", "--stdin", "fifo", fifo, "--", "cat"]);
  await Deno.writeTextFile(fifo, "through\n");
  assertEquals((await finish(tool)).output, "through\n");
});

testUnless(notLinux, "fdpass run --inetd ends at a signal while as many run as may", async () => {
  using dir = tempDir();
  const path = dir.join("s");
  await using tool = startTool("fdpass", ["run", "-i", `unix:${path}`, "--", "cat"]);
  await untilListening(path);
  using stack = new DisposableStack();
  // As many as run at once, which all answer, and one that waits.
  for (let i = 0; i < 64; i++) {
    const client = stack.use(await unix.connect(path));
    await client.send({ data: new Uint8Array([i]) });
    assertEquals(await client.read(new Uint8Array(1)), 1);
  }
  stack.use(await unix.connect(path));
  tool.kill("SIGTERM");
  await tool.status;
  stack.dispose(); // the programs have its standard error
  const { code, errors } = await finish(tool);
  assertEquals({ code, errors, names: namesIn(dir.path) }, {
    code: 143,
    errors: "fdpass: ended by SIGTERM",
    names: [],
  });
});
