/** Many writers, many readers, aborts and data at once: every message once, whole, with its own descriptors. */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { type Message, OwnedFd, type Socket } from "../../mod.ts";
import { noLeaks } from "../util/descriptors.ts";
import { pair, TYPES } from "../util/cases.ts";

/** Resolves in a later turn of the event loop. */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** A file that says what it is. */
function tagged(tag: number): OwnedFd {
  return OwnedFd.memfd("tagged", new Uint8Array(new Uint32Array([tag]).buffer));
}

/** What the file says, which it can only say once: the position is shared. */
function tagOf(file: OwnedFd | undefined): number {
  const tag = new Uint32Array(1);
  assertEquals(file?.readSync(new Uint8Array(tag.buffer)), 4);
  return tag[0] ?? -1;
}

/** A message of `length` bytes that all say the same. */
function block(value: number, length: number): Uint8Array {
  return new Uint8Array(length).fill(value);
}

Deno.test(
  "send() by many at once: messages are never mixed, and keep their descriptors",
  noLeaks(async () => {
    const LENGTH = 300_000; // several times what the socket holds
    using stack = new DisposableStack();
    const [a, b] = pair(stack);
    const files = Array.from({ length: 20 }, (_, i) => stack.use(tagged(i)));
    const sent = Promise.allSettled(files.map(async (file, i) => {
      if (i % 3 === 0) await turn();
      await a.send({ data: [block(i, LENGTH - 7), block(i, 7)], files: [file, 0] });
      file.close(); // and the number is used again by the next memfd
    }));
    const seen = new Set<number>();
    let left = 0;
    let current = -1;
    while (seen.size < files.length || left > 0) {
      using message = await b.receive({ files: 2 });
      const data = message?.data ?? new Uint8Array();
      for (let i = 0; i < data.length;) {
        if (left === 0) [current, left] = [data[i] ?? -1, LENGTH];
        const part = data.subarray(i, i + left);
        assertEquals(part.every((byte) => byte === current), true, "mixed");
        left -= part.length;
        i += part.length;
      }
      if (message?.files.length === 0) continue;
      // The end of the message before may come along, but nothing behind theirs does.
      const tag = tagOf(message?.files[0]);
      assertEquals({ current, has: seen.has(tag) }, { current: tag, has: false });
      seen.add(tag);
    }
    assertEquals((await sent).map((it) => it.status), files.map(() => "fulfilled"));
  }),
);

Deno.test(
  "receive() by many at once: each message goes to one of them, in order",
  noLeaks(async () => {
    for (const type of ["seqpacket", "dgram"] as const) {
      using stack = new DisposableStack();
      const [a, b] = pair(stack, type);
      const order: number[] = [];
      const readers = Array.from({ length: 5 }, async () => {
        for (let i = 0; i < 20; i++) {
          using message = await b.receive({ files: 1 });
          const tag = tagOf(message?.files[0]);
          assertEquals(message?.data[0], tag);
          order.push(tag);
        }
      });
      for (let i = 0; i < 100; i++) {
        using file = tagged(i);
        await a.send({ data: block(i, 10), files: [file] });
        if (i % 7 === 0) await turn();
      }
      await Promise.all(readers);
      assertEquals(order, Array.from({ length: 100 }, (_, i) => i));
    }
  }),
);

Deno.test(
  "receive() aborted while data comes takes the message or leaves it",
  noLeaks(async () => {
    for (const type of TYPES) {
      let [taken, left] = [0, 0];
      for (let i = 0; i < 60; i++) {
        using stack = new DisposableStack();
        const [a, b] = pair(stack, type);
        const abort = new AbortController();
        const reason = new Error("enough");
        const receiving = b.receive({ files: 1, signal: abort.signal });
        if (i % 2 === 0) await turn();
        using file = tagged(i);
        a.sendSync({ data: block(i, 5), files: [file] });
        if (i % 3 === 0) await Promise.resolve();
        abort.abort(reason);
        let message: Message | null;
        try {
          message = await receiving;
          taken++;
        } catch (error) {
          assertStrictEquals(error, reason);
          message = await b.receive({ files: 1 });
          left++;
        }
        assertEquals({ data: message?.data, tag: tagOf(message?.files[0]) }, {
          data: block(i, 5),
          tag: i,
        });
        message?.[Symbol.dispose]();
      }
      assertEquals(taken + left, 60);
    }
  }),
);

Deno.test(
  "send() aborted leaves a prefix of the message at most, and others whole",
  noLeaks(async () => {
    using stack = new DisposableStack();
    const [a, b] = pair(stack);
    const abort = new AbortController();
    const aborted = a.send({ data: block(1, 3_000_000) }, { signal: abort.signal })
      .catch((error) => error);
    const waiting = a.send({ data: block(2, 1000) }, { signal: abort.signal })
      .catch((error) => error);
    const last = a.send({ data: block(3, 1_000_000) });
    await turn();
    abort.abort(new Error("enough"));
    for (const error of [await aborted, await waiting]) assertEquals(error.message, "enough");
    const all: number[] = [];
    while (all[3] === undefined || all[3] < 1_000_000) {
      const message = await b.receive();
      for (const byte of message?.data ?? []) all[byte] = (all[byte] ?? 0) + 1;
    }
    await last;
    assertEquals(all[2], undefined);
    assert((all[1] ?? 0) < 3_000_000, `${all[1]}`);
  }),
);

Deno.test(
  "a number that is used again belongs to its new owner alone",
  noLeaks(async () => {
    for (let round = 0; round < 200; round++) {
      using stack = new DisposableStack();
      const [a] = pair(stack);
      const { fd } = a;
      const old = a.receive().catch((error) => error);
      if (round % 2 === 0) await turn();
      a.close();
      const [c, d] = pair(stack); // one of them has the number now
      const heir = c.fd === fd ? c : d;
      const other = heir === c ? d : c;
      const receiving = heir.receive();
      a.close();
      a[Symbol.dispose]();
      other.sendSync({ data: block(round, 3) });
      assertEquals((await receiving)?.data, block(round, 3));
      assertEquals(await old instanceof Deno.errors.BadResource, true);
    }
  }),
);

Deno.test(
  "descriptors closed and used again while a send waits are those of the time of the call",
  noLeaks(async () => {
    using stack = new DisposableStack();
    const [a, b] = pair(stack);
    const big = a.send({ data: block(9, 1_000_000) });
    const sends: Promise<number>[] = [];
    for (let i = 0; i < 10; i++) {
      using file = tagged(i); // closed at once: the next one gets its number
      sends.push(a.send({ data: block(i, 1), files: [file] }));
    }
    const tags: number[] = [];
    while (tags.length < 10) await receiveTag(b, tags);
    await Promise.all([big, ...sends]);
    assertEquals(tags, Array.from({ length: 10 }, (_, i) => i));
  }),
);

async function receiveTag(socket: Socket, tags: number[]): Promise<void> {
  using message = await socket.receive({ files: 1 });
  if (message?.files.length === 1) tags.push(tagOf(message.files[0]));
}
