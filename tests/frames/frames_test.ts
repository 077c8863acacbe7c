import { assertEquals, assertObjectMatch, assertRejects, assertThrows } from "@std/assert";
import { unix } from "../../mod.ts";
import { delimited, Frames, lengthPrefixed } from "../../lib/frames/mod.ts";
import { noLeaks } from "../util/descriptors.ts";
import { bodyOf, encode, nextTurn, streamPair } from "./util.ts";

const { BadResource, Busy } = Deno.errors;

Deno.test(
  "dispose ends calls that wait with BadResource, and leaves the socket open",
  noLeaks(async () => {
    using pair = streamPair();
    const frames = new Frames(pair.far, delimited());
    const signal = new AbortController().signal;
    const calls = [frames.next(), frames.next({ signal }), frames.readExactly(3)];
    const iterator = frames[Symbol.asyncIterator]();
    calls.push(iterator.next() as Promise<never>);
    await nextTurn();
    frames[Symbol.dispose]();
    frames[Symbol.dispose]();
    for (const call of calls) await assertRejects(() => call, BadResource, "disposed");
    await assertRejects(() => frames.next(), BadResource);
    await assertRejects(() => frames.readExactly(0), BadResource);
    await assertRejects(() => frames.send({ data: encode("a") }), BadResource);
    await pair.near.write(encode("still"));
    assertEquals(await pair.far.read(new Uint8Array(9)), 5);
  }),
);

Deno.test(
  "ready() knows of the bytes that dispose gives back",
  noLeaks(async () => {
    using pair = streamPair();
    const frames = new Frames(pair.far, delimited());
    await pair.near.write(encode("one\ntwo"));
    assertEquals(bodyOf(await frames.next()), "one");
    frames[Symbol.dispose]();
    await pair.far.ready("read");
    assertEquals(await pair.far.read(new Uint8Array(8)), 3);
    const signal = AbortSignal.timeout(1);
    await assertRejects(() => pair.far.ready("read", { signal }), DOMException);
  }),
);

Deno.test(
  "readExactly() of no size is refused",
  noLeaks(async () => {
    using pair = streamPair();
    using frames = new Frames(pair.far, delimited());
    for (const size of [undefined, null, -1, 0.5, NaN, "1"]) {
      await assertRejects(() => frames.readExactly(size as number), RangeError, "bytes");
    }
  }),
);

Deno.test(
  "dispose gives bytes that were not used to the socket's next receive, in order",
  noLeaks(async () => {
    using pair = streamPair();
    const frames = new Frames(pair.far, delimited());
    await pair.near.write(encode("one\ntwo\nthr"));
    assertEquals(bodyOf(await frames.next()), "one");
    const waiting = frames.readExactly(100);
    await nextTurn();
    frames[Symbol.dispose]();
    await assertRejects(() => waiting, BadResource);
    await pair.near.write(encode("ee"));
    using first = await pair.far.receive({ size: 3 });
    assertEquals(first?.data, encode("two"));
    using again = new Frames(pair.far, delimited());
    assertEquals(bodyOf(await again.next()), "");
    assertEquals(bodyOf(await again.readExactly(5)), "three");
  }),
);

Deno.test(
  "dispose loses no byte and mixes none up, in whatever moment it comes",
  noLeaks(async () => {
    for (let i = 0; i < 60; i++) {
      using pair = streamPair();
      const frames = new Frames(pair.far, delimited());
      const waiting = frames.next().then(bodyOf, () => undefined);
      if (i % 2) await nextTurn();
      pair.near.writeSync(encode("0123\n4567"));
      for (let turns = 0; turns < i % 5; turns++) await Promise.resolve();
      if (i % 3 === 0) await nextTurn();
      frames[Symbol.dispose]();
      const [first, second] = await Promise.all([
        pair.far.receive({ size: 2 }),
        pair.far.receive(),
      ]);
      const rest = [first, second].map((it) => new TextDecoder().decode(it?.data)).join("");
      assertEquals(rest, await waiting === "0123" ? "4567" : "0123\n4567");
    }
  }),
);

Deno.test(
  "dispose closes the descriptors that were not taken",
  noLeaks(async () => {
    using pair = streamPair();
    using frames = new Frames(pair.far, delimited(), { files: 2 });
    await pair.near.send({ data: encode("one\ntwo"), files: [0, 1] });
    const waiting = frames.readExactly(100);
    await nextTurn();
    frames[Symbol.dispose]();
    await assertRejects(() => waiting, BadResource);
    using message = await pair.far.receive({ files: 2 });
    assertEquals(message?.data, encode("one\ntwo"));
    assertObjectMatch(message ?? {}, { files: [] });
  }),
);

Deno.test(
  "closing the socket ends calls that wait with BadResource, and those that follow",
  noLeaks(async () => {
    using pair = streamPair();
    using frames = new Frames(pair.far, delimited());
    await pair.near.write(encode("one\ntwo\nthree"));
    assertEquals(bodyOf(await frames.next()), "one");
    const calls = [frames.readExactly(100), frames.next()];
    await nextTurn();
    pair.far.close();
    for (const call of calls) await assertRejects(() => call, BadResource);
    await assertRejects(() => frames.next(), BadResource);
    await assertRejects(() => frames.send({ data: encode("a") }), BadResource);
  }),
);

Deno.test(
  "Frames takes stream sockets only, and options that can be",
  noLeaks(() => {
    using pair = streamPair();
    for (const type of ["seqpacket", "dgram"] as const) {
      const [a, b] = unix.socketpair({ type });
      using _a = a;
      using _b = b;
      const message = `from a ${type} socket: it keeps the boundaries of messages`;
      assertThrows(() => new Frames(a, delimited()), TypeError, message);
    }
    for (const socket of [null, 3, {}, Frames]) {
      assertThrows(() => new Frames(socket as never, delimited()), TypeError, "give a `Socket`");
    }
    for (const framing of [undefined, null, 4, "\n", {}]) {
      assertThrows(
        () => new Frames(pair.far, framing as never),
        TypeError,
        "the framing is no function",
      );
    }
    for (const files of [-1, 254, 0.5, NaN, "1" as unknown as number]) {
      const message = `Cannot accept ${files} descriptors: give an integer from 0 to 253`;
      assertThrows(() => new Frames(pair.far, delimited(), { files }), RangeError, message);
    }
    for (const maxSize of [0, -1, 0.5, NaN, Infinity, 2 ** 30 + 1]) {
      const message = `${maxSize} bytes: give an integer from 1 to 1073741824`;
      assertThrows(() => new Frames(pair.far, delimited(), { maxSize }), RangeError, message);
    }
    assertThrows(() => new Frames(pair.far, delimited(), null as never), TypeError);
    pair.far.close();
    assertThrows(() => new Frames(pair.far, delimited()), BadResource);
  }),
);

Deno.test(
  "Frames refuses a socket that others read, until they are disposed",
  noLeaks(async () => {
    using pair = streamPair();
    {
      using _lines = new Frames(pair.far, delimited());
      assertThrows(() => new Frames(pair.far, delimited()), Busy, "dispose that first");
      using _other = new Frames(pair.near, delimited());
    }
    using frames = new Frames(pair.far, delimited());
    await pair.near.write(encode("one\n"));
    assertEquals(bodyOf(await frames.next()), "one");
  }),
);

Deno.test(
  "Frames begins with bytes that the socket has",
  noLeaks(async () => {
    using pair = streamPair();
    const controller = new AbortController();
    const waiting = pair.far.receive({ size: 9, waitAll: true, signal: controller.signal });
    await pair.near.write(encode("on"));
    await nextTurn();
    controller.abort();
    await assertRejects(() => waiting);
    using frames = new Frames(pair.far, delimited());
    await pair.near.write(encode("e\n"));
    assertEquals(bodyOf(await frames.next()), "one");
  }),
);

Deno.test(
  "Frames that become garbage close what they hold",
  noLeaks(async () => {
    using pair = streamPair();
    await (async () => {
      const frames = new Frames(pair.far, lengthPrefixed(), { files: 1 });
      await pair.near.send({ data: new Uint8Array([0, 0, 0, 9]), files: [0] });
      await assertRejects(() => frames.next({ signal: AbortSignal.timeout(5) }));
    })();
    for (let i = 0; i < 10; i++) {
      (globalThis as unknown as { gc(): void }).gc();
      await nextTurn();
    }
  }),
);
