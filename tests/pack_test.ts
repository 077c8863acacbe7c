// Time limit: 120 s, because the package is made, or waited for.

/**
 * The package that `deno task pack` makes is the module: the same exports and types, in fewer files.
 *
 * @module
 */

import { assertEquals, assertLess } from "@std/assert";
import { install } from "../.ci/install.ts";
import { copyPackage } from "./util/package.ts";
import { config, ROOT } from "./util/project.ts";
import { type TempDir, tempDir } from "./util/tempdir.ts";

async function deno(dir: TempDir, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: dir.path,
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  assertEquals({ success, errors: decoder.decode(stderr) }, { success: true, errors: "" });
  return decoder.decode(stdout);
}

Deno.test("pack() makes entry points", async (t) => {
  using dir = tempDir();
  const entries = await install(dir.path, copyPackage);

  await t.step("with the exports of the sources, and classes under their names", async () => {
    for (const [name, source] of Object.entries(config().exports)) {
      const expected = await import(new URL(source, ROOT).href);
      const actual = await import(`file://${entries.get(name)}`);
      assertEquals(named(actual), named(expected));
    }
  });

  await t.step("that have the types of the sources, and share their state", async () => {
    const program = `
      import { dial, Socket } from "@denet/unix";
      import { registerProtocol } from "@denet/unix/dial";
      import { socketpair } from "@denet/unix/unix";
      const [a, b]: [Socket, Socket] = socketpair();
      registerProtocol("half", () => Promise.resolve(a));
      // @ts-expect-error: it takes no number
      const conn: Deno.Conn = await dial("half", 1);
      console.log(conn === a, b instanceof Socket, Socket.name);
      a.close();
      b.close();
    `;
    Deno.writeTextFileSync(dir.join("main.ts"), program);
    await deno(dir, "check", "--quiet", "main.ts");
    assertEquals(await deno(dir, "run", "--allow-ffi", "main.ts"), "true true Socket\n");
  });

  await t.step("of a few files, which need no permission", async () => {
    Deno.writeTextFileSync(dir.join("import.ts"), 'import "@denet/unix";');
    assertEquals(await deno(dir, "run", "import.ts"), "");
    const info = JSON.parse(await deno(dir, "info", "--json", "import.ts"));
    const files: string[] = info.modules.map((it: { specifier: string }) => it.specifier);
    assertLess(files.filter((it) => it.endsWith(".js")).length, 10);
    assertLess(files.length, 25);
  });

  await t.step("with what a first wait calls in the form that V8 compiles ahead", () => {
    const code = Deno.readTextFileSync(dir.join("package/bundle/unix.js"));
    const names = [...code.matchAll(/^const (\w+) = \((?:async )?function \1\(/gm)].map((it) =>
      it[1]
    );
    const isAhead = (name: string): boolean => names.includes(name);
    assertEquals({ libc: isAhead("libc"), perform: isAhead("perform"), lock: isAhead("lock") }, {
      libc: true,
      perform: true,
      lock: false,
    });
  });

  await t.step("in ASCII, for which V8 keeps one byte for each character", () => {
    const others = [...entries.values()].filter((path) => !isAscii(path));
    const rooms = ["dial", "unix", "tools"].map((room) => dir.join(`package/bundle/${room}.js`));
    assertEquals({ others, rooms: rooms.filter((path) => !isAscii(path)) }, {
      others: [],
      rooms: [],
    });
  });
});

function isAscii(path: string): boolean {
  return Deno.readFileSync(path).every((byte) => byte < 0x80);
}

function named(module: Record<string, unknown>): [string, unknown][] {
  return Object.entries(module).map(([key, it]): [string, unknown] => {
    const isClass = typeof it === "function" && `${it}`.startsWith("class");
    return [key, isClass ? it.name : typeof it];
  });
}
