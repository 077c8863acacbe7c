import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import type { Socket } from "../../lib/handle/socket.ts";
import { recvmsg, recvmsgSync, sendmsg, sendmsgSync } from "../../mod.ts";
import {
  bytes,
  connected,
  isPending,
  linuxTest,
  test,
  text,
  turn,
  untilTaken,
} from "../util/cases.ts";
import { messageOf, readBytes } from "../util/sockets.ts";

const { Busy, WouldBlock } = Deno.errors;
const { MSG_DONTWAIT, MSG_OOB, MSG_PEEK } = platform;

/** More than a socket takes at once. */
const LARGE = 3 << 20;

/** Every way to send that does not queue. */
const senders: Readonly<Record<string, (socket: Socket, data: Uint8Array) => number>> = {
  sendSync: (socket, data) => socket.sendSync({ data }),
  writeSync: (socket, data) => socket.writeSync(data),
  sendmsgSync: (socket, data) => sendmsgSync(socket, messageOf(data)),
};

/** Every way to receive that does not queue. */
const receivers: Readonly<Record<string, (socket: Socket, buffer: Uint8Array) => number>> = {
  receiveSync: (socket, buffer) => socket.receiveSync({ buffer })?.data.byteLength ?? 0,
  readSync: (socket, buffer) => socket.readSync(buffer) ?? 0,
  recvmsgSync: (socket, buffer) => recvmsgSync(socket, messageOf(buffer)),
};

/** The same, and those that wait for their turn. */
const readers: Readonly<Record<string, (socket: Socket, buffer: Uint8Array) => Promise<number>>> = {
  receive: async (socket, buffer) => (await socket.receive({ buffer }))?.data.byteLength ?? 0,
  read: async (socket, buffer) => (await socket.read(buffer)) ?? 0,
  recvmsg: (socket, buffer) => recvmsg(socket, messageOf(buffer)),
};

for (const [name, send] of Object.entries(senders)) {
  test(`${name}() does not cut into a send() under way`, async () => {
    using pair = connected();
    const pending = pair.a.send({ data: new Uint8Array(LARGE) });
    await turn();
    assertThrows(() => send(pair.a, bytes("a")), Busy, "await that first");
    await readBytes(pair.b, LARGE);
    assertEquals(await pending, LARGE);
    assertEquals(send(pair.a, bytes("a")), 1);
  });
}

for (const [name, receive] of Object.entries(receivers)) {
  test(`${name}() takes nothing out of the middle of a receive() under way`, async () => {
    using pair = connected();
    const buffer = new Uint8Array(8);
    const pending = pair.b.receive({ size: 6, waitAll: true });
    pair.a.writeSync(bytes("abc"));
    await untilTaken(pair.b);
    pair.a.writeSync(bytes("def!"));
    assertThrows(() => receive(pair.b, buffer), Busy, "await that first");
    using whole = await pending;
    assertEquals(text(whole?.data), "abcdef");
    assertEquals({ received: receive(pair.b, buffer), buffer: text(buffer.subarray(0, 1)) }, {
      received: 1,
      buffer: "!",
    });
  });

  test(`${name}() does not come before a read() under way`, async () => {
    using pair = connected();
    const first = new Uint8Array(1);
    const buffer = new Uint8Array(8);
    const pending = pair.b.read(first);
    pair.a.writeSync(bytes("ab"));
    assertThrows(() => receive(pair.b, buffer), Busy);
    assertEquals({ pending: await pending, first: text(first) }, { pending: 1, first: "a" });
    assertEquals({ received: receive(pair.b, buffer), buffer: text(buffer.subarray(0, 1)) }, {
      received: 1,
      buffer: "b",
    });
  });

  test(`${name}() continues after a receive() that was aborted in the middle`, async () => {
    using pair = connected();
    const abort = new AbortController();
    const pending = pair.b.receive({ size: 6, waitAll: true, signal: abort.signal });
    pair.a.writeSync(bytes("abc"));
    await untilTaken(pair.b);
    pair.a.writeSync(bytes("def"));
    abort.abort();
    const buffer = new Uint8Array(2);
    assertThrows(() => receive(pair.b, buffer), Busy);
    await assertRejects(() => pending, DOMException);
    const got: string[] = [];
    for (let n = 0; n < 4; n++) got.push(text(buffer.subarray(0, receive(pair.b, buffer))));
    assertEquals(got, ["ab", "c", "de", "f"]);
  });
}

for (const [name, read] of Object.entries(readers)) {
  test(`${name}() that waits its turn gets what an aborted receive() had taken`, async () => {
    using pair = connected();
    const abort = new AbortController();
    const pending = pair.b.receive({ size: 6, waitAll: true, signal: abort.signal });
    const aborted = assertRejects(() => pending, DOMException);
    pair.a.writeSync(bytes("abc"));
    await untilTaken(pair.b);
    pair.a.writeSync(bytes("def"));
    const buffer = new Uint8Array(3);
    const next = read(pair.b, buffer);
    abort.abort();
    assertEquals({ next: await next, buffer: text(buffer) }, { next: 3, buffer: "abc" });
    await aborted;
    assertEquals({ read: await read(pair.b, buffer), buffer: text(buffer) }, {
      read: 3,
      buffer: "def",
    });
  });
}

test("recvmsg() with MSG_PEEK leaves what an aborted receive() had taken", async () => {
  using pair = connected();
  const abort = new AbortController();
  const pending = pair.b.receive({ size: 6, waitAll: true, signal: abort.signal });
  pair.a.writeSync(bytes("abc"));
  await untilTaken(pair.b);
  abort.abort();
  await assertRejects(() => pending, DOMException);
  const [one, two] = [new Uint8Array(1), new Uint8Array(2)];
  using into = messageOf(one);
  into.addVector(two);
  assertEquals({
    received: recvmsgSync(pair.b, into, { flags: MSG_PEEK }),
    one: text(one),
    two: text(two),
  }, { received: 3, one: "a", two: "bc" });
  assertEquals(pair.b.bytesAvailable, 3);
  assertEquals({ received: await recvmsg(pair.b, into), two: text(two) }, {
    received: 3,
    two: "bc",
  });
  assertEquals({ bytesReceived: into.bytesReceived, flags: into.flags, name: into.name }, {
    bytesReceived: 3,
    flags: 0,
    name: null,
  });
  assertEquals(pair.b.bytesAvailable, 0);
});

test("MSG_DONTWAIT does not overtake what is under way", async () => {
  using pair = connected();
  const receiving = pair.b.receive({ size: 6, waitAll: true });
  pair.a.writeSync(bytes("abc"));
  await untilTaken(pair.b);
  pair.a.writeSync(bytes("def"));
  using into = messageOf(new Uint8Array(8));
  await assertRejects(() => recvmsg(pair.b, into, { flags: MSG_DONTWAIT }), WouldBlock);
  using whole = await receiving;
  assertEquals(text(whole?.data), "abcdef");

  const sending = pair.a.send({ data: new Uint8Array(LARGE) });
  await turn();
  const read = pair.b.readSync(new Uint8Array(1 << 20)) ?? 0;
  using out = messageOf(bytes("x"));
  await assertRejects(() => sendmsg(pair.a, out, { flags: MSG_DONTWAIT }), WouldBlock);
  await readBytes(pair.b, LARGE - read);
  assertEquals(await sending, LARGE);
});

linuxTest("recvmsgSync() takes urgent data past a read() under way", async () => {
  using pair = connected();
  const pending = pair.b.receive({ size: 6, waitAll: true });
  pair.a.writeSync(bytes("abc"));
  await untilTaken(pair.b);
  using out = messageOf(bytes("!"));
  sendmsgSync(pair.a, out, { flags: MSG_OOB });
  const byte = new Uint8Array(1);
  using into = messageOf(byte);
  assertEquals({ received: recvmsgSync(pair.b, into, { flags: MSG_OOB }), byte: text(byte) }, {
    received: 1,
    byte: "!",
  });
  pair.a.writeSync(bytes("def"));
  using whole = await pending;
  assertEquals(text(whole?.data), "abcdef");
});

for (const type of ["seqpacket", "dgram"] as const) {
  linuxTest(
    `receiveSync() takes a whole message before a receive() that waits (${type})`,
    async () => {
      using pair = connected(type);
      const pending = pair.b.receive();
      assertEquals(await isPending(pending), true);
      pair.a.writeSync(bytes("first"));
      pair.a.writeSync(bytes("second"));
      using now = pair.b.receiveSync();
      using later = await pending;
      assertEquals({ nowData: text(now?.data), laterData: text(later?.data) }, {
        nowData: "first",
        laterData: "second",
      });
    },
  );
}
