import { assertEquals, assertRejects } from "@std/assert";
import { unix } from "../../mod.ts";
import {
  bytes,
  connected,
  fill,
  gcTest,
  isForgotten,
  isPending,
  PAIRED,
  test,
  text,
  turn,
} from "../util/cases.ts";
import { noLeaks } from "../util/descriptors.ts";
import { readBytes } from "../util/sockets.ts";

function numbered(count: number, size: number): Uint8Array[] {
  return Array.from({ length: count }, (_, n) => {
    const bytes = new Uint8Array(size);
    new DataView(bytes.buffer).setUint32(0, n);
    return bytes;
  });
}

Deno.test(
  "Socket.write() keeps the order of writes and sends when the buffer is full",
  noLeaks(async () => {
    const [a, b] = unix.socketpair();
    using _a = a;
    using _b = b;
    const messages = numbered(2000, 1000);
    const sent = messages.map((bytes, n) =>
      n % 300 === 299 ? a.send({ data: bytes }) : a.write(bytes)
    );
    for (let n = 0; n < messages.length; n++) {
      using message = await b.receive({ size: 1000, waitAll: true });
      assertEquals(message?.data, messages[n]);
    }
    assertEquals((await Promise.all(sent)).every((count) => count === 1000), true);
  }),
);

Deno.test(
  "Socket.write() fails every write that waits when the socket is closed",
  noLeaks(async () => {
    const [a, b] = unix.socketpair();
    using _b = b;
    const writes = numbered(2000, 1000).map((bytes) => a.write(bytes));
    const outcome = Promise.allSettled(writes);
    a.close();
    const settled = await outcome;
    const failed = settled.filter((it) => it.status === "rejected");
    assertEquals(failed.length > 0 && failed.length < 2000, true);
    assertEquals(failed.every((it) => it.reason instanceof Deno.errors.BadResource), true);
    await assertRejects(() => a.write(new Uint8Array(1)), Deno.errors.BadResource);
  }),
);

/** Fill a socket, and start a write that waits: how much is to be read until the next ones go out. */
async function waiting(a: unix.Socket): Promise<[number, Promise<number>]> {
  const filled = fill(a);
  const first = a.write(new Uint8Array(8));
  assertEquals(await isPending(first), true);
  return [filled + 8, first];
}

test("writes that queue up end each on their own: what cannot be sent fails alone", async () => {
  using pair = connected();
  const [size, first] = await waiting(pair.a);
  const detached = new Uint8Array(16);
  const gone = new Uint8Array(16);
  gone.buffer.transfer();
  const empty = new Uint8Array(new ArrayBuffer(4), 4);
  const shrinking = new ArrayBuffer(16, { maxByteLength: 16 });
  const wrong = Object.create(Uint8Array.prototype);
  const given = [
    bytes("abc"),
    wrong,
    detached,
    bytes("defg"),
    new Uint8Array(shrinking),
    bytes(""),
    gone,
    empty,
    bytes("h"),
  ];
  const writes = Promise.allSettled(given.map((it) => pair.a.write(it)));
  detached.buffer.transfer();
  empty.buffer.transfer();
  shrinking.resize(8);
  await readBytes(pair.b, size);
  assertEquals(await first, 8);
  const outcome = (await writes).map((it) =>
    it.status === "fulfilled" ? it.value : it.reason.constructor
  );
  assertEquals(outcome, [3, TypeError, TypeError, 4, TypeError, 0, 0, 0, 1]);
  assertEquals(text((await pair.b.receive())?.data), "abcdefgh");
});

test("a write that waits sends as much as it was given, and rejects once that is gone", async () => {
  for (const type of PAIRED) {
    using pair = connected(type);
    const size = fill(pair.a, 512);
    const memory = new ArrayBuffer(4, { maxByteLength: 64 });
    const grown = pair.a.write(new Uint8Array(memory).fill(97));
    memory.resize(64);
    const moved = new Uint8Array(4);
    const gone = pair.a.write(moved);
    moved.buffer.transfer();
    const both = Promise.allSettled([grown, gone]);
    const last = type === "stream" ? undefined : pair.b;
    if (last === undefined) await readBytes(pair.b, size);
    else for (let n = 0; n < size; n += 512) await last.read(new Uint8Array(512));
    const [first, second] = await both;
    assertEquals(first, { status: "fulfilled", value: 4 });
    assertEquals(second?.status, "rejected");
    assertEquals(text((await pair.b.receive())?.data), "aaaa", type);
  }
});

test("writes that queue up reject once the peer has closed", async () => {
  using pair = connected();
  const [, first] = await waiting(pair.a);
  const writes = Promise.allSettled([
    first,
    ...Array.from({ length: 3 }, () => pair.a.write(bytes("abc"))),
  ]);
  pair.b.close();
  const reasons = (await writes).map((it) => it.status === "rejected" ? it.reason.name : it.value);
  assertEquals(reasons, ["BrokenPipe", "BrokenPipe", "BrokenPipe", "BrokenPipe"]);
});

test("a write with a signal ends with its reason, and those around it continue", async () => {
  using pair = connected();
  const [size, first] = await waiting(pair.a);
  const abort = new AbortController();
  const aborted = pair.a.write(bytes("no"), { signal: abort.signal });
  const others = [pair.a.write(bytes("ab")), pair.a.write(bytes("cd"))];
  abort.abort("enough");
  assertEquals(await assertRejects(() => aborted), "enough");
  await readBytes(pair.b, size);
  assertEquals([await first, ...await Promise.all(others)], [8, 2, 2]);
  assertEquals(text((await pair.b.receive({ size: 4, waitAll: true }))?.data), "abcd");
  const { signal } = abort;
  assertEquals(await assertRejects(() => pair.a.write(bytes("no"), { signal })), "enough");
});

gcTest("what was written is not kept once it has gone out", async () => {
  using pair = connected();
  const gone = await isForgotten(async () => {
    fill(pair.a);
    const chunk = new Uint8Array(300_000);
    const writes = [pair.a.write(new Uint8Array(1)), pair.a.write(chunk), pair.a.write(chunk)];
    const all = Promise.all(writes);
    const into = new Uint8Array(1 << 20);
    let isDone = false;
    all.then(() => isDone = true);
    while (!isDone) {
      if (pair.b.bytesAvailable > 0) pair.b.readSync(into);
      await turn();
    }
    return chunk.buffer;
  });
  assertEquals(gone, true);
});

test("a write that waited and went out in part ends with that part when the peer closes", async () => {
  using pair = connected();
  const [size, first] = await waiting(pair.a);
  const length = 1 << 22;
  const second = pair.a.write(new Uint8Array(length));
  const third = assertRejects(() => pair.a.write(bytes("c")), Deno.errors.BrokenPipe);
  await readBytes(pair.b, size);
  assertEquals(await first, 8);
  assertEquals(await isPending(second), true);
  pair.b.close();
  const count = await second;
  assertEquals(count > 0 && count < length, true);
  await third;
});
