import { assertEquals, assertRejects } from "@std/assert";
import { Read } from "../../lib/handle/reading.ts";
import { stateOf } from "../../lib/handle/socket_transfer.ts";
import type { Socket } from "../../lib/handle/socket.ts";
import { bytes, connected, isPending, linuxTest, PAIRED, test, text, turn } from "../util/cases.ts";
import { countDescriptors } from "../util/descriptors.ts";

type ReadInto = (socket: Socket, into: Uint8Array) => Promise<number | null>;

const twins: Readonly<Record<string, ReadInto>> = {
  read: (socket, into) => socket.read(into),
  readSync: (socket, into) => Promise.try(() => socket.readSync(into)),
};

for (const [name, read] of Object.entries(twins)) {
  for (const type of PAIRED) {
    test(`${name}() into no space gives 0 at once, and takes nothing (${type})`, async () => {
      using pair = connected(type);
      assertEquals(await read(pair.b, new Uint8Array(0)), 0);
      pair.a.sendSync({ data: bytes("keep"), files: [0] });
      assertEquals(await read(pair.b, new Uint8Array(0)), 0);
      using message = await pair.b.receive({ files: 1 });
      assertEquals({ data: text(message?.data), fileCount: message?.files.length }, {
        data: "keep",
        fileCount: 1,
      });
      pair.a.close();
      assertEquals(await read(pair.b, new Uint8Array(0)), 0);
    });

    test(`${name}() gives the bytes of one message, and the kernel closes what came along (${type})`, async () => {
      using pair = connected(type);
      pair.a.sendSync({ data: bytes("hello"), files: [0, 1] });
      const before = countDescriptors();
      const into = new Uint8Array(8);
      assertEquals({ read: await read(pair.b, into), into: text(into.subarray(0, 5)) }, {
        read: 5,
        into: "hello",
      });
      assertEquals(countDescriptors(), before);
    });
  }

  linuxTest(
    `${name}() of a seqpacket socket distinguishes an empty message from the end`,
    async () => {
      using pair = connected("seqpacket");
      pair.a.sendSync({ data: bytes("") });
      pair.a.close();
      const into = new Uint8Array(8);
      assertEquals({ first: await read(pair.b, into), second: await read(pair.b, into) }, {
        first: 0,
        second: null,
      });
      assertEquals(await read(pair.b, into), null);
    },
  );

  linuxTest(
    `${name}() of a datagram socket ends again and again once reading is shut down`,
    async () => {
      using pair = connected("dgram");
      pair.b.shutdown("read");
      for (let n = 0; n < 3; n++) assertEquals(await read(pair.b, new Uint8Array(8)), null);
      assertEquals(await pair.b.receive(), null);
    },
  );

  test(`${name}() fills a view that follows its memory only as far as it went at the call`, async () => {
    using pair = connected();
    const memory = new ArrayBuffer(4, { maxByteLength: 64 });
    const view = new Uint8Array(memory);
    const pending = name === "read" ? pair.b.read(view) : undefined;
    await turn();
    memory.resize(name === "read" ? 64 : 4);
    pair.a.writeSync(new Uint8Array(10).fill(7));
    assertEquals(await (pending ?? read(pair.b, view)), 4);
    assertEquals(pair.b.bytesAvailable, 6);
  });
}

test("read() ends with the signal's reason, and takes nothing", async () => {
  for (const type of PAIRED) {
    using pair = connected(type);
    const abort = new AbortController();
    const pending = pair.b.read(new Uint8Array(8), { signal: abort.signal });
    assertEquals(await isPending(pending), true);
    // Data and the abort in one turn: the abort counts.
    pair.a.writeSync(bytes("a"));
    abort.abort("enough");
    assertEquals(await assertRejects(() => pending), "enough");
    assertEquals(pair.b.readSync(new Uint8Array(8)), 1, type);
    const { signal } = abort;
    assertEquals(await assertRejects(() => pair.b.read(new Uint8Array(1), { signal })), "enough");
  }
});

test("Read takes bytes that an earlier receive left first", () => {
  using pair = connected();
  pair.a.writeSync(bytes("cd"));
  const state = stateOf(pair.b);
  state.receiveState(pair.b).giveBack(bytes("ab"));
  const into = new Uint8Array(8);
  const read = new Read(state, pair.b, into, 8);
  assertEquals({ outcome: read.outcome(read.attempt()), into: text(into.subarray(0, 2)) }, {
    outcome: 2,
    into: "ab",
  });
  assertEquals(pair.b.readSync(into), 2);
});
