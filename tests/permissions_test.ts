/** What a program may do with which permissions. */

import { assertEquals } from "@std/assert";
import { platform } from "../ffi/platform/mod.ts";
import { needPeer, testUnless, testWith } from "./util/peers.ts";
import { type LineProcess, startDeno, startProcess } from "./util/process.ts";
import { type TempDir, tempDir } from "./util/tempdir.ts";

const MODULE = new URL("../mod.ts", import.meta.url).href;
const CONFIG = new URL("../deno.json", import.meta.url).pathname;

/** A program that uses about everything: it prints "done". */
const PROGRAM = `
  import { dial, OwnedFd, unix } from "${MODULE}";
  using file = OwnedFd.open(DIR + "/content", { write: true, create: true });
  using listener = unix.listen(DIR + "/a", { mode: 0o600, replaceStale: true });
  const accepted = listener.accept();
  using client = await dial("unix", DIR + "/a");
  using server = await accepted;
  const received = server.receive({ files: 1 });
  await new Promise((resolve) => setTimeout(resolve));
  await client.send({ data: new Uint8Array([1]), files: [file] });
  using message = await received;
  await message.files[0].write(new TextEncoder().encode("written"));
  console.log("done");
`;

function program(dir: TempDir, text: string): URL {
  Deno.writeTextFileSync(dir.join("main.ts"), text.replaceAll("DIR", JSON.stringify(dir.path)));
  return new URL(`file://${dir.join("main.ts")}`);
}

/** The path under which this system has its C library. */
const library = platform.libc.filter((path) => path.startsWith("/")).find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});
const noFile = library === undefined ? "the C library is no file here" : undefined;

Deno.test("FFI permission is all that is needed", async () => {
  using dir = tempDir();
  await using child = startDeno(program(dir, PROGRAM), ["--allow-ffi"]);
  const output = await child.readAll();
  assertEquals([output, await child.stderr], ["done\n", ""]);
  assertEquals(Deno.readTextFileSync(dir.join("content")), "written");
});

testUnless(noFile, "FFI permission for the one path of the C library is enough", async () => {
  using dir = tempDir();
  await using child = startDeno(program(dir, PROGRAM), [`--allow-ffi=${library}`]);
  const output = await child.readAll();
  assertEquals([output, await child.stderr], ["done\n", ""]);
});

Deno.test("without FFI permission the first call throws NotCapable", async () => {
  using dir = tempDir();
  const text = `
    import { OwnedFd, Socket, unix } from "${MODULE}";
    const calls = {
      socketpair: () => unix.socketpair(),
      listen: () => unix.listen("/tmp/never"),
      bind: () => unix.bind("/tmp/never"),
      connectSync: () => unix.connectSync("/tmp/never"),
      connect: () => unix.connect("/tmp/never"),
      open: () => OwnedFd.open("/dev/null"),
      adopt: () => Socket.adopt(0),
    };
    for (const [name, call] of Object.entries(calls)) {
      try {
        await call();
        console.log(name, "did not throw");
      } catch (error) {
        console.log(error instanceof Deno.errors.NotCapable);
      }
    }
  `;
  await using child = startDeno(program(dir, text), []);
  assertEquals(await child.readAll(), "true\n".repeat(7));
});

Deno.test("wrong arguments are refused before permission is asked for", async () => {
  using dir = tempDir();
  const text = `
    import { InvalidAddressError, OwnedFd, unix } from "${MODULE}";
    try {
      unix.connectSync("a\\0b");
    } catch (error) {
      console.log(error instanceof InvalidAddressError);
    }
    try {
      OwnedFd.open("a\\0b");
    } catch (error) {
      console.log(error instanceof TypeError);
    }
  `;
  await using child = startDeno(program(dir, text), []);
  assertEquals(await child.readAll(), "true\ntrue\n");
});

const PTY = `
import os, pty, sys
status = pty.spawn(sys.argv[1:])
sys.exit(os.waitstatus_to_exitcode(status))
`;

if (library !== undefined) {
  testWith("python3", "nobody is asked at a terminal when the path is permitted", async () => {
    using dir = tempDir();
    const url = program(dir, PROGRAM).href;
    const run = (...permissions: string[]): LineProcess => {
      const deno = [Deno.execPath(), "run", "--quiet", "--config", CONFIG, ...permissions, url];
      return startProcess(needPeer("python3").command, { args: ["-c", PTY, ...deno] });
    };
    await using permitted = run(`--allow-ffi=${library}`);
    assertEquals((await permitted.readLine()).trim(), "done");
    // As a check of the check: without the permission there is a question.
    await using asked = run();
    let line = await asked.readLine();
    while (!line.includes("ffi access")) line = await asked.readLine();
  });
}
