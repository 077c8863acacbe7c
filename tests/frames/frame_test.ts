import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { delimited, Frames } from "../../lib/frames/mod.ts";
import { noLeaks } from "../util/descriptors.ts";
import { bodyOf, encode, streamPair } from "./util.ts";

Deno.test(
  "next() gives each frame memory of its own, and a body that is a view of it",
  noLeaks(async () => {
    using pair = streamPair();
    using frames = new Frames(pair.far, delimited());
    await pair.near.write(encode("one\ntwo\nthr"));
    using one = await frames.next();
    using two = await frames.next();
    assert(one && two);
    assertEquals({ data: one.data, body: one.body }, {
      data: encode("one\n"),
      body: encode("one"),
    });
    assertEquals({
      oneByteLength: one.data.buffer.byteLength,
      twoByteLength: two.data.buffer.byteLength,
    }, { oneByteLength: 4, twoByteLength: 4 });
    assertStrictEquals(one.body.buffer, one.data.buffer);
    assertStrictEquals(one.body, one.body);
    structuredClone(one.data, { transfer: [one.data.buffer as ArrayBuffer] });
    two.data.fill(0);
    await pair.near.write(encode("ee\n"));
    assertEquals(bodyOf(await frames.next()), "three");
  }),
);

Deno.test(
  "next() gives the whole frame as the body where the framing has no `body`",
  noLeaks(async () => {
    using pair = streamPair();
    using frames = new Frames(pair.far, (head) => head.length < 2 ? undefined : 2);
    await pair.near.write(encode("abcd"));
    using frame = await frames.next();
    assertStrictEquals(frame?.body, frame?.data);
  }),
);
