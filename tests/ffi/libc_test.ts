/** What becomes of the C library where it cannot be opened for a while. */

import { assertEquals } from "@std/assert";
import { libc } from "../../ffi/libc.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { testUnless } from "../util/peers.ts";
import { startDeno } from "../util/process.ts";
import { tempDir } from "../util/tempdir.ts";

const MODULE = new URL("../../mod.ts", import.meta.url).href;

/** A program in which opening fails once, as at the descriptor limit, and that fails to connect twice. */
const PROGRAM = `
  const failing = Number(Deno.args[0]);
  const { dlopen } = Deno;
  let count = 0;
  Deno.dlopen = (...args) => {
    if (++count === failing) throw new Error("too many open files");
    return dlopen(...args);
  };
  const { unix } = await import(${JSON.stringify(MODULE)});
  const causes = ["first", "second"].map(() => {
    try {
      return unix.connectSync("/nothing/here");
    } catch (error) {
      return error.code ?? (error.message.includes("too many open files") ? "shortage" : error);
    }
  });
  console.log(causes.join());
`;

/** The path under which this system has its C library. */
const library = platform.libc.filter((path) => path.startsWith("/")).find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});

for (const failing of [1, 2, 3, 4]) {
  testUnless(
    library === undefined ? "the C library is no file here" : undefined,
    `a call after opening the C library has failed (at step ${failing}) sees the right error`,
    async () => {
      using dir = tempDir();
      Deno.writeTextFileSync(dir.join("main.js"), PROGRAM);
      await using child = startDeno(
        new URL(`file://${dir.join("main.js")}`),
        [`--allow-ffi=${library}`, "--allow-import", "--allow-read"],
        { args: [`${failing}`] },
      );
      assertEquals([await child.readAll(), await child.stderr], ["shortage,ENOENT\n", ""]);
    },
  );
}

/** A program that is out of descriptors when functions that it uses often are to be opened for good. */
const OFTEN = `
  const { dlopen } = Deno;
  let isShort = false, opened = 0;
  Deno.dlopen = (...args) => {
    if (isShort) throw new Error("too many open files");
    opened++;
    return dlopen(...args);
  };
  const { unix } = await import(${JSON.stringify(MODULE)});
  const use = () => {
    for (let n = 0; n < 10; n++) unix.socketpair().forEach((it) => it.close());
  };
  unix.socketpair().forEach((it) => it.close());
  isShort = true;
  use();
  isShort = false;
  const before = opened;
  use();
  console.log(opened > before);
`;

Deno.test("functions that are used often are opened later if a shortage keeps them from it", async () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("main.js"), OFTEN);
  await using child = startDeno(
    new URL(`file://${dir.join("main.js")}`),
    ["--allow-ffi", "--allow-import", "--allow-read"],
  );
  assertEquals([await child.readAll(), await child.stderr], ["true\n", ""]);
});

Deno.test("libc() has nothing under a name that is none of its functions", () => {
  assertEquals((libc() as unknown as Record<string, unknown>).nothing, undefined);
});
