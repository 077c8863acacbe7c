/** Calls of `sendmsg` and `recvmsg` that wait: how they end, and when. */

import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { type Msghdr, recvmsg, recvmsgSync, sendmsg, sendmsgSync, unix } from "../../mod.ts";
import { bytes, connected, fill, isPending, linuxTest, test, turn } from "../util/cases.ts";
import { tempDir } from "../util/tempdir.ts";
import { messageOf } from "../util/sockets.ts";

test("recvmsg() waits, and ends with the signal's reason", async () => {
  using pair = connected();
  using into = messageOf(new Uint8Array(4));
  const abort = new AbortController();
  const reason = new Error("enough");
  const pending = recvmsg(pair.b, into, { signal: abort.signal });
  assertEquals(await isPending(pending), true);
  abort.abort(reason);
  assertStrictEquals(await assertRejects(() => pending), reason);
  const { signal } = abort;
  assertStrictEquals(await assertRejects(() => recvmsg(pair.b, into, { signal })), reason);
  pair.a.writeSync(bytes("abc"));
  assertEquals(await recvmsg(pair.b, into), 3);
});

test("sendmsg() waits, and ends with the signal's reason", async () => {
  using pair = connected();
  fill(pair.a);
  using out = messageOf(new Uint8Array(4096));
  const abort = new AbortController();
  const pending = sendmsg(pair.a, out, { signal: abort.signal });
  assertEquals(await isPending(pending), true);
  abort.abort("enough");
  assertEquals(await assertRejects(() => pending), "enough");
});

test("sendmsg() and recvmsg() with MSG_DONTWAIT check their signal, too, and do nothing", async () => {
  using pair = connected();
  using message = messageOf(bytes("a"));
  const signals: [AbortSignal, string][] = [
    [AbortSignal.abort(new TypeError("enough")), "enough"],
    [5 as unknown as AbortSignal, "give an AbortSignal"],
  ];
  for (const [signal, why] of signals) {
    const options = { flags: platform.MSG_DONTWAIT, signal };
    await assertRejects(() => sendmsg(pair.a, message, options), TypeError, why);
    assertEquals(pair.b.bytesAvailable, 0);
    pair.a.writeSync(bytes("a"));
    await assertRejects(() => recvmsg(pair.b, message, options), TypeError, why);
    assertEquals(pair.b.readSync(new Uint8Array(8)), 1);
  }
});

test("recvmsg() that waits for its turn refuses a message without vectors on a stream", async () => {
  using pair = connected();
  using empty = messageOf();
  const first = pair.b.read(new Uint8Array(8));
  await assertRejects(() => recvmsg(pair.b, empty), TypeError, "without vectors: 0 bytes");
  pair.a.writeSync(bytes("a"));
  assertEquals(await first, 1);
});

test("close() ends a pending recvmsg() and sendmsg() with BadResource", async () => {
  using pair = connected();
  fill(pair.a);
  using out = messageOf(new Uint8Array(4096));
  using into = messageOf(new Uint8Array(4));
  const pending = [sendmsg(pair.a, out), recvmsg(pair.a, into)];
  await turn();
  pair.a.close();
  for (const it of pending) await assertRejects(() => it, Deno.errors.BadResource);
});

test("recvmsg() into one message twice at a time closes what the first one got", async () => {
  using pair = connected();
  using into = messageOf(new Uint8Array(1));
  unix.allocFiles(into, 1);
  const pending = [recvmsg(pair.b, into), recvmsg(pair.b, into)];
  await turn();
  pair.a.sendSync({ data: bytes("a"), files: [0] });
  pair.a.sendSync({ data: bytes("b"), files: [0] });
  assertEquals(await Promise.all(pending), [1, 1]);
  using file = unix.recvFiles(into)[0];
  assert(file);
});

test("memory that is detached while recvmsg() or sendmsg() waits is refused, and nothing is lost", async () => {
  using pair = connected();
  const memory = new Uint8Array(64);
  using into = messageOf(new Uint8Array(4), memory);
  const pending = recvmsg(pair.b, into);
  await turn();
  memory.buffer.transfer();
  pair.a.writeSync(bytes("abc"));
  await assertRejects(() => pending, TypeError, "detached or resized");
  assertEquals(await pair.b.read(new Uint8Array(8)), 3);

  fill(pair.a);
  const data = new Uint8Array(4096);
  using out = messageOf(data);
  unix.addFiles(out, 0);
  const sending = sendmsg(pair.a, out);
  await turn();
  data.buffer.transfer();
  while (pair.b.bytesAvailable > 0) pair.b.readSync(new Uint8Array(1 << 16));
  await assertRejects(() => sending, TypeError, "detached or resized");
});

test("sendmsg() to a full queue waits until there is space", async () => {
  using dir = tempDir();
  using receiver = unix.bind(dir.join("to"));
  using sender = unix.bind(dir.join("from"));
  using out = messageOf(bytes("a"));
  out.name = dir.join("to");
  let sent = 0;
  const flood = async (): Promise<void> => {
    for (; sent < 2000; sent++) await sendmsg(sender, out);
  };
  const pending = flood();
  assertEquals(await isPending(pending), true);
  for (let n = 0; n < 2000; n++) assertEquals(await receiver.read(new Uint8Array(4)), 1);
  await pending;
  assertEquals(sent, 2000);
});

test("sendmsgSync() and recvmsgSync() give up after the socket's time limits", () => {
  using pair = connected();
  fill(pair.a);
  pair.a.sendTimeout = 1;
  pair.a.receiveTimeout = 1;
  using made = messageOf(new Uint8Array(4096));
  assertThrows(() => sendmsgSync(pair.a, made), Deno.errors.WouldBlock);
  assertThrows(() => recvmsgSync(pair.a, made), Deno.errors.WouldBlock);
});

linuxTest("sendmsgSync() times out on a full queue after the time limit", () => {
  using dir = tempDir();
  using _receiver = unix.bind(dir.join("to"));
  using sender = unix.bind(dir.join("from"));
  using out = messageOf(bytes("a"));
  out.name = dir.join("to");
  sender.sendTimeout = 1;
  assertThrows(() => {
    for (;;) sendmsgSync(sender, out);
  }, Deno.errors.WouldBlock);
});

test("sendmsg() and recvmsg() say what they take", async () => {
  using pair = connected();
  using made = messageOf(bytes("a"));
  for (const call of [sendmsg, recvmsg, sendmsgSync, recvmsgSync]) {
    for (const wrong of [{}, 3, { fd: pair.a.fd }] as unknown as typeof pair.a[]) {
      await assertRejects(() => Promise.try(call, wrong, made), TypeError, "give a `Socket`");
    }
    const wrong = {} as unknown as Msghdr;
    await assertRejects(() => Promise.try(call, pair.a, wrong), TypeError, "give a `Msghdr`");
  }
});
