/**
 * A system that no table knows. The file imports nothing of the module statically, and every test file
 * has module instances of its own: the system is another one by the time they load.
 */

import { assert, assertEquals, assertThrows } from "@std/assert";

Object.defineProperty(Deno, "build", { value: { ...Deno.build, os: "windows", arch: "x86_64" } });

Deno.test("import works on an unknown system, the first call throws NotSupported with its name", async () => {
  const { platform } = await import("../../ffi/platform/mod.ts");
  const { libc } = await import("../../ffi/libc.ts");
  const { socketpair } = await import("../../ffi/syscalls/sockets.ts");
  assertEquals([platform.name, platform.supported], ["windows-x86_64", false]);
  for (
    const call of [() => libc().socket, () => socketpair(1, { cloexec: true, nonblocking: false })]
  ) {
    const error = assertThrows(call, Deno.errors.NotSupported);
    assert(error.message.includes('"windows-x86_64"'), error.message);
  }
});
