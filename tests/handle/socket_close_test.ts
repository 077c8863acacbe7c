/** How a `Socket` ends: `close()`, `detach()`, and what waits then. */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { descriptorOf, Socket } from "../../lib/handle/socket.ts";
import { bytes, CONNECTED, connected, fill, isOpen, PAIRED, test, turn } from "../util/cases.ts";

test("close() is idempotent, and never touches a reused number", () => {
  using pair = connected();
  const { fd } = pair.a;
  pair.a.close();
  using reused = OwnedFd.open("/dev/null");
  assertEquals(reused.fd, fd);
  pair.a.close();
  pair.a[Symbol.dispose]();
  assertEquals(isOpen(fd), true);
});

test("use after close throws BadResource", async () => {
  using pair = connected();
  const { a } = pair;
  a.close();
  const one = new Uint8Array(1);
  const uses: (() => unknown)[] = [
    () => a.fd,
    () => a.localAddr,
    () => a.remoteAddr,
    () => a.localAddress,
    () => a.remoteAddress,
    () => a.detach(),
    () => a.readSync(one),
    () => a.writeSync(one),
    () => a.sendSync({ data: one }),
    () => a.sendSync({ data: one, files: [0] }),
    () => a.receiveSync(),
    () => a.shutdown("both"),
  ];
  for (const use of uses) {
    assertThrows(use, Deno.errors.BadResource, "Cannot use the Socket: it is closed");
  }
  const later: (() => Promise<unknown>)[] = [
    () => a.read(one),
    () => a.write(one),
    () => a.send({ data: one }),
    () => a.receive(),
    () => a.closeWrite(),
    () => a.messages().next(),
    () => a.readable.getReader().read(),
  ];
  for (const use of later) {
    await assertRejects(use, Deno.errors.BadResource, "Cannot use the Socket: it is closed");
  }
  a.ref();
  a.unref();
  assertThrows(() => descriptorOf(a).fd, Deno.errors.BadResource);
});

for (const how of ["close", "detach", Symbol.dispose] as const) {
  test(`read() and write() that wait end with BadResource on ${String(how)}`, async () => {
    for (const type of PAIRED) {
      using pair = connected(type);
      fill(pair.a, 1024);
      const pending = [
        pair.a.read(new Uint8Array(1)),
        pair.a.read(new Uint8Array(1)),
        pair.a.write(new Uint8Array(1024)),
        pair.a.write(new Uint8Array(1024)),
      ];
      await turn();
      const fd = pair.a[how]();
      for (const it of pending) {
        await assertRejects(
          () => it,
          Deno.errors.BadResource,
          "Cannot use the Socket: it is closed",
        );
      }
      if (typeof fd === "number") OwnedFd.adopt(fd).close();
    }
  });
}

test("close() lets the peer see the end at once, although something waited", async () => {
  for (const type of CONNECTED.filter((it) => PAIRED.includes(it))) {
    using pair = connected(type);
    const ended = [pair.a.read(new Uint8Array(1)), pair.a.ready("read")].map((it) =>
      assertRejects(() => it, Deno.errors.BadResource)
    );
    await turn();
    pair.b.receiveTimeout = 10_000; // of a blocking call: no other code of this thread runs
    pair.a.close();
    assertEquals(pair.b.readSync(new Uint8Array(1)), null, type);
    await Promise.all(ended);
  }
});

test("detach() gives the number up, and adopt() takes it over", async () => {
  using pair = connected();
  const { fd } = pair.a;
  assertEquals(pair.a.detach(), fd);
  pair.a.close();
  using adopted = Socket.adopt(fd);
  assertEquals({ fd: adopted.fd, type: adopted.type, isOpen: isOpen(fd) }, {
    fd,
    type: "stream",
    isOpen: true,
  });
  await adopted.write(bytes("a"));
  assertEquals(await pair.b.read(new Uint8Array(8)), 1);
});
