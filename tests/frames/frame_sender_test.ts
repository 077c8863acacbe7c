import { assertEquals, assertRejects } from "@std/assert";
import { delimited, Frames, lengthPrefixed } from "../../lib/frames/mod.ts";
import { noLeaks } from "../util/descriptors.ts";
import { bodyOf, encode, nextTurn, prefixed, streamPair } from "./util.ts";

const { BrokenPipe } = Deno.errors;

Deno.test(
  "send() sends whole frames that are never mixed",
  noLeaks(async () => {
    using pair = streamPair();
    using near = new Frames(pair.near, lengthPrefixed());
    using far = new Frames(pair.far, lengthPrefixed(), { files: 1 });
    const bodies = Array.from({ length: 8 }, (_, i) => new Uint8Array(100_000 + i).fill(i));
    const sending = bodies.map((body, i) =>
      near.send({ data: [prefixed(body).subarray(0, 4), body], files: i % 2 ? [0] : [] })
    );
    for (const [i, body] of bodies.entries()) {
      using frame = await far.next();
      assertEquals({ body: frame?.body, fileCount: frame?.files.length }, {
        body,
        fileCount: i % 2,
      });
    }
    assertEquals(await Promise.all(sending), bodies.map((it) => it.byteLength + 4));
  }),
);

Deno.test(
  "send() rejects once a frame was left in the middle, and only then",
  noLeaks(async () => {
    using pair = streamPair();
    using frames = new Frames(pair.near, lengthPrefixed());
    const controller = new AbortController();
    const { signal } = controller;
    const large = frames.send({ data: new Uint8Array(4 << 20) }, { signal });
    const queued = frames.send({ data: new Uint8Array(4) }, { signal });
    const next = frames.send({ data: new Uint8Array(4) });
    await nextTurn();
    controller.abort(new Error("enough"));
    await assertRejects(() => large, Error, "enough");
    await assertRejects(() => queued, Error, "enough");
    await assertRejects(() => next, BrokenPipe, "an earlier frame was left after");
    await assertRejects(
      () => frames.send({ data: new Uint8Array(4) }),
      BrokenPipe,
      "an earlier frame was left after",
    );
  }),
);

Deno.test(
  "send() continues after one that was aborted before its first byte",
  noLeaks(async () => {
    using pair = streamPair();
    using near = new Frames(pair.near, delimited());
    const aborted = AbortSignal.abort(new Error("too late"));
    await assertRejects(
      () => near.send({ data: encode("a\n") }, { signal: aborted }),
      Error,
      "late",
    );
    await assertRejects(() => near.send({ files: [0] }), TypeError, "byte");
    await assertRejects(() => near.send(null as never), TypeError);
    assertEquals(await near.send({ data: encode("b\n") }), 2);
    using far = new Frames(pair.far, delimited());
    assertEquals(bodyOf(await far.next()), "b");
  }),
);
