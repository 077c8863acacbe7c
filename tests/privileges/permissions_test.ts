/** What the module may, and what it asks for. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { whyMissing } from "../reactor/backends.ts";
import { testUnless } from "../util/peers.ts";
import { startDeno } from "../util/process.ts";
import { tempDir } from "../util/tempdir.ts";

const SCRIPT = new URL("./everything.ts", import.meta.url);
const DENIED = ["read", "write", "net", "env", "sys", "run", "import"].map((it) => `--deny-${it}`);

async function run(...permissions: string[]): Promise<[code: number, text: string]> {
  return await runWith([], {}, permissions);
}

async function runWith(
  more: string[],
  env: Record<string, string>,
  permissions: string[],
): Promise<[code: number, text: string]> {
  using dir = tempDir();
  Deno.mkdirSync(dir.join("d".repeat(120)));
  const args = [dir.path, ...more];
  await using child = startDeno(SCRIPT, permissions, { args, env: { NO_COLOR: "1", ...env } });
  await child.closeInput();
  const output = await child.readAll();
  const errors = await child.stderr;
  return [(await child.status).code, output + errors];
}

const notLinux = Deno.build.os === "linux" ? undefined : "it uses what Linux has";

testUnless(notLinux, "everything works with FFI permission alone, all else denied", async () => {
  const [code, text] = await run("--allow-ffi", ...DENIED);
  assertEquals(code, 0, text);
  assertMatch(text, /^done with /);
});

/** Where the C library is here. */
const paths = platform.libc.filter((it) => it.startsWith("/") && isFile(it));

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

testUnless(
  notLinux ?? (paths.length > 0 ? undefined : "the C library is nowhere that is known"),
  "everything works with FFI permission for the C library's path alone",
  async () => {
    for (const path of paths) {
      const [code, text] = await run(`--allow-ffi=${path}`, ...DENIED);
      assertEquals(code, 0, text);
      assertMatch(text, /^done with /);
    }
  },
);

testUnless(
  notLinux ?? (paths.length > 0 ? undefined : "the C library is nowhere that is known"),
  "a mapping needs FFI permission for more than a path, and says so",
  async () => {
    using dir = tempDir();
    const script = dir.join("map.ts");
    const module = new URL("../../mod.ts", import.meta.url).href;
    Deno.writeTextFileSync(
      script,
      `import { OwnedFd } from ${JSON.stringify(module)};
      using file = OwnedFd.memfd("a", new Uint8Array(4), { seal: true });
      file.map();`,
    );
    for (const path of paths) {
      await using child = startDeno(new URL(`file://${script}`), [`--allow-ffi=${path}`]);
      assertStringIncludes(await child.stderr, "needs --allow-ffi without a path");
      assertEquals((await child.status).code, 1);
    }
  },
);

for (const backend of ["io_uring", "aio", "pool"]) {
  testUnless(
    notLinux ?? whyMissing(backend),
    `load() lets a program give up FFI permission, everything works by ${backend} afterwards`,
    async () => {
      const permissions = ["--allow-ffi", "--allow-env=DENET_UNIX_REACTOR"];
      const [code, text] = await runWith(["revoke"], { DENET_UNIX_REACTOR: backend }, permissions);
      assertEquals({ code, text }, { code: 0, text: `done with ${backend}\n` });
    },
  );
}

testUnless(
  notLinux,
  "load() lets a Worker give up FFI permission, for descriptors of any number",
  async () => {
    using dir = tempDir();
    const module = new URL("../../mod.ts", import.meta.url).href;
    Deno.writeTextFileSync(
      dir.join("worker.ts"),
      `import { unix } from ${JSON.stringify(module)};
    unix.load();
    Deno.permissions.revokeSync({ name: "ffi" });
    const pairs = Array.from({ length: 100 }, () => unix.socketpair());
    for (const [a, b] of pairs) {
      const reading = b.read(new Uint8Array(1));
      await a.write(new Uint8Array(1));
      await reading;
      a.close();
      b.close();
    }
    postMessage("done");`,
    );
    Deno.writeTextFileSync(
      dir.join("main.ts"),
      `const worker = new Worker(new URL("worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }) => {
      console.log(data);
      worker.terminate();
    };`,
    );
    await using child = startDeno(new URL(`file://${dir.join("main.ts")}`), [
      "--allow-ffi",
      "--allow-read",
    ]);
    assertEquals([await child.readAll(), await child.stderr], ["done\n", ""]);
  },
);

Deno.test("a C library that is refused is not opened by another path", async () => {
  for (const permissions of [["--allow-ffi"], ["--allow-ffi=/lib,/lib64,/usr"]]) {
    const [code, text] = await run(...permissions, "--deny-ffi=/lib,/lib64,/usr");
    assertEquals(code, 1, text);
    assertStringIncludes(text, "NotCapable");
  }
  const [code, text] = await run("--allow-ffi", "--deny-ffi=/nowhere/else.so");
  assertEquals(code, 0, text);
});

Deno.test("without FFI permission the first call throws NotCapable, and nothing is asked for", async () => {
  for (const permissions of [[], ["--deny-ffi"], ["--allow-ffi=/nowhere/else.so"]]) {
    const [code, text] = await run(...permissions);
    assertEquals(code, 1);
    assertStringIncludes(text, "NotCapable");
    assertStringIncludes(text, "ffi");
  }
});
