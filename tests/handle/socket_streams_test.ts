import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { socketpair } from "../../lib/unix/socketpair.ts";
import {
  bytes,
  connected,
  fill,
  isOpen,
  isPending,
  PAIRED,
  test,
  text,
  turn,
} from "../util/cases.ts";

test("readable gives what comes up to the end, writable takes it", async () => {
  using pair = connected();
  assertStrictEquals(pair.a.readable, pair.a.readable);
  assertStrictEquals(pair.a.writable, pair.a.writable);
  const data = new Uint8Array(1 << 20).fill(7);
  const [, received] = await Promise.all([
    new Response(data).body?.pipeTo(pair.a.writable),
    new Response(pair.b.readable).bytes(),
  ]);
  assertEquals([received.byteLength, received.every((it) => it === 7)], [1 << 20, true]);
});

test("readable.pipeTo(writable) is an echo, and leaves nothing open", async () => {
  const [a, b] = socketpair();
  const { fd } = b;
  const echo = b.readable.pipeTo(b.writable);
  const writer = a.writable.getWriter();
  const reader = a.readable.getReader();
  for (const word of ["one", "two", "three"]) {
    await writer.write(bytes(word));
    assertEquals(text((await reader.read()).value), word);
  }
  await writer.close();
  assertEquals((await reader.read()).done, true);
  await echo;
  assertEquals(isOpen(fd), false, "both streams have ended");
  a.close();
});

test("writable waits for the peer: backpressure", async () => {
  using pair = connected();
  const writer = pair.a.writable.getWriter();
  const writes = Array.from({ length: 40 }, () => writer.write(new Uint8Array(1 << 16)));
  const all = Promise.all(writes);
  assertEquals(await isPending(all), true);
  assert((writer.desiredSize ?? 0) < 0);
  let read = 0;
  while (read < 40 << 16) read += await pair.b.read(new Uint8Array(1 << 18)) ?? 0;
  await all;
});

test("readable reads nothing before its consumer asks", async () => {
  using pair = connected();
  const reader = pair.b.readable.getReader();
  pair.a.writeSync(bytes("ab"));
  await turn();
  assertEquals(pair.b.bytesAvailable, 2);
  assertEquals(text((await reader.read()).value), "ab");
  pair.a.writeSync(bytes("cd"));
  await turn();
  assertEquals(pair.b.bytesAvailable, 2);
});

test("readable fills memory of the consumer's own", async () => {
  using pair = connected();
  pair.a.writeSync(bytes("abcd"));
  const reader = pair.b.readable.getReader({ mode: "byob" });
  const { value } = await reader.read(new Uint8Array(3));
  assertEquals([text(value), value?.buffer.byteLength], ["abc", 3]);
});

test("cancelling readable shuts down reading, closing writable shuts down writing", async () => {
  using pair = connected();
  const { fd } = pair.a;
  await pair.a.writable.close();
  assertEquals([await pair.b.read(new Uint8Array(1)), isOpen(fd)], [null, true]);
  await pair.a.readable.cancel();
  assertEquals(isOpen(fd), false);
  await assertRejects(() => pair.b.write(bytes("a")), Deno.errors.BrokenPipe);
});

test("cancelling readable ends its pending read", async () => {
  using pair = connected();
  const reader = pair.a.readable.getReader();
  const pending = reader.read();
  await turn();
  await reader.cancel();
  assertEquals((await pending).done, true);
  await pair.a.write(bytes("a"));
  assertEquals(await pair.b.read(new Uint8Array(8)), 1);
});

test("aborting writable shuts down writing", async () => {
  using pair = connected();
  await pair.a.writable.abort("enough");
  assertEquals(await pair.b.read(new Uint8Array(1)), null);
  assertEquals(isOpen(pair.a.fd), true);
});

test("aborting writable ends a write that waits", async () => {
  using pair = connected();
  fill(pair.a);
  const writer = pair.a.writable.getWriter();
  writer.closed.catch(() => {});
  const write = writer.write(new Uint8Array(1 << 20));
  await turn();
  const aborted = writer.abort("enough");
  pair.b.close();
  await assertRejects(() => write);
  await Promise.allSettled([aborted]);
});

test("close() ends the streams with BadResource", async () => {
  using pair = connected();
  fill(pair.a);
  const reader = pair.a.readable.getReader();
  const writer = pair.a.writable.getWriter();
  reader.closed.catch(() => {});
  writer.closed.catch(() => {});
  const pending = [reader.read(), writer.write(new Uint8Array(1 << 20))];
  await turn();
  pair.a.close();
  for (const it of pending) await assertRejects(() => it, Deno.errors.BadResource);
});

for (const type of PAIRED.filter((it) => it !== "stream")) {
  test(`readable passes over empty messages (${type})`, async () => {
    using pair = connected(type);
    const reader = pair.b.readable.getReader();
    for (const data of ["", "a", "", "", "b"]) pair.a.sendSync({ data: bytes(data) });
    assertEquals(text((await reader.read()).value), "a");
    assertEquals(text((await reader.read()).value), "b");
    const pending = reader.read();
    await turn();
    await reader.cancel();
    assertEquals((await pending).done, true);
  });
}
