import { assertEquals, assertThrows } from "@std/assert";
import { libc, replaceLibc } from "../../ffi/libc.ts";
import { socketpair } from "../../lib/unix/socketpair.ts";
import type { SocketType } from "../../lib/socket/socket_type.ts";
import { bytes, PAIRED, test } from "../util/cases.ts";
import { changes, listDescriptors } from "../util/descriptors.ts";
import { isInherited, isNonblocking } from "../util/inherited.ts";

for (const type of PAIRED) {
  test(`socketpair() makes two unnamed sockets that are connected (${type})`, async () => {
    const [a, b] = socketpair({ type });
    using _a = a;
    using _b = b;
    assertEquals({ aType: a.type, bType: b.type }, { aType: type, bType: type });
    assertEquals({ localAddrPath: a.localAddr.path, remoteAddrPath: a.remoteAddr.path }, {
      localAddrPath: "",
      remoteAddrPath: "",
    });
    assertEquals({ localAddress: a.localAddress, remoteAddress: a.remoteAddress }, {
      localAddress: null,
      remoteAddress: null,
    });
    for (const [from, to] of [[a, b], [b, a]] as const) {
      await from.write(bytes("hello"));
      assertEquals(await to.read(new Uint8Array(8)), 5);
    }
  });
}

test("socketpair() makes stream sockets by default", () => {
  const [a, b] = socketpair();
  using _a = a;
  using _b = b;
  assertEquals(a.type, "stream");
});

test("socketpair() passes nothing on to other programs by default, and both ends on request", () => {
  for (const cloexec of [undefined, true, false]) {
    const [a, b] = socketpair(cloexec === undefined ? {} : { cloexec });
    using _a = a;
    using _b = b;
    const inherited = cloexec === false;
    assertEquals({ a: isInherited(a.fd), b: isInherited(b.fd) }, { a: inherited, b: inherited });
  }
});

test("socketpair() sets O_NONBLOCK on request, which changes nothing here", async () => {
  for (const nonblocking of [undefined, false, true]) {
    const [a, b] = socketpair(nonblocking === undefined ? {} : { nonblocking });
    using _a = a;
    using _b = b;
    const is = { a: isNonblocking(a.fd), b: isNonblocking(b.fd) };
    assertEquals(is, { a: nonblocking === true, b: nonblocking === true });
    const read = a.read(new Uint8Array(8));
    b.writeSync(bytes("a"));
    assertEquals(await read, 1);
    b.writeSync(bytes("bc"));
    assertEquals(a.readSync(new Uint8Array(8)), 2);
    assertEquals({ a: isNonblocking(a.fd), b: isNonblocking(b.fd) }, is);
  }
});

Deno.test("socketpair() refuses what is no type", () => {
  assertThrows(() => socketpair({ type: "raw" as SocketType }), TypeError, '"raw"');
});

test("socketpair() whose options are refused leaves nothing open", () => {
  const { setsockopt } = libc();
  for (const refused of [0, 1]) {
    let calls = 0;
    const previous = replaceLibc(Object.create(libc(), {
      setsockopt: {
        value: (
          fd: number,
          ...rest: Parameters<typeof setsockopt> extends [number, ...infer R] ? R : never
        ) => setsockopt(calls++ === refused ? 0x7ffffff0 : fd, ...rest),
      },
    }));
    try {
      const before = listDescriptors();
      assertThrows(() => socketpair({ sendBufferSize: 5000 }), Deno.errors.BadResource);
      assertEquals(changes(before, listDescriptors()), []);
    } finally {
      replaceLibc(previous);
    }
  }
});
