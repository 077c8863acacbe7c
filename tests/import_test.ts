/**
 * Importing an entry point asks for no permission and opens nothing.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { testUnless } from "./util/peers.ts";
import { config, ROOT } from "./util/project.ts";
import { startDeno } from "./util/process.ts";
import { type TempDir, tempDir } from "./util/tempdir.ts";

const entries = Object.entries(config().exports)
  .map(([name, path]) => ({ name, url: new URL(path, ROOT).href }));

/** Write a program and run it. The imports are static, as a computed one needs read permission. */
async function run(dir: TempDir, program: string, permissions: string[]): Promise<string> {
  Deno.writeTextFileSync(dir.join("main.ts"), program);
  await using child = startDeno(new URL(`file://${dir.join("main.ts")}`), permissions);
  const output = await child.readAll();
  assertEquals({ code: (await child.status).code, stderr: await child.stderr }, {
    code: 0,
    stderr: "",
  });
  return output;
}

for (const { name, url } of entries) {
  Deno.test(`import "${name}" works with no permission at all`, async () => {
    using dir = tempDir();
    const program = `import * as module from "${url}";
      console.log(typeof module === "object");`;
    assertEquals(await run(dir, program, []), "true\n");
  });

  Deno.test(`import "${name}" opens no library and asks for no permission`, async () => {
    using dir = tempDir();
    Deno.writeTextFileSync(
      dir.join("before.ts"),
      `
      const watch = (object: object, method: string) => Object.defineProperty(object, method, {
        value: (argument: unknown) => {
          console.log(method, argument);
          throw new Error("An import must not do this");
        },
      });
      watch(Deno, "dlopen");
      for (const it of ["query", "querySync", "request", "requestSync"]) watch(Deno.permissions, it);
      `,
    );
    const program = `import "./before.ts"; import "${url}";`;
    assertEquals(await run(dir, program, ["--allow-all"]), "");
  });

  const reason = Deno.build.os === "linux" ? undefined : "there is no /proc";
  testUnless(reason, `import "${name}" opens no descriptor and maps no file`, async () => {
    using dir = tempDir();
    Deno.writeTextFileSync(
      dir.join("before.ts"),
      `
      function opened(): string[] {
        const maps = Deno.readTextFileSync("/proc/self/maps").matchAll(/ (\\/.*)$/gm);
        const descriptors = [...Deno.readDirSync("/proc/self/fd")].map((it) => "fd " + it.name);
        return [...new Set([...maps].map((it) => it[1] ?? "")), ...descriptors].sort();
      }
      const before = opened();
      export function added(): string[] { return opened().filter((it) => !before.includes(it)); }`,
    );
    // Other threads of the runtime may have something open for a moment.
    const program = `import { added } from "./before.ts"; import "${url}";
      let left = added();
      for (let n = 0; n < 50 && left.length > 0; n++) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        left = added();
      }
      console.log(JSON.stringify(left));`;
    assertEquals(await run(dir, program, ["--allow-all"]), "[]\n");
  });
}
