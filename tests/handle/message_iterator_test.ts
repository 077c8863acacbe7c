import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { MessageIterator } from "../../lib/handle/message_iterator.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { descriptorOf, Socket } from "../../lib/handle/socket.ts";
import type { ReceiveOptions } from "../../lib/handle/receive_options.ts";
import { bytes, connected, isPending, PAIRED, test, text } from "../util/cases.ts";

test("messages() continues after a message with too many descriptors, and says so", async () => {
  for (const type of PAIRED) {
    using pair = connected(type);
    for (const count of [1, 3, 1]) {
      pair.a.sendSync({ data: bytes(String(count)), files: Array(count).fill(0) });
    }
    const seen: unknown[] = [];
    for await (const message of pair.b.messages({ files: 1 })) {
      using it = message;
      seen.push([text(it.data), it.files.length, it.controlTruncated]);
      if (seen.length === 3) break;
    }
    assertEquals(seen, [["1", 1, false], ["3", 0, true], ["1", 1, false]], type);
  }
});

test("messages() without space for a byte is refused on a stream, and ends elsewhere", async () => {
  using pair = connected();
  pair.a.close();
  for (const options of [{ size: 0 }, { buffer: new Uint8Array(0) }] as ReceiveOptions[]) {
    const iterator = pair.b.messages(options);
    await assertRejects(() => iterator.next(), RangeError, "at least 1");
    assertEquals(await iterator.next(), { done: true, value: undefined });
  }
  if (!PAIRED.includes("seqpacket")) return;
  using records = connected("seqpacket");
  records.a.writeSync(bytes("abc"));
  records.a.close();
  const seen: boolean[] = [];
  for await (const { truncated } of records.b.messages({ size: 0 })) seen.push(truncated);
  assertEquals(seen, [true]);
});

for (const how of ["return", "throw"] as const) {
  test(`${how}() of messages() ends a next() that waits, and takes no message`, async () => {
    for (const type of PAIRED) {
      using pair = connected(type);
      const iterator = pair.b.messages();
      const waiting = [iterator.next(), iterator.next()];
      assertEquals(await isPending(Promise.race(waiting)), true);
      const reason = new Error("enough");
      if (how === "return") {
        assertEquals(await iterator.return?.(7), { done: true, value: 7 });
      } else {
        assertStrictEquals(
          await assertRejects(() => iterator.throw?.(reason) ?? Promise.resolve()),
          reason,
        );
      }
      for (const it of waiting) assertEquals(await it, { done: true, value: undefined });
      assertEquals(await iterator.next(), { done: true, value: undefined });
      pair.a.writeSync(bytes("a"));
      assertEquals(text((await pair.b.receive())?.data), "a", type);
    }
  });
}

test("messages() ends with the caller's signal, also in the middle of a wait", async () => {
  using pair = connected();
  const abort = new AbortController();
  const iterator = pair.b.messages({ signal: abort.signal });
  const waiting = iterator.next();
  assertEquals(await isPending(waiting), true);
  abort.abort("enough");
  assertEquals(await assertRejects(() => waiting), "enough");
  assertEquals(await iterator.next(), { done: true, value: undefined });
});

test("messages() gives calls that are not awaited their messages in order", async () => {
  using pair = connected("dgram");
  const iterator = pair.b.messages();
  const results = [iterator.next(), iterator.next(), iterator.next()];
  for (const data of ["a", "b", "c"]) pair.a.writeSync(bytes(data));
  const data = (await Promise.all(results)).map(({ value }) => text(value?.data));
  assertEquals(data, ["a", "b", "c"]);
});

test("MessageIterator passes an error on once, and has ended then", async () => {
  using pair = connected();
  const failing = {
    attempt: () => 0,
    outcome: () => {
      throw new Error("own");
    },
  };
  const iterator = new MessageIterator(descriptorOf(pair.b), () => failing, undefined);
  await assertRejects(() => iterator.next(), Error, "own");
  assertEquals(await iterator.next(), { done: true, value: undefined });
  assertStrictEquals(iterator[Symbol.asyncIterator](), iterator);
});

test("messages() gives each message once and in order, with its own files, beside a loop of sends", async () => {
  for (const type of PAIRED) {
    using pair = connected(type);
    const count = 300;
    const files = ["/dev/null", "/", import.meta.filename ?? ""].map((it) => OwnedFd.open(it));
    const sending = (async () => {
      for (let i = 0; i < count; i++) {
        const file = files[i % 4];
        await pair.a.send({ data: new Uint8Array([i & 0xff]), files: file ? [file] : [] });
      }
      pair.a.close();
    })();
    let next = 0;
    for await (const message of pair.b.messages({ size: 1, files: 1 })) {
      using it = message;
      assertEquals([...it.data], [next & 0xff], type);
      assertEquals(
        it.files.map((file) => file.kind()),
        files[next % 4] ? [files[next % 4]?.kind()] : [],
      );
      if (++next === count) break;
    }
    assertEquals(next, count);
    await sending;
    for (const file of files) file.close();
  }
});

test("the next receive gets what messages() has not given, whatever its options", async () => {
  for (const type of PAIRED) {
    using pair = connected(type);
    for (const data of ["a", "bcd", "e"]) pair.a.sendSync({ data: bytes(data), files: [0] });
    for await (const { data } of pair.b.messages({ size: 1 })) {
      assertEquals(text(data), "a");
      break;
    }
    assertEquals(pair.b.bytesAvailable > 0, true);
    await pair.b.ready("read");
    using message = await pair.b.receive({ size: 3, files: 1 });
    assertEquals(
      {
        data: text(message?.data),
        fileCount: message?.files.length,
        truncated: message?.truncated,
      },
      { data: "bcd", fileCount: 1, truncated: false },
      type,
    );
    using rest = Socket.adopt(pair.b.detach());
    using last = await rest.receive({ files: 1 });
    assertEquals({ data: text(last?.data), fileCount: last?.files.length }, {
      data: "e",
      fileCount: 1,
    }, type);
  }
});

test("messages() goes through all, and ends with the connection", async () => {
  for (const type of PAIRED.filter((it) => it !== "dgram")) {
    using pair = connected(type);
    pair.a.sendSync({ data: bytes("a"), files: [0] });
    pair.a.sendSync({ data: bytes("b"), files: [0] });
    pair.a.close();
    const seen: [string, number][] = [];
    for await (const message of pair.b.messages({ files: 1 })) {
      using it = message;
      seen.push([text(it.data), it.files.length]);
    }
    assertEquals(seen, [["a", 1], ["b", 1]]);
  }
});

test("messages() passes empty datagrams on, and ends with BadResource on close", async () => {
  using pair = connected("dgram");
  for (const data of ["", "a", ""]) pair.a.sendSync({ data: bytes(data) });
  const seen: number[] = [];
  await assertRejects(async () => {
    for await (const { data } of pair.b.messages()) {
      if (seen.push(data.byteLength) === 3) setTimeout(() => pair.b.close(), 0);
    }
  }, Deno.errors.BadResource);
  assertEquals(seen, [0, 1, 0]);
});

test("messages() ends with the signal's reason", async () => {
  using pair = connected();
  const signal = AbortSignal.abort("enough");
  const error = await assertRejects(() => pair.b.messages({ signal }).next());
  assertEquals(error, "enough");
});

test("an iterator of messages that has ended stays so when the socket is closed", async () => {
  for (const type of PAIRED) {
    for (const end of ["the end", "an error", "return", "throw"]) {
      if (end === "the end" && type === "dgram") continue;
      using pair = connected(type);
      const buffer = new Uint8Array(8);
      const iterator = pair.b.messages({ buffer });
      if (end === "the end") pair.a.close();
      if (end === "an error") pair.b.shutdown("read");
      if (end === "return") await iterator.return?.();
      if (end === "throw") await iterator.throw?.(0).catch(() => {});
      if (end.startsWith("the") || end.startsWith("an")) await iterator.next();
      pair.b.close();
      buffer.buffer.transfer();
      assertEquals(await iterator.next(), { done: true, value: undefined }, `${type}: ${end}`);
    }
  }
});
