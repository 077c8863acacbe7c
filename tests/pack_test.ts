/**
 * The package that `deno task pack` makes is the module: the same exports and types, in fewer files.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { install } from "../.ci/install.ts";
import { config, ROOT } from "./util/project.ts";
import { type TempDir, tempDir } from "./util/tempdir.ts";

/** Make the package, and a program beside it that imports it by its names. */
async function packed(program: string): Promise<TempDir & { entries: Map<string, string> }> {
  const dir = tempDir();
  const entries = await install(dir.path);
  Deno.writeTextFileSync(dir.join("main.ts"), program);
  return Object.assign(dir, { entries });
}

async function deno(dir: TempDir, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: dir.path,
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  assertEquals([success, decoder.decode(stderr)], [true, ""]);
  return decoder.decode(stdout);
}

Deno.test("pack() makes entry points with the exports of the sources, and classes under their names", async () => {
  using dir = await packed("");
  for (const [name, source] of Object.entries(config().exports)) {
    const expected = await import(new URL(source, ROOT).href);
    const actual = await import(`file://${dir.entries.get(name)}`);
    assertEquals(named(actual), named(expected));
  }
});

function named(module: Record<string, unknown>): [string, unknown][] {
  return Object.entries(module).map(([key, it]): [string, unknown] => {
    const isClass = typeof it === "function" && `${it}`.startsWith("class");
    return [key, isClass ? it.name : typeof it];
  });
}

Deno.test("pack() makes entry points that have the types of the sources, and share their state", async () => {
  using dir = await packed(`
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
  `);
  await deno(dir, "check", "--quiet", "main.ts");
  assertEquals(await deno(dir, "run", "--allow-ffi", "main.ts"), "true true Socket\n");
});

Deno.test("pack() makes entry points of a few files, which need no permission", async () => {
  using dir = await packed('import "@denet/unix";');
  assertEquals(await deno(dir, "run", "main.ts"), "");
  const info = JSON.parse(await deno(dir, "info", "--json", "main.ts"));
  const files: string[] = info.modules.map((it: { specifier: string }) => it.specifier);
  assert(files.filter((it) => it.endsWith(".js")).length < 10);
});
