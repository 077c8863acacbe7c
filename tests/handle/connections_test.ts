import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { libc, replaceLibc } from "../../ffi/libc.ts";
import type { Descriptor } from "../../lib/descriptor/descriptor.ts";
import { Connections } from "../../lib/handle/connections.ts";
import { connectSync } from "../../lib/unix/connect.ts";
import { listen } from "../../lib/unix/listen.ts";
import { connected, isPending, test, turn } from "../util/cases.ts";
import { outOfDescriptors } from "../util/limits.ts";
import { tempDir } from "../util/tempdir.ts";

const DONE = { value: undefined, done: true } as const;

test("return() ends the iterator at once, a waiting next() included", async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"));
  const iterator = listener[Symbol.asyncIterator]();
  const waiting = [iterator.next(), iterator.next()];
  await turn();
  assertEquals(await isPending(Promise.race(waiting)), true);
  assertEquals(await iterator.return?.(), DONE);
  assertEquals(await Promise.all([...waiting, iterator.next()]), [DONE, DONE, DONE]);
  // No connection is lost to what waited.
  using _client = connectSync(dir.join("a"));
  using _server = await listener.accept();
});

test("return() in the turn of a connection loses none", async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"));
  for (let n = 0; n < 20; n++) {
    const iterator = listener[Symbol.asyncIterator]();
    const waiting = iterator.next();
    await turn();
    using _client = connectSync(dir.join("a"));
    for (let round = 0; round < n % 5; round++) await Promise.resolve();
    await iterator.return?.();
    const { value } = await waiting;
    using _server = value ?? await listener.accept();
  }
});

for (const state of ["open", "closed"] as const) {
  test(`throw() of an iterator on a listener that is ${state} ends it and rejects`, async () => {
    using dir = tempDir();
    using listener = listen(dir.join("a"));
    for (const code of [undefined, "EMFILE"]) {
      const iterator = listener[Symbol.asyncIterator]();
      const waiting = state === "open" ? iterator.next() : Promise.resolve(DONE);
      if (state === "closed") listener.close();
      const own = Object.assign(new Error("own"), { code });
      const error = await iterator.throw?.(own).catch((error) => error);
      assertStrictEquals(error, own);
      assertEquals(await Promise.all([waiting, iterator.next()]), [DONE, DONE]);
    }
  });
}

test("an error that is no shortage ends the iterator permanently", async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"));
  const iterator = listener[Symbol.asyncIterator]();
  const { accept, accept4 } = libc();
  const previous = replaceLibc(Object.create(libc(), {
    // What accept(2) reports for another kind of socket.
    accept: {
      value: (_: number, ...rest: [null, null]) => accept(0x7ffffff0, ...rest),
    },
    accept4: accept4 === null ? { value: null } : {
      value: (_: number, ...rest: [null, null, number]) => accept4?.(0x7ffffff0, ...rest),
    },
  }));
  try {
    await assertRejects(() => iterator.next(), Deno.errors.BadResource);
  } finally {
    replaceLibc(previous);
  }
  assertEquals(await iterator.next(), DONE);
});

for (const by of ["close", "return"] as const) {
  test(`${by}() ends an iterator that pauses for want of descriptors at once`, async () => {
    using dir = tempDir();
    using listener = listen(dir.join("a"));
    using _client = connectSync(dir.join("a"));
    const iterator = listener[Symbol.asyncIterator]();
    {
      using _shortage = outOfDescriptors();
      const next = iterator.next();
      // After some doublings the pause is longer than anything that is waited for below.
      await new Promise((resolve) => setTimeout(resolve, 700));
      if (by === "close") listener.close();
      else await iterator.return?.();
      assertEquals(await isPending(next), false);
      assertEquals(await next, DONE);
    }
    // Leaving the loop leaves the listener and what is in its queue.
    if (by === "return") (await listener.accept()).close();
  });
}

test("for await with break calls return(), and the listener continues", async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"));
  for (let n = 0; n < 2; n++) {
    using _client = connectSync(dir.join("a"));
    for await (using _server of listener) break;
  }
  {
    await using iterator = listener[Symbol.asyncIterator]() as
      & ReturnType<
        typeof listener[typeof Symbol.asyncIterator]
      >
      & AsyncDisposable;
    assertStrictEquals(iterator[Symbol.asyncIterator](), iterator);
  }
});

Deno.test("an iterator pauses longer at each shortage in a row, up to a second, and then anew", async () => {
  const pauses: number[] = [];
  const descriptor = {
    closed: false,
    delay: (milliseconds: number) => Promise.resolve(void pauses.push(milliseconds)),
  } as unknown as Descriptor;
  let shortages = 10;
  using pair = connected();
  const connections = new Connections(descriptor, () => {
    if (shortages-- > 0) throw Object.assign(new Error("short"), { code: "EMFILE" });
    return Promise.resolve(pair.a);
  });
  assertStrictEquals((await connections.next()).value, pair.a);
  assertEquals(pauses.splice(0), [5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
  shortages = 2;
  assertStrictEquals((await connections.next()).value, pair.a);
  assertEquals(pauses, [5, 10]);
});

test("an iterator is over at the end of its `await using` block", async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"));
  const iterator = listener[Symbol.asyncIterator]();
  assert(iterator instanceof Connections);
  const waiting = iterator.next();
  await iterator[Symbol.asyncDispose]();
  using _client = connectSync(dir.join("a"));
  assertEquals(await iterator.next(), DONE);
  const { value } = await waiting;
  using _server = value;
});
