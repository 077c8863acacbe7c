import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { delimited, Frames } from "../../lib/frames/mod.ts";
import { noLeaks } from "../util/descriptors.ts";
import { bodyOf, encode, nextTurn, streamPair } from "./util.ts";

const { InvalidData } = Deno.errors;

Deno.test(
  "for await goes through the frames to the end, and on after a break",
  noLeaks(async () => {
    using pair = streamPair();
    await pair.near.send({ data: encode("1\n2\n3\n4\n"), files: [0] });
    pair.near.close();
    using frames = new Frames(pair.far, delimited(), { files: 1 });
    for await (using frame of frames) {
      if (bodyOf(frame) === "2") break;
    }
    const rest = [];
    for await (using it of frames) rest.push(bodyOf(it));
    assertEquals(rest, ["3", "4"]);
    for await (using _ of frames) assert(false, "no frame is left");
  }),
);

Deno.test(
  "return() of an iterator never waits, ends a next() that does, and loses nothing",
  noLeaks(async () => {
    using pair = streamPair();
    using frames = new Frames(pair.far, delimited());
    const iterator = frames[Symbol.asyncIterator]();
    assertStrictEquals(iterator[Symbol.asyncIterator](), iterator);
    const waiting = iterator.next();
    await pair.near.write(encode("on"));
    await nextTurn();
    const end = { value: undefined, done: true };
    assertEquals(await iterator.return?.(), end as never);
    assertEquals(await waiting, end as never);
    assertEquals(await iterator.next(), end as never);
    await pair.near.write(encode("e\n"));
    assertEquals(bodyOf(await frames.next()), "one");
    const other = frames[Symbol.asyncIterator]();
    await assertRejects(
      () => other.throw?.(new Error("thrown")) ?? Promise.resolve(),
      Error,
      "thrown",
    );
    assertEquals(await other.next(), end as never);
  }),
);

Deno.test(
  "an iterator ends with its error",
  noLeaks(async () => {
    using pair = streamPair();
    using frames = new Frames(pair.far, delimited(), { maxSize: 3 });
    await pair.near.write(encode("a\nbcd\n"));
    const iterator = frames[Symbol.asyncIterator]();
    assertEquals(bodyOf((await iterator.next()).value), "a");
    await assertRejects(() => iterator.next(), InvalidData);
    assertEquals((await iterator.next()).done, true);
    const waiting = frames.readExactly(3);
    assertEquals(bodyOf(await waiting), "bcd");
  }),
);
