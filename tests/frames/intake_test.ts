/**
 * Which descriptors and which sender a frame has.
 *
 * @module
 */

import { assert, assertEquals, assertObjectMatch, assertRejects } from "@std/assert";
import { ControlTruncatedError, OwnedFd, type Socket } from "../../mod.ts";
import { delimited, type Frame, Frames, lengthPrefixed } from "../../lib/frames/mod.ts";
import { countDescriptors, noLeaks } from "../util/descriptors.ts";
import { outOfDescriptors } from "../util/limits.ts";
import { testUnless } from "../util/peers.ts";
import { bodyOf, encode, nextTurn, prefixed, streamPair } from "./util.ts";

const notLinux = Deno.build.os === "linux" ? undefined : "memory files exist on Linux only";

function letter(text: string): OwnedFd {
  return OwnedFd.memfd("letter", encode(text));
}

/** Send bytes with files that have these texts. */
async function send(socket: Socket, data: string | Uint8Array, ...texts: string[]): Promise<void> {
  const files = texts.map(letter);
  await socket.send({ data: typeof data === "string" ? encode(data) : data, files });
  for (const file of files) file.close();
}

/** The body of a frame and the texts of its files, which are closed. */
async function contentOf(frame: Frame | null): Promise<[string | null, string[]]> {
  const texts: string[] = [];
  for (const file of frame?.files ?? []) texts.push(await new Response(file.readable).text());
  return [bodyOf(frame), texts];
}

testUnless(
  notLinux,
  "a frame has the descriptors that were sent with a byte of it, in order",
  noLeaks(async () => {
    using pair = streamPair();
    const { near } = pair;
    using frames = new Frames(pair.far, delimited(), { files: 4 });
    await send(near, "plain\n");
    await send(near, "one\n", "a", "b");
    await send(near, "tw", "c");
    await send(near, "o");
    await send(near, "\n", "d", "e");
    await send(near, "plain again\n");
    await send(near, "three\n", "f");
    near.close();
    const all = [];
    for await (const frame of frames) all.push(await contentOf(frame));
    assertEquals(all, [
      ["plain", []],
      ["one", ["a", "b"]],
      ["two", ["c", "d", "e"]],
      ["plain again", []],
      ["three", ["f"]],
    ]);
  }),
);

testUnless(
  notLinux,
  "descriptors of a message with several frames come with the first of them",
  noLeaks(async () => {
    using pair = streamPair();
    using frames = new Frames(pair.far, delimited(), { files: 4 });
    await send(pair.near, "zero\non");
    await send(pair.near, "e\ntwo\nthree\n", "a", "b");
    await send(pair.near, "four\n");
    const all = [];
    for (let i = 0; i < 5; i++) all.push(await contentOf(await frames.next()));
    assertEquals(all, [
      ["zero", []],
      ["one", ["a", "b"]],
      ["two", []],
      ["three", []],
      ["four", []],
    ]);
  }),
);

testUnless(
  notLinux,
  "descriptors stay with their byte, whatever the prefix and the body are sent as",
  noLeaks(async () => {
    using pair = streamPair();
    using frames = new Frames(pair.far, lengthPrefixed(), { files: 2 });
    const body = new Uint8Array(100_000).fill(0x61);
    const frame = prefixed(body);
    const sending = (async () => {
      await send(pair.near, frame.subarray(0, 4), "with the prefix");
      await send(pair.near, body);
      await send(pair.near, frame.subarray(0, 4));
      await send(pair.near, body, "with the body");
      await send(pair.near, frame.subarray(0, 50_000));
      await send(pair.near, frame.subarray(50_000), "with the rest");
    })();
    for (const text of ["with the prefix", "with the body", "with the rest"]) {
      const received = await frames.next();
      assertEquals(received?.data.byteLength, 100_004);
      assertEquals((await contentOf(received))[1], [text]);
    }
    await sending;
  }),
);

testUnless(
  notLinux,
  "readExactly() has the descriptors that were sent with one of its bytes",
  noLeaks(async () => {
    using pair = streamPair();
    using frames = new Frames(pair.far, delimited(), { files: 1 });
    await send(pair.near, "12");
    await send(pair.near, "345", "a");
    await send(pair.near, "6\n", "b");
    assertEquals(await contentOf(await frames.readExactly(2)), ["12", []]);
    assertEquals(await contentOf(await frames.readExactly(1)), ["3", ["a"]]);
    assertEquals(await contentOf(await frames.next()), ["456", ["b"]]);
  }),
);

Deno.test(
  "next() rejects a frame with more descriptors in a message than `files`, and goes on behind it",
  noLeaks(async () => {
    using pair = streamPair();
    const { near } = pair;
    using frames = new Frames(pair.far, delimited(), { files: 1 });
    await near.send({ data: encode("one\ntw"), files: [0] });
    await near.send({ data: encode("o, "), files: [0, 1] });
    await near.send({ data: encode("to the end\n"), files: [0] });
    await near.send({ data: encode("three\n"), files: [0] });
    using one = await frames.next();
    assertEquals(one?.files.length, 1);
    const error = await assertRejects(() => frames.next(), ControlTruncatedError);
    assertEquals(new TextDecoder().decode(error.data), "two, to the end\n");
    using three = await frames.next();
    assertEquals({ body: three?.body, fileCount: three?.files.length }, {
      body: encode("three"),
      fileCount: 1,
    });
  }),
);

Deno.test(
  "next() rejects a frame with more than 253 descriptors in all",
  noLeaks(async () => {
    using pair = streamPair();
    const files = new Array<number>(100).fill(0);
    using frames = new Frames(pair.far, delimited(), { files: 100 });
    for (const data of ["a", "b", "c", "\nnext\n"]) {
      await pair.near.send({ data: encode(data), files });
    }
    const error = await assertRejects(() => frames.next(), ControlTruncatedError, "more than 253");
    assertEquals(error.data, encode("abc\n"));
    assertEquals(bodyOf(await frames.next()), "next");
  }),
);

Deno.test(
  "a frame that never ends keeps no more than 253 descriptors open",
  noLeaks(async () => {
    using pair = streamPair();
    const before = countDescriptors();
    using frames = new Frames(pair.far, delimited(), { files: 1 });
    const next = frames.next();
    for (let i = 0; i < 1000; i++) await pair.near.send({ data: encode("x"), files: [0] });
    await pair.near.send({ data: encode("\nnext\n"), files: [0] });
    assertEquals(countDescriptors() - before <= 253, true);
    const error = await assertRejects(() => next, ControlTruncatedError, "more than 253");
    assertEquals(error.data.byteLength, 1001);
    assertEquals(bodyOf(await frames.next()), "next");
  }),
);

testUnless(
  notLinux,
  "next() rejects with EMFILE where this process has no space for descriptors",
  noLeaks(async () => {
    using pair = streamPair();
    using frames = new Frames(pair.far, delimited(), { files: 3 });
    await pair.near.send({ data: encode("one\n"), files: [0, 1, 2] });
    await pair.near.send({ data: encode("two\n"), files: [0] });
    {
      using shortage = outOfDescriptors();
      shortage.free(1);
      const error = await assertRejects(() => frames.next(), ControlTruncatedError);
      assertEquals(error.data, encode("one\n"));
      assertObjectMatch(error, { code: "EMFILE" });
    }
    using two = await frames.next();
    assertEquals({ body: two?.body, fileCount: two?.files.length }, {
      body: encode("two"),
      fileCount: 1,
    });
  }),
);

Deno.test(
  "without `files` what a peer passes is closed, and no frame suffers",
  noLeaks(async () => {
    using pair = streamPair();
    using frames = new Frames(pair.far, delimited());
    await pair.near.send({ data: encode("one\n"), files: [0, 1] });
    await pair.near.send({ data: encode("two\n"), files: [0] });
    for (const text of ["one", "two"]) {
      using frame = await frames.next();
      assertEquals({ body: frame?.body, files: frame?.files }, { body: encode(text), files: [] });
    }
  }),
);

Deno.test(
  "a frame owns its descriptors until they are taken; disposing closes the rest",
  noLeaks(async () => {
    using pair = streamPair();
    using frames = new Frames(pair.far, delimited(), { files: 2 });
    await pair.near.send({ data: encode("one\n"), files: [0, 1] });
    using frame = await frames.next();
    assert(frame);
    using taken = frame.files.shift();
    const [left] = frame.files;
    frame[Symbol.dispose]();
    assert(taken && taken.fd >= 0);
    let isClosed = false;
    try {
      void left?.fd;
    } catch {
      isClosed = true;
    }
    assert(isClosed);
  }),
);

Deno.test(
  "an end in the middle of a frame leaves its descriptors to be closed by dispose",
  noLeaks(async () => {
    using pair = streamPair();
    using frames = new Frames(pair.far, delimited(), { files: 2 });
    await pair.near.send({ data: encode("one"), files: [0, 1] });
    pair.near.close();
    await assertRejects(() => frames.next(), Deno.errors.UnexpectedEof, "after 3 bytes");
    using rest = await frames.readExactly(1);
    assertEquals(rest?.files.length, 2);
  }),
);

testUnless(
  notLinux,
  "a frame names its sender, with `passCredentials`",
  noLeaks(async () => {
    using pair = streamPair();
    using frames = new Frames(pair.far, delimited(), { files: 1 });
    await pair.near.write(encode("before\n"));
    assertEquals((await frames.next())?.credentials, undefined);
    pair.far.passCredentials = true;
    await pair.near.send({ data: encode("on"), files: [0] });
    await pair.near.send({ data: encode("e\ntwo\n") });
    const { pid } = Deno;
    for (const [text, files] of [["one", 1], ["two", 0]] as const) {
      using frame = await frames.next();
      assertEquals({ body: frame?.body, fileCount: frame?.files.length }, {
        body: encode(text),
        fileCount: files,
      });
      assertEquals({ pid: frame?.credentials?.pid, uid: frame?.credentials?.uid }, {
        pid,
        uid: Deno.uid(),
      });
    }
  }),
);

const noRights = Deno.build.os !== "linux"
  ? notLinux
  : Deno.uid() === 0
  ? undefined
  : "only root may name another user as the sender";

testUnless(
  noRights,
  "a frame of several senders names none, and the next one its own",
  noLeaks(async () => {
    using pair = streamPair();
    pair.far.passCredentials = true;
    for (const files of [0, 1]) {
      using frames = new Frames(pair.far, delimited(), { files });
      const { pid } = Deno;
      const [one, other] = [{ pid, uid: 1, gid: 1 }, { pid, uid: 2, gid: 2 }];
      await pair.near.send({ data: encode("a\nb"), credentials: one });
      await pair.near.send({ data: encode("b\nc\nd"), credentials: other });
      await pair.near.send({ data: encode("\n"), credentials: other });
      const senders = [];
      for (let i = 0; i < 4; i++) senders.push((await frames.next())?.credentials);
      assertEquals(senders, [one, undefined, other, other]);
    }
  }),
);

testUnless(
  notLinux,
  "process descriptors that come along are closed",
  noLeaks(async () => {
    using pair = streamPair();
    try {
      pair.far.passPidfd = true;
    } catch {
      return; // older than Linux 6.5
    }
    using frames = new Frames(pair.far, delimited(), { files: 1 });
    await pair.near.send({ data: encode("one\ntwo\n"), files: [0] });
    using one = await frames.next();
    assertEquals({ body: one?.body, fileCount: one?.files.length }, {
      body: encode("one"),
      fileCount: 1,
    });
    await nextTurn();
    assertEquals(bodyOf(await frames.next()), "two");
  }),
);
