/** Whether pointers may be followed, by the permission that a program has. */

import { assertEquals } from "@std/assert";
import { mayFollowPointers } from "../../ffi/pointers.ts";
import { startDeno } from "../util/process.ts";
import { tempDir } from "../util/tempdir.ts";

Deno.test("mayFollowPointers() is true with the whole permission", () => {
  assertEquals(mayFollowPointers(), true);
});

Deno.test("mayFollowPointers() is false with a path or without permission, and shows no prompt", async () => {
  using dir = tempDir();
  const script = dir.join("main.ts");
  const module = new URL("../../ffi/pointers.ts", import.meta.url);
  Deno.writeTextFileSync(
    script,
    `import { mayFollowPointers } from "${module}"; console.log(mayFollowPointers());`,
  );
  for (const permissions of [[], ["--deny-ffi"], ["--allow-ffi=/some/library.so"]]) {
    await using child = startDeno(new URL(`file://${script}`), permissions);
    assertEquals(await child.readAll(), "false\n");
  }
});
