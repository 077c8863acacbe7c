/** What a program may do with which permissions. */

import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { platform } from "../ffi/platform/mod.ts";
import { needPeer, testUnless, testWith } from "./util/peers.ts";
import { compileC } from "./util/cc.ts";
import { type LineProcessOptions, startDeno, startProcess } from "./util/process.ts";
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
  assertEquals({ output, stderr: await child.stderr }, { output: "done\n", stderr: "" });
  assertEquals(Deno.readTextFileSync(dir.join("content")), "written");
});

testUnless(noFile, "FFI permission for the one path of the C library is enough", async () => {
  using dir = tempDir();
  await using child = startDeno(program(dir, PROGRAM), [`--allow-ffi=${library}`]);
  const output = await child.readAll();
  assertEquals({ output, stderr: await child.stderr }, { output: "done\n", stderr: "" });
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

/** A folder whose `libc.so.6`, and what else a bare name may mean, is a library that leaves a mark when it is loaded. */
async function plantedFolder(dir: TempDir): Promise<{ options: LineProcessOptions; mark: string }> {
  const planted = await compileC("planted", { shared: true });
  for (const name of ["libc.so.6", "libc.so", "libSystem.B.dylib"]) {
    Deno.copyFileSync(planted, dir.join(name));
  }
  const mark = dir.join("loaded");
  return { options: { cwd: dir.path, env: { PLANTED_MARK: mark, NO_COLOR: "1" } }, mark };
}

testWith("cc", "no permission makes a library in the working directory be loaded", async () => {
  using dir = tempDir();
  const { options, mark } = await plantedFolder(dir);
  for (const permission of ["--allow-all", "--allow-ffi"]) {
    await using child = startDeno(program(dir, PROGRAM), [permission], options);
    assertEquals({ output: await child.readAll(), stderr: await child.stderr }, {
      output: "done\n",
      stderr: "",
    });
  }
  for (const permission of ["--allow-ffi=libc.so.6", "--allow-ffi=./libc.so.6"]) {
    await using child = startDeno(program(dir, PROGRAM), [permission], options);
    await child.readAll();
    const errors = await child.stderr;
    assertStringIncludes(errors, "NotCapable: Cannot use the C library without FFI permission");
    assertStringIncludes(errors, "run with --allow-ffi, or with --allow-ffi=PATH");
    assertStringIncludes(errors, library ?? "/");
    assertStringIncludes(errors, '"libc.so.6" without a folder is a file of that name');
  }
  assertThrows(() => Deno.statSync(mark), Deno.errors.NotFound);
});

testUnless(
  noFile,
  "a program that may read its own mappings finds a C library elsewhere",
  async () => {
    using dir = tempDir();
    const text = `
    import { platform, replacePlatform } from "${new URL(
      "../ffi/platform/mod.ts",
      import.meta.url,
    )}";
    import { unix } from "${MODULE}";
    replacePlatform({ ...platform, libc: ["/nowhere/libc.so.6"] });
    try {
      using end = unix.socketpair()[0];
      console.log(end.type);
    } catch (error) {
      console.log(error.name, error.message);
    }
  `;
    const run = async (permission: string): Promise<string> => {
      await using child = startDeno(program(dir, text), [permission]);
      return await child.readAll();
    };
    assertEquals(await run("--allow-all"), "stream\n");
    assertMatch(await run("--allow-ffi"), /^NotFound Cannot open the C library: .*\/nowhere\/libc/);
  },
);

/**
 * Runs a program at a terminal of its own, and says yes to each question: again and again until it is taken,
 * as Deno throws away what was typed before it asked.
 */
const PTY = `
import os, pty, sys, threading
asked = threading.Event()
def agree(fd):
    while asked.is_set():
        try:
            os.write(fd, b"y\\n")
        except OSError:
            return
        threading.Event().wait(0.2)
def answer(fd):
    data = os.read(fd, 4096)
    if b"Allow?" in data:
        asked.set()
        threading.Thread(target=agree, args=[fd], daemon=True).start()
    if b"Granted" in data:
        asked.clear()
    return data
status = pty.spawn(sys.argv[1:], answer)
sys.exit(os.waitstatus_to_exitcode(status))
`;

/** Run the program where Deno can ask: what it showed, and how often it asked. */
async function atTerminal(
  dir: TempDir,
  permissions: string[],
  options: LineProcessOptions = {},
): Promise<{ text: string; questions: number }> {
  const url = program(dir, PROGRAM).href;
  const deno = [Deno.execPath(), "run", "--quiet", "--config", CONFIG, ...permissions, url];
  await using child = startProcess(needPeer("python3").command, {
    ...options,
    args: ["-c", PTY, ...deno],
  });
  const text = await child.readAll();
  return { text, questions: text.match(/requests ffi access/g)?.length ?? 0 };
}

if (library !== undefined) {
  testWith("python3", "there is no prompt at a terminal when the path is permitted", async () => {
    using dir = tempDir();
    const { text, questions } = await atTerminal(dir, [`--allow-ffi=${library}`]);
    assertEquals({ text: text.trim(), questions }, { text: "done", questions: 0 });
  });
}

testWith(
  ["python3", "cc"],
  "one grant at the terminal is enough, for an absolute path",
  async () => {
    using dir = tempDir();
    const { options, mark } = await plantedFolder(dir);
    for (const permissions of [[], ["--allow-ffi=libc.so.6"]]) {
      const { text, questions } = await atTerminal(dir, permissions, options);
      assertEquals({ match: /requests ffi access to "(.)/.exec(text)?.[1], questions }, {
        match: "/",
        questions: 1,
      }, text);
      assert(text.trim().endsWith("done"), text);
    }
    assertThrows(() => Deno.statSync(mark), Deno.errors.NotFound);
  },
);
