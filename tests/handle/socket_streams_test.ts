import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { platform, replacePlatform } from "../../ffi/platform/mod.ts";
import type { Socket } from "../../lib/handle/socket.ts";
import { socketpair } from "../../lib/unix/socketpair.ts";
import {
  bytes,
  collectUntil,
  connected,
  fill,
  gcTest,
  isOpen,
  isPending,
  linuxTest,
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
  assertEquals({ byteLength: received.byteLength, received: received.every((it) => it === 7) }, {
    byteLength: 1 << 20,
    received: true,
  });
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

for (const type of PAIRED) {
  test(`readable asks an option for the length where MSG_TRUNC does not tell it (${type})`, async () => {
    using pair = connected(type);
    const reader = pair.b.readable.getReader();
    const words = ["hello", "a", "world".repeat(200)];
    // The size of the buffer stands for that of the message, which is never longer.
    const previous = replacePlatform({ ...platform, MSG_TRUNC: 0, SO_NREAD: platform.SO_RCVBUF });
    try {
      for (const word of words) {
        pair.a.sendSync({ data: bytes(word) });
        let read = "";
        while (read.length < word.length) read += text((await reader.read()).value);
        assertEquals(read, word);
      }
    } finally {
      replacePlatform(previous);
    }
  });
}

linuxTest("cancelling readable drops messages, and those behind them are known again", async () => {
  using pair = connected("seqpacket");
  const { a, b } = pair;
  for (const data of ["ab", "cd", "", ""]) a.sendSync({ data: bytes(data) });
  assertEquals((await b.receive())?.data, bytes("ab"));
  await b.readable.cancel();
  // Of empty messages without data behind them only the first is dropped.
  assertEquals((await b.receive())?.data, bytes(""));
  assertEquals(await b.receive(), null);
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
  assertEquals({ value: text(value), byteLength: value?.buffer.byteLength }, {
    value: "abc",
    byteLength: 3,
  });
});

test("cancelling readable shuts down reading, closing writable shuts down writing", async () => {
  using pair = connected();
  const { fd } = pair.a;
  await pair.a.writable.close();
  assertEquals({ read: await pair.b.read(new Uint8Array(1)), isOpen: isOpen(fd) }, {
    read: null,
    isOpen: true,
  });
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
  assertEquals(await write.catch((error) => error), "enough");
  await Promise.allSettled([aborted]);
  assertEquals(await isPending(pair.b.write(bytes("still open"))), false);
});

/** Ends both streams of `a` in some way; `b` is the peer, with data unread. */
const ENDINGS: Record<string, (a: Socket, b: Socket) => Promise<unknown>> = {
  "an echo to a peer that leaves with data unread": (a, b) => {
    const echo = a.readable.pipeTo(a.writable);
    a.writeSync(bytes("unread"));
    b.close();
    return echo;
  },
  "an echo to a peer that leaves while a write waits": async (a, b) => {
    const echo = a.readable.pipeTo(a.writable);
    fill(a);
    b.writeSync(bytes("to be echoed"));
    await turn();
    b.close();
    return echo;
  },
  "an aborted echo": (a) => {
    const stop = new AbortController();
    const echo = a.readable.pipeTo(a.writable, { signal: stop.signal });
    setTimeout(() => stop.abort());
    return echo;
  },
  "an echo, aborted while a write waits": async (a, b) => {
    const stop = new AbortController();
    const echo = a.readable.pipeTo(a.writable, { signal: stop.signal });
    fill(a);
    b.writeSync(bytes("to be echoed"));
    await turn();
    stop.abort();
    // As the standard says, pipeTo() waits for its write before it aborts.
    const rest = new Uint8Array(1 << 16);
    while (await isPending(echo)) if (b.bytesAvailable > 0) b.readSync(rest);
    return echo;
  },
  "an echo through a transformer that fails": (a, b) => {
    b.writeSync(bytes("x"));
    const fails = new TransformStream<Uint8Array, Uint8Array>({
      transform: () => {
        throw new TypeError("broken");
      },
    });
    return a.readable.pipeThrough(fails).pipeTo(a.writable);
  },
  "errors on both sides": async (a, b) => {
    a.writeSync(bytes("unread"));
    b.close();
    await assertRejects(() => a.readable.getReader().read(), Deno.errors.ConnectionReset);
    return a.writable.getWriter().write(bytes("x"));
  },
  "a cancel, and a chunk that is none": (a) => {
    a.readable.cancel();
    return a.writable.getWriter().write("text" as unknown as Uint8Array);
  },
  "the end and an abort": async (a, b) => {
    b.shutdown("write");
    assertEquals(await Array.fromAsync(a.readable), []);
    return a.writable.abort();
  },
  "a cancel of both branches of a tee, and a close": async (a) => {
    const branches = a.readable.tee();
    await Promise.all([...branches.map((it) => it.cancel()), a.writable.close()]);
  },
};
for (const type of PAIRED) {
  for (const [how, end] of Object.entries(ENDINGS)) {
    // A datagram socket is not told that its peer has left: it has no end.
    if (type === "dgram" && /leaves|both sides|the end/.test(how)) continue;
    test(`${how} closes the socket (${type})`, async () => {
      using pair = connected(type);
      const { fd } = pair.a;
      await end(pair.a, pair.b).catch(() => {});
      assertEquals(isOpen(fd), false);
    });
  }
}

gcTest("a socket whose locked streams are given up is closed", async () => {
  using rest = new DisposableStack();
  const fd = (() => {
    const [a, b] = socketpair();
    rest.use(b);
    a.writable.getWriter();
    a.readable.getReader();
    return a.fd;
  })();
  await collectUntil(() => !isOpen(fd));
  assertEquals(isOpen(fd), false);
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

const MESSAGES = PAIRED.filter((it) => it !== "stream");

for (const type of MESSAGES) {
  test(`readable gives all bytes of messages that are longer than its reads (${type})`, async () => {
    using pair = connected(type);
    pair.a.sendBufferSize = 1_000_000;
    const sizes = [100_000, 0, 65_536, 65_537, 1, 200_000];
    const sent = sizes.map((size) => crypto.getRandomValues(new Uint8Array(Math.min(size, 65_536))))
      .map((random, i) =>
        Uint8Array.from({ length: sizes[i] ?? 0 }, (_, at) => random[at % 65_536] ?? 0)
      );
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const sending = (async () => {
      for (const data of sent) await pair.a.send({ data });
    })();
    const received: Uint8Array<ArrayBuffer>[] = [];
    let count = 0;
    for await (const chunk of pair.b.readable) {
      received.push(chunk);
      count += chunk.byteLength;
      if (count >= total) break;
    }
    await sending;
    const [got, expected] = await Promise.all(
      [received, sent].map(async (parts) => new Uint8Array(await new Blob(parts).arrayBuffer())),
    );
    assertEquals(got, expected);
  });

  test(`readable fills small memory of the consumer's own with parts of a message (${type})`, async () => {
    using pair = connected(type);
    pair.a.sendSync({ data: bytes("abcde") });
    pair.a.sendSync({ data: bytes("f") });
    const reader = pair.b.readable.getReader({ mode: "byob" });
    const parts: string[] = [];
    while (parts.length < 4) parts.push(text((await reader.read(new Uint8Array(2))).value));
    assertEquals(parts, ["ab", "cd", "e", "f"]);
  });

  test(`shutdown("read") ends a readable that waits (${type})`, async () => {
    using pair = connected(type);
    const reader = pair.b.readable.getReader();
    const pending = reader.read();
    assertEquals(await isPending(pending), true);
    pair.b.shutdown("read");
    assertEquals((await pending).done, true);
  });

  test(`readable ends at once where reading was shut down before (${type})`, async () => {
    using pair = connected(type);
    const before = pair.b.receive();
    assertEquals(await isPending(before), true);
    pair.b.shutdown("read");
    assertEquals(await before, null);
    assertEquals((await pair.b.readable.getReader().read()).done, true);
  });
}

test("a readable that gave a part of a message gives the rest to any reader", async () => {
  for (const type of PAIRED.filter((it) => it !== "stream")) {
    using pair = connected(type);
    pair.a.writeSync(bytes("abcdef"));
    const { readable } = pair.b;
    const first = readable.getReader({ mode: "byob" });
    assertEquals(text((await first.read(new Uint8Array(2))).value), "ab");
    first.releaseLock();
    const second = readable.getReader();
    assertEquals(text((await second.read()).value), "cdef");
    second.releaseLock();
    const third = readable.getReader({ mode: "byob" });
    pair.b.shutdown("read");
    assertEquals((await third.read(new Uint8Array(2))).done, true);
  }
});

test("a readable fails when another reader took the message whose length it saw", async () => {
  for (const type of PAIRED.filter((it) => it !== "stream")) {
    using pair = connected(type);
    const pending = pair.b.readable.getReader().read();
    assertEquals(await isPending(pending), true);
    const other = pair.b.receive();
    for (const it of ["ab", "abcd"]) pair.a.writeSync(bytes(it));
    assertEquals(text((await other)?.data), "ab");
    await assertRejects(() => pending, Deno.errors.InvalidData, "another reader of the socket");
  }
});

test("a read into memory that is cancelled when its bytes have come ends", async () => {
  for (const type of PAIRED) {
    using pair = connected(type);
    pair.a.writeSync(bytes("ab"));
    const reader = pair.b.readable.getReader({ mode: "byob" });
    await turn(); // until the stream reads at once
    const read = reader.read(new Uint8Array(2));
    await reader.cancel();
    assertEquals((await read).done, true);
  }
});
