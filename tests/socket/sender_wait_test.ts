/** Sends that wait for space: what they hold, and how they end. */

import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { libc, replaceLibc } from "../../ffi/libc.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { concatenated } from "../../lib/socket/pieces.ts";
import { bind } from "../../lib/unix/bind.ts";
import { bytes, connected, fill, isPending, linuxTest, test, turn } from "../util/cases.ts";
import { countDescriptors, noLeaks } from "../util/descriptors.ts";
import { outOfDescriptors } from "../util/limits.ts";
import { tempDir } from "../util/tempdir.ts";
import { readBytes } from "../util/sockets.ts";

test("send() of more than fits waits, and sends all of it with the descriptors once", async () => {
  using pair = connected();
  const data = new Uint8Array(3 << 20);
  for (let n = 0; n < data.byteLength; n += 4096) data[n] = n >> 12;
  const pending = pair.a.send({ data, files: [0] });
  assertEquals(await isPending(pending), true);
  using first = await pair.b.receive({ files: 1 });
  const rest = await readBytes(pair.b, data.byteLength - (first?.data.byteLength ?? 0));
  assertEquals(await pending, data.byteLength);
  assertEquals(first?.files.length, 1);
  assertEquals(Deno.inspect(concatenated([first?.data ?? rest, rest])), Deno.inspect(data));
  assertEquals(pair.b.bytesAvailable, 0);
});

Deno.test("sendSync() of more than fits blocks until a thread elsewhere has read it", async (t) => {
  const worker = `
    import { Socket } from ${JSON.stringify(new URL("../../mod.ts", import.meta.url).href)};
    onmessage = ({ data: { fd, length } }) => {
      using socket = Socket.adopt(fd);
      const chunk = new Uint8Array(65536);
      let read = 0;
      postMessage("ready");
      while (read < length) read += socket.readSync(chunk);
      postMessage(read);
    };
  `;
  const url = URL.createObjectURL(new Blob([worker], { type: "text/javascript" }));
  // Outside of what is compared: Deno keeps descriptors of a Worker that has ended, until the next starts.
  const reader = new Worker(url, { type: "module" });
  await noLeaks(async () => {
    using pair = connected();
    const length = 2 << 20;
    reader.postMessage({ fd: pair.b.detach(), length });
    await new Promise((resolve) => reader.onmessage = resolve);
    const read = new Promise((resolve) => reader.onmessage = ({ data }) => resolve(data));
    assertEquals(pair.a.sendSync({ data: new Uint8Array(length) }), length);
    assertEquals(await read, length);
  })(t);
  reader.terminate();
  URL.revokeObjectURL(url);
});

test("send() by many at a time never mixes messages nor exchanges descriptors", async () => {
  using pair = connected();
  using zero = OwnedFd.open("/dev/zero");
  using none = OwnedFd.open("/dev/null");
  const size = 100_000;
  const senders = Array.from({ length: 12 }, (_, n) =>
    pair.a.send({
      data: new Uint8Array(size).fill(n + 1),
      ...(n % 3 === 0 ? { files: [n % 2 ? zero : none] } : {}),
    }));
  for (let n = 0; n < 12; n++) {
    let done = 0;
    while (done < size) {
      using message = await pair.b.receive({ size: size - done, files: 4, waitAll: true });
      assert(message);
      assertEquals(message.data.every((it) => it === n + 1), true, `message ${n}`);
      if (message.files.length > 0) {
        const expected = n % 3 === 0 ? (n % 2 ? zero : none).statSync().rdev : undefined;
        assertEquals(message.files.map((it) => it.statSync().rdev), [expected]);
      }
      done += message.data.byteLength;
    }
  }
  assertEquals(await Promise.all(senders), Array(12).fill(size));
});

test("send() holds on to descriptors that the caller closes while it waits", async () => {
  using pair = connected();
  fill(pair.a);
  const file = OwnedFd.open("/dev/zero");
  const { rdev } = file.statSync();
  const pending = [
    pair.a.send({ data: bytes("a"), files: [file] }),
    pair.a.send({ data: bytes("b"), files: [file] }),
  ];
  await turn();
  file.close();
  using _reused = OwnedFd.open("/dev/null");
  const received: unknown[] = [];
  while (received.length < 2) {
    using message = await pair.b.receive({ files: 2 });
    if (message) received.push(...message.files.map((it) => it.statSync().rdev));
  }
  assertEquals(received, [rdev, rdev]);
  await Promise.all(pending);
});

test("send() that waits and cannot hold its descriptors fails, and leaves nothing open", async () => {
  using pair = connected();
  fill(pair.a);
  const before = countDescriptors();
  {
    using shortage = outOfDescriptors();
    shortage.free(1);
    const error = await assertRejects(
      // More than threads of the runtime may close meanwhile.
      () => pair.a.send({ data: bytes("a"), files: Array(64).fill(0) }),
      Error,
      "too many open descriptors",
    );
    assertEquals("code" in error && error.code, "EMFILE");
  }
  assertEquals(countDescriptors(), before);
});

test("send() ends with the signal's reason before, during and after", async () => {
  using pair = connected();
  const reason = new Error("enough");
  const data = bytes("a");
  const signal = AbortSignal.abort(reason);
  assertStrictEquals(await assertRejects(() => pair.a.send({ data }, { signal })), reason);
  assertEquals(pair.b.bytesAvailable, 0);

  const late = new AbortController();
  assertEquals(await pair.a.send({ data }, { signal: late.signal }), 1);
  late.abort();

  const abort = new AbortController();
  const large = new Uint8Array(3 << 20).fill(7);
  const pending = pair.a.send({ data: large, files: [0] }, { signal: abort.signal });
  const queued = pair.a.send({ data: bytes("never") }, { signal: abort.signal });
  await turn();
  abort.abort(reason);
  assertStrictEquals(await assertRejects(() => pending), reason);
  assertStrictEquals(await assertRejects(() => queued), reason);
  // A prefix of the large message is on its way, and what comes next comes after it.
  const next = pair.a.send({ data: bytes("z") });
  pair.b.readSync(new Uint8Array(1));
  let last = 0;
  while (last !== 122) {
    const chunk = new Uint8Array(65536);
    const count = await pair.b.read(chunk) ?? 0;
    assertEquals(chunk.subarray(0, count).every((it) => it === 7 || it === 122), true);
    last = chunk[count - 1] ?? 0;
  }
  await next;
});

for (const how of ["close", "detach", Symbol.dispose] as const) {
  test(`send() that waits ends with BadResource on ${String(how)}`, async () => {
    using pair = connected();
    fill(pair.a);
    const pending = [
      pair.a.send({ data: bytes("a"), files: [0] }),
      pair.a.send({ data: bytes("b") }),
      pair.a.write(bytes("c")),
      pair.a.closeWrite(),
    ];
    await turn();
    const fd = pair.a[how]();
    for (const it of pending) await assertRejects(() => it, Deno.errors.BadResource, "closed");
    if (typeof fd === "number") OwnedFd.adopt(fd).close();
  });
}

test("sendSync() times out after sendTimeout", () => {
  using pair = connected();
  fill(pair.a);
  pair.a.sendTimeout = 2;
  const error = assertThrows(() => pair.a.sendSync({ data: bytes("a") }), Deno.errors.WouldBlock);
  assertEquals("code" in error && error.code, "EAGAIN");
});

test("send() refuses data that is detached or shrunk while it waits", async () => {
  for (const change of ["detach", "shrink"] as const) {
    using pair = connected();
    const memory = new Uint8Array(new ArrayBuffer(3 << 20, { maxByteLength: 3 << 20 }));
    const pending = pair.a.send({ data: memory });
    await turn();
    if (change === "detach") memory.buffer.transfer();
    else memory.buffer.resize(1 << 20);
    while (pair.b.bytesAvailable > 0) pair.b.readSync(new Uint8Array(1 << 20));
    await assertRejects(() => pending, TypeError, "detached or resized");
  }
});

test("send() to a full queue waits, connected and with `to`", async () => {
  for (const connectedSender of [true, false]) {
    using dir = tempDir();
    using receiver = bind(dir.join("to"));
    using sender = bind(dir.join("from"));
    using pair = connected("dgram");
    const [from, to] = connectedSender ? [pair.a, pair.b] : [sender, receiver];
    const message = connectedSender ? {} : { to: dir.join("to") };
    let sent = 0;
    const sending = (async () => {
      for (; sent < 1000; sent++) {
        await from.send({ ...message, data: new Uint8Array([sent & 255]), files: [0] });
      }
    })();
    assertEquals(await isPending(sending), true);
    for (let n = 0; n < 1000; n++) {
      using got = await to.receive({ files: 1 });
      assertEquals({ data: got?.data[0], fileCount: got?.files.length }, {
        data: n & 255,
        fileCount: 1,
      });
    }
    await sending;
  }
});

linuxTest("sendSync() to a full queue times out after sendTimeout, connected and with `to`", () => {
  using dir = tempDir();
  using _receiver = bind(dir.join("to"));
  using sender = bind(dir.join("from"));
  using pair = connected("dgram");
  for (const [socket, message] of [[pair.a, {}], [sender, { to: dir.join("to") }]] as const) {
    socket.sendTimeout = 2;
    assertThrows(() => {
      for (;;) socket.sendSync({ ...message, data: bytes("a") });
    }, Deno.errors.WouldBlock);
  }
});

for (const how of ["close", "abort"] as const) {
  linuxTest(`send() that waits for a full queue ends on ${how}`, async () => {
    using dir = tempDir();
    using _receiver = bind(dir.join("to"));
    using sender = bind(dir.join("from"));
    const abort = new AbortController();
    const { signal } = abort;
    const flood = (async () => {
      for (;;) await sender.send({ data: bytes("a"), to: dir.join("to") }, { signal });
    })();
    assertEquals(await isPending(flood), true);
    if (how === "close") sender.close();
    else abort.abort("enough");
    const error = await assertRejects(() => flood);
    if (how === "close") assert(error instanceof Deno.errors.BadResource);
    else assertEquals(error, "enough");
  });
}

/** Count the calls of sendmsg(2) while `fn` runs. */
async function countSends(fn: () => Promise<void>): Promise<number> {
  let count = 0;
  const { sendmsg } = libc();
  const previous = replaceLibc(Object.create(libc(), {
    sendmsg: { value: (...args: Parameters<typeof sendmsg>) => (count++, sendmsg(...args)) },
  }));
  try {
    await fn();
    return count;
  } finally {
    replaceLibc(previous);
  }
}

linuxTest("a send to a receiver whose queue is full sleeps until there is space", async () => {
  using dir = tempDir();
  using _receiver = bind(dir.join("to"));
  using sender = bind(dir.join("from"));
  const message = { data: bytes("a"), to: dir.join("to") };
  sender.sendTimeout = 100;
  const abort = new AbortController();
  const blocking = await countSends(async () => {
    for (;;) {
      const error = await Promise.try(() => sender.sendSync(message)).catch((it) => it);
      if (error instanceof Deno.errors.WouldBlock) break;
    }
  });
  const pending = await countSends(async () => {
    const sent = sender.send(message, { signal: abort.signal });
    await new Promise((resolve) => setTimeout(resolve, 100));
    abort.abort("enough");
    await assertRejects(() => sent);
  });
  // A queue holds some messages: a busy wait would try thousands of times.
  assert(blocking < 700, `${blocking} calls`);
  assert(pending < 150, `${pending} calls`);
});
