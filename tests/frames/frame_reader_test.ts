import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { FrameReader } from "../../lib/frames/frame_reader.ts";
import { delimited, Frames, type Framing, lengthPrefixed } from "../../lib/frames/mod.ts";
import { noLeaks } from "../util/descriptors.ts";
import { bodyOf, encode, nextTurn, prefixed, streamPair } from "./util.ts";

const { InvalidData, UnexpectedEof } = Deno.errors;

Deno.test(
  "next() gives whole frames, however they are cut, and null at the end",
  noLeaks(async () => {
    for (const size of [1, 2, 3, 5, 100]) {
      using pair = streamPair();
      using frames = new Frames(pair.far, lengthPrefixed());
      const all = new Uint8Array(
        ["", "one", "", "three"].flatMap((it) => [...prefixed(encode(it))]),
      );
      const sending = (async () => {
        for (let at = 0; at < all.length; at += size) {
          await pair.near.write(all.subarray(at, at + size));
          await nextTurn();
        }
        pair.near.close();
      })();
      const bodies = [];
      for (let frame; (frame = await frames.next()) !== null;) bodies.push(bodyOf(frame));
      assertEquals(bodies, ["", "one", "", "three"]);
      assertEquals(await frames.next(), null);
      await sending;
    }
  }),
);

Deno.test(
  "next() finds a delimiter of several bytes that is cut anywhere",
  noLeaks(async () => {
    const all = encode("one\r\n\rtwo\r\nthree\r\n");
    for (let cut = 1; cut < all.length; cut++) {
      using pair = streamPair();
      using frames = new Frames(pair.far, delimited(encode("\r\n")));
      const waiting = frames.next();
      await pair.near.write(all.subarray(0, cut));
      await nextTurn();
      await pair.near.write(all.subarray(cut));
      assertEquals(bodyOf(await waiting), "one");
      assertEquals(bodyOf(await frames.next()), "\rtwo");
      assertEquals(bodyOf(await frames.next()), "three");
    }
  }),
);

Deno.test(
  "next() serves calls in the order they were made",
  noLeaks(async () => {
    using pair = streamPair();
    using frames = new Frames(pair.far, delimited());
    const order: number[] = [];
    const calls = Array.from({ length: 5 }, (_, i) =>
      frames.next().then((frame) => {
        order.push(i);
        return bodyOf(frame);
      }));
    await nextTurn();
    await pair.near.write(encode("0\n1\n2"));
    await nextTurn();
    calls.push(frames.next().then(bodyOf));
    await pair.near.write(encode("\n3\n4\n5\n"));
    assertEquals(await Promise.all(calls), ["0", "1", "2", "3", "4", "5"]);
    assertEquals(order, [0, 1, 2, 3, 4]);
  }),
);

Deno.test(
  "next() lets timers and others run while frames are there without end",
  noLeaks(async () => {
    using pair = streamPair();
    using frames = new Frames(pair.far, delimited());
    let ended = false;
    const timer = setTimeout(() => ended = true, 1);
    const line = encode("\n".repeat(1000));
    let count = 0;
    while (!ended && count < 1e7) {
      if (count % 1000 === 0) pair.near.writeSync(line);
      await frames.next();
      count++;
    }
    clearTimeout(timer);
    assert(ended, `no timer ran while ${count} frames were read`);
  }),
);

Deno.test(
  "next() rejects if the framing disposes the frames, and the socket gets the bytes back",
  noLeaks(async () => {
    using pair = streamPair();
    const frames: Frames = new Frames(pair.far, () => {
      frames[Symbol.dispose]();
      return 3;
    });
    await pair.near.write(encode("abcdef"));
    await assertRejects(() => frames.next(), Deno.errors.BadResource, "they are disposed");
    using message = await pair.far.receive();
    assertEquals(message?.data, encode("abcdef"));
  }),
);

Deno.test(
  "next() takes a frame of `maxSize`, and refuses a larger one with its length",
  noLeaks(async () => {
    using pair = streamPair();
    using frames = new Frames(pair.far, lengthPrefixed(), { maxSize: 10 });
    await pair.near.write(prefixed(encode("123456")));
    assertEquals(bodyOf(await frames.next()), "123456");
    await pair.near.write(prefixed(encode("1234567")));
    for (let i = 0; i < 2; i++) {
      await assertRejects(
        () => frames.next(),
        InvalidData,
        "it has 11 bytes, more than the 10 of `maxSize`; 11 bytes of it are there",
      );
    }
  }),
);

Deno.test(
  "next() refuses a length over 2 ** 53 like any that is too large",
  noLeaks(async () => {
    using pair = streamPair();
    using frames = new Frames(pair.far, lengthPrefixed({ bytes: 8 }));
    await pair.near.write(new Uint8Array(9).fill(255));
    await assertRejects(() => frames.next(), InvalidData, "more than the 1048576 of `maxSize`");
  }),
);

Deno.test(
  "next() refuses a frame without an end as soon as `maxSize` bytes are there",
  noLeaks(async () => {
    using pair = streamPair();
    using frames = new Frames(pair.far, delimited(), { maxSize: 10 });
    await pair.near.write(encode("123456789\n"));
    assertEquals(bodyOf(await frames.next()), "123456789");
    await pair.near.write(encode("123456789"));
    const waiting = frames.next();
    await nextTurn();
    await pair.near.write(encode("0"));
    await assertRejects(
      () => waiting,
      InvalidData,
      "it has no end in the 10 bytes of `maxSize`; 10 bytes of it are there",
    );
  }),
);

const NONSENSE: readonly unknown[] = [0, -1, 1.5, NaN, -Infinity, "4", null, true, {}, 3n];

Deno.test(
  "next() refuses what a framing returns that is no length, and takes nothing",
  noLeaks(async () => {
    for (const length of NONSENSE) {
      using pair = streamPair();
      using frames = new Frames(pair.far, (() => length) as unknown as Framing);
      await pair.near.write(encode("abc"));
      const message = `the framing gave ${String(length)}; return an integer above 0; 3 bytes`;
      await assertRejects(() => frames.next(), InvalidData, message);
      await assertRejects(() => frames.next(), InvalidData, message);
      assertEquals(bodyOf(await frames.readExactly(3)), "abc");
    }
  }),
);

Deno.test(
  "next() rejects where the framing throws, with the error as its cause, and takes nothing",
  noLeaks(async () => {
    const cause = new Error("no such magic");
    using pair = streamPair();
    using frames = new Frames(pair.far, (head) => {
      if (head[0] === 0x62) return 1;
      throw cause;
    });
    await pair.near.write(encode("ab"));
    const message = "it has no length: no such magic; 2 bytes of it are there";
    const error = await assertRejects(() => frames.next(), InvalidData, message);
    assertStrictEquals(error.cause, cause);
    assertEquals(bodyOf(await frames.readExactly(1)), "a");
    assertEquals(bodyOf(await frames.next()), "b");
  }),
);

Deno.test(
  "next() rejects a frame whose prefix counts less than itself",
  noLeaks(async () => {
    using pair = streamPair();
    using frames = new Frames(pair.far, lengthPrefixed({ bytes: 1, offset: 2, counts: "frame" }));
    await pair.near.write(new Uint8Array([7, 7, 2, 7]));
    await assertRejects(() => frames.next(), InvalidData, "its prefix alone has 3 bytes; 4 bytes");
  }),
);

Deno.test(
  "next() rejects where `body` throws or gives no bytes; nothing leaks, and the next frame follows",
  noLeaks(async () => {
    for (const body of [() => "text", () => undefined, () => assertThrowing()]) {
      using pair = streamPair();
      const framing = Object.assign(() => 2, { body }) as unknown as Framing;
      using frames = new Frames(pair.far, framing, { files: 1 });
      await pair.near.send({ data: encode("ab"), files: [0] });
      const error = await assertRejects(() => frames.next(), InvalidData, "it has no body: ");
      assert(error.cause instanceof Error);
      framing.body = (frame) => frame.subarray(1);
      await pair.near.write(encode("cd"));
      assertEquals(bodyOf(await frames.next()), "d");
    }
  }),
);

function assertThrowing(): never {
  throw new Error("thrown");
}

Deno.test(
  "next() rejects an end in the middle of a frame, which says where",
  noLeaks(async () => {
    for (
      const [bytes, message] of [
        [prefixed(encode("abc")).subarray(0, 6), "after 6 of 7 bytes"],
        [new Uint8Array([0, 0]), "after 2 bytes"],
      ] as const
    ) {
      using pair = streamPair();
      using frames = new Frames(pair.far, lengthPrefixed());
      const waiting = frames.next();
      await pair.near.write(bytes);
      await nextTurn();
      pair.near.close();
      await assertRejects(() => waiting, UnexpectedEof, `in the middle of one, ${message}`);
      await assertRejects(() => frames.next(), UnexpectedEof, message);
      assertEquals((await frames.readExactly(bytes.length))?.data, bytes);
      assertEquals(await frames.next(), null);
    }
  }),
);

Deno.test(
  "next() rejects with the error of the socket, and keeps what came before",
  noLeaks(async () => {
    using pair = streamPair();
    using frames = new Frames(pair.far, delimited());
    await pair.far.write(encode("unread by the peer"));
    await pair.near.write(encode("one\ntw"));
    pair.near.close();
    assertEquals(bodyOf(await frames.next()), "one");
    await assertRejects(() => frames.next(), Deno.errors.ConnectionReset);
    assertEquals(bodyOf(await frames.readExactly(2)), "tw");
  }),
);

Deno.test(
  "next() rejects when it is aborted, and keeps what came for the next call",
  noLeaks(async () => {
    using pair = streamPair();
    using frames = new Frames(pair.far, delimited());
    const controller = new AbortController();
    const waiting = frames.next({ signal: controller.signal });
    const second = frames.next();
    await pair.near.write(encode("o"));
    await nextTurn();
    controller.abort(new Error("enough"));
    await assertRejects(() => waiting, Error, "enough");
    await assertRejects(() => frames.next({ signal: controller.signal }), Error, "enough");
    await pair.near.write(encode("ne\ntwo\n"));
    assertEquals(bodyOf(await second), "one");
    await assertRejects(() => frames.next({ signal: controller.signal }), Error, "enough");
    assertEquals(bodyOf(await frames.next({ signal: new AbortController().signal })), "two");
  }),
);

Deno.test(
  "next() loses nothing to an abort in the same turn as the data",
  noLeaks(async () => {
    using pair = streamPair();
    using frames = new Frames(pair.far, delimited());
    for (let i = 0; i < 50; i++) {
      const controller = new AbortController();
      const waiting = frames.next({ signal: controller.signal }).then(bodyOf, () => undefined);
      if (i % 2) await nextTurn();
      pair.near.writeSync(encode(`${i}\n`));
      if (i % 3) await Promise.resolve();
      controller.abort();
      assertEquals(await waiting ?? bodyOf(await frames.next()), `${i}`);
    }
  }),
);

Deno.test(
  "next() and readExactly() reject what cannot be, and never throw",
  noLeaks(async () => {
    using pair = streamPair();
    using frames = new Frames(pair.far, delimited(), { maxSize: 100 });
    await assertRejects(() => frames.next(null as unknown as undefined), TypeError);
    for (const size of [-1, 1.5, NaN, 101, Infinity, "4" as unknown as number]) {
      const message = `Cannot read ${size} bytes: give an integer from 0 to 100`;
      await assertRejects(() => frames.readExactly(size), RangeError, message);
    }
  }),
);

Deno.test(
  "readExactly() gives that many bytes between frames, and null at the end",
  noLeaks(async () => {
    using pair = streamPair();
    using frames = new Frames(pair.far, delimited());
    const waiting = frames.readExactly(10);
    await pair.near.write(encode("01234"));
    await nextTurn();
    await pair.near.write(encode("56789one\n\n"));
    using ten = await waiting;
    assertEquals({ data: ten?.data, body: ten?.body }, {
      data: encode("0123456789"),
      body: encode("0123456789"),
    });
    assertEquals(bodyOf(await frames.next()), "one");
    assertEquals(bodyOf(await frames.readExactly(0)), "");
    assertEquals(bodyOf(await frames.readExactly(1)), "\n");
    await pair.near.write(encode("ab"));
    pair.near.close();
    await assertRejects(() => frames.readExactly(3), UnexpectedEof, "after 2 of 3 bytes");
    assertEquals(bodyOf(await frames.readExactly(2)), "ab");
    assertEquals(await frames.readExactly(2), null);
  }),
);

Deno.test(
  "readExactly() may take a part of a frame, and the rest is framed anew",
  noLeaks(async () => {
    using pair = streamPair();
    const heads: string[] = [];
    using frames = new Frames(pair.far, (head) => {
      heads.push(new TextDecoder().decode(head));
      return head[0] === 0x33 ? 3 : head[0] === 0x39 ? 9 : undefined;
    });
    await pair.near.write(encode("9.3.."));
    const signal = AbortSignal.timeout(1);
    await assertRejects(() => frames.next({ signal }));
    assertEquals(bodyOf(await frames.readExactly(2)), "9.");
    assertEquals(bodyOf(await frames.next()), "3..");
    assertEquals(heads, ["9.3..", "3.."]);
  }),
);

Deno.test(
  "next() takes a frame in pieces of 1 byte, and asks the framing no more once it knows the length",
  noLeaks(async () => {
    const size = 1 << 18;
    using pair = streamPair();
    let calls = 0;
    const framing: Framing = (head) => {
      calls++;
      return head.length < 4 ? undefined : size;
    };
    using frames = new Frames(pair.far, framing);
    const waiting = frames.next();
    const byte = new Uint8Array(1);
    for (let sent = 0; sent < 8; sent++) {
      await pair.near.write(byte);
      await nextTurn();
    }
    for (let sent = 8; sent < size; sent++) await pair.near.write(byte);
    assertEquals((await waiting)?.data.byteLength, size);
    assert(calls <= 4, `${calls} calls`);
  }),
);

Deno.test(
  "a framing that detaches the bytes it is given loses them: every read says so, and disposing works",
  noLeaks(async () => {
    for (const length of [undefined, 3] as const) {
      using pair = streamPair();
      const framing: Framing = (head) => {
        (head.buffer as ArrayBuffer).transfer();
        return length;
      };
      using frames = new Frames(pair.far, framing, { files: 1 });
      await pair.near.send({ data: encode("abc"), files: [0] });
      for (const read of [() => frames.next(), () => frames.readExactly(2)]) {
        await assertRejects(read, InvalidData, "detached the memory of the 3 bytes");
      }
    }
  }),
);

Deno.test(
  "a framing that detaches bytes it kept leaves every other reader whole",
  noLeaks(async () => {
    using pair = streamPair();
    using other = streamPair();
    let kept: Uint8Array | undefined;
    const framing: Framing = (head) => {
      kept ??= head;
      return 32768;
    };
    using frames = new Frames(pair.far, framing);
    using others = new Frames(other.far, lengthPrefixed());
    await pair.near.write(new Uint8Array(32768));
    (await frames.next())?.[Symbol.dispose]();
    (kept?.buffer as ArrayBuffer).transfer();
    await other.near.write(prefixed(encode("abc")));
    assertEquals(bodyOf(await others.next()), "abc");
  }),
);

Deno.test(
  "close() ends the waits of iterators, but of none that has ended",
  noLeaks(async () => {
    using pair = streamPair();
    const reader = new FrameReader(pair.far, delimited(), { files: 0, maxSize: 9 });
    await pair.near.write(encode("a\n"));
    const [ended, waiting] = [new AbortController(), new AbortController()];
    assertEquals(bodyOf(await reader.waitFor(undefined, undefined, ended)), "a");
    reader.forget(ended);
    const wait = reader.waitFor(undefined, undefined, waiting);
    const reason = new Error("closed");
    reader.close(reason);
    assertStrictEquals(await assertRejects(() => wait), reason);
    assertEquals([ended.signal.aborted, waiting.signal.aborted], [false, true]);
  }),
);
