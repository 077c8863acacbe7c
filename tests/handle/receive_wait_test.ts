// Receives that wait: how they end, and that nothing is lost by it.

import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { bytes, connected, isPending, PAIRED, test, text, turn } from "../util/cases.ts";

test("receive() ends with the signal's reason before, during and after, and takes nothing", async () => {
  using pair = connected();
  const reason = new Error("enough");
  pair.a.writeSync(bytes("a"));
  const signal = AbortSignal.abort(reason);
  assertStrictEquals(await assertRejects(() => pair.b.receive({ signal })), reason);
  const late = new AbortController();
  using message = await pair.b.receive({ signal: late.signal });
  late.abort();
  assertEquals(text(message?.data), "a");
  const abort = new AbortController();
  const pending = [pair.b.receive({ signal: abort.signal }), pair.b.receive()];
  assertEquals(await isPending(Promise.race(pending)), true);
  abort.abort(reason);
  assertStrictEquals(await assertRejects(() => pending[0] ?? Promise.resolve()), reason);
  pair.a.writeSync(bytes("b"));
  assertEquals(text((await pending[1])?.data), "b");
});

for (const how of ["close", "detach", Symbol.dispose] as const) {
  test(`receive() that waits ends with BadResource on ${String(how)}`, async () => {
    for (const type of PAIRED) {
      using pair = connected(type);
      const pending = [
        pair.b.receive(),
        pair.b.receive({ waitAll: true, files: 1 }),
        pair.b.read(new Uint8Array(1)),
      ];
      await turn();
      const fd = pair.b[how]();
      for (const it of pending) await assertRejects(() => it, Deno.errors.BadResource);
      if (typeof fd === "number") OwnedFd.adopt(fd).close();
    }
  });
}

test("receive() with waitAll that is aborted keeps what came for the next one", async () => {
  using pair = connected();
  pair.a.writeSync(bytes("abcde"));
  const abort = new AbortController();
  const pending = pair.b.receive({ size: 10, waitAll: true, signal: abort.signal });
  assertEquals(await isPending(pending), true);
  abort.abort("enough");
  assertEquals(await assertRejects(() => pending), "enough");
  assertEquals(pair.b.bytesAvailable, 5);
  using peeked = await pair.b.receive({ peek: true, size: 2 });
  assertEquals(text(peeked?.data), "ab");
  const chunk = new Uint8Array(2);
  assertEquals({ read: await pair.b.read(chunk), chunk: text(chunk) }, { read: 2, chunk: "ab" });
  using sync = pair.b.receiveSync({ size: 1 });
  assertEquals(text(sync?.data), "c");
  pair.a.writeSync(bytes("fgh"));
  using rest = await pair.b.receive({ size: 5, waitAll: true });
  assertEquals({ data: text(rest?.data), bytesAvailable: pair.b.bytesAvailable }, {
    data: "defgh",
    bytesAvailable: 0,
  });
});

test("receive() with waitAll takes exactly what an aborted one has left, and waits for no more", async () => {
  using pair = connected();
  pair.a.writeSync(bytes("abcde"));
  const abort = new AbortController();
  const pending = pair.b.receive({ size: 10, waitAll: true, signal: abort.signal });
  await turn();
  abort.abort("enough");
  await assertRejects(() => pending);
  using rest = await pair.b.receive({ size: 5, waitAll: true });
  assertEquals(text(rest?.data), "abcde");
});

test("receive() with waitAll in memory of the caller's is aborted without losing bytes", async () => {
  using pair = connected();
  pair.a.writeSync(bytes("abc"));
  const buffer = [new Uint8Array(2), new Uint8Array(8)];
  const abort = new AbortController();
  const pending = pair.b.receive({ buffer, waitAll: true, signal: abort.signal });
  await turn();
  abort.abort("enough");
  await assertRejects(() => pending);
  for (const it of buffer) it.fill(0);
  assertEquals(text((await pair.b.receive())?.data), "abc");
});

test("receive() waits in the order it was called", async () => {
  using pair = connected("dgram");
  const pending = [1, 2, 3].map(() => pair.b.receive());
  await turn();
  for (const data of ["a", "b", "c"]) pair.a.writeSync(bytes(data));
  const messages = await Promise.all(pending);
  assertEquals(messages.map((it) => text(it?.data)), ["a", "b", "c"]);
});

test("receive() refuses memory that is detached or shrunk while it waits, and loses nothing", async () => {
  for (const change of ["detach", "shrink"] as const) {
    using pair = connected();
    const memory = new Uint8Array(new ArrayBuffer(64, { maxByteLength: 64 }));
    const pending = pair.b.receive({ buffer: memory });
    await turn();
    if (change === "detach") memory.buffer.transfer();
    else memory.buffer.resize(1);
    pair.a.writeSync(bytes("abc"));
    await assertRejects(() => pending, TypeError, "detached or resized");
    assertEquals(text((await pair.b.receive())?.data), "abc");
  }
});

test("receiveSync() times out after receiveTimeout", () => {
  for (const type of PAIRED) {
    using pair = connected(type);
    pair.b.receiveTimeout = 2;
    const error = assertThrows(() => pair.b.receiveSync(), Deno.errors.WouldBlock);
    assertEquals("code" in error && error.code, "EAGAIN");
    assertThrows(() => pair.b.readSync(new Uint8Array(1)), Deno.errors.WouldBlock);
  }
});
