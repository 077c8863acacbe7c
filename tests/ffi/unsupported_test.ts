/**
 * A system that no table knows. The file imports nothing of the module statically, and every test file
 * has module instances of its own: the system is another one by the time they load.
 */
// A process of its own, because the system is one that no table knows.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";

Object.defineProperty(Deno, "build", { value: { ...Deno.build, os: "windows", arch: "x86_64" } });

const { NotSupported } = Deno.errors;

Deno.test("import works on an unknown system, the first call throws NotSupported with its name", async () => {
  const { platform } = await import("../../ffi/platform/mod.ts");
  assertEquals({ name: platform.name, supported: platform.supported }, {
    name: "windows-x86_64",
    supported: false,
  });
  const { dial, OwnedFd, Socket, unix } = await import("../../mod.ts");
  const calls = [
    () => unix.socketpair(),
    () => unix.listen("a.sock"),
    () => unix.bind("a.sock"),
    () => unix.connectSync("a.sock"),
    () => OwnedFd.open("a"),
    () => Socket.adopt(0),
  ];
  for (const call of calls) {
    const error = assertThrows(call, NotSupported);
    assert(error.message.includes('"windows-x86_64"'), error.message);
  }
  for (const call of [() => unix.connect("a.sock"), () => dial("unix", "a.sock")]) {
    const error = await assertRejects(call, NotSupported);
    assert(error.message.includes('"windows-x86_64"'), error.message);
  }
});

Deno.test("dial() still connects by TCP on an unknown system", async () => {
  const { dial } = await import("../../mod.ts");
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using conn = await dial("tcp", "127.0.0.1", `${listener.addr.port}`);
  using accepted = await listener.accept();
  assertEquals(conn.remoteAddr, accepted.localAddr);
});
