/**
 * Frames with programs in other languages, in both directions.
 *
 * @module
 */
// Time limit: 300 s, because the crates of tokio are compiled once.

import { assert, assertEquals } from "@std/assert";
import { OwnedFd, unix } from "../../mod.ts";
import {
  delimited,
  type Frame,
  Frames,
  type Framing,
  lengthPrefixed,
} from "../../lib/frames/mod.ts";
import { buildCargo } from "../util/cargo.ts";
import { compileC } from "../util/cc.ts";
import { noLeaks } from "../util/descriptors.ts";
import { needPeer, testWith } from "../util/peers.ts";
import { startProcess } from "../util/process.ts";
import { tempDir } from "../util/tempdir.ts";
import { encode, prefixed } from "./util.ts";

/** Start a program that connects, and exchange frames with it; it must end with code 0 once the connection is closed. */
async function withPeer(
  start: (path: string) => readonly [command: string, ...args: string[]],
  framing: Framing,
  talk: (frames: Frames) => Promise<void>,
): Promise<void> {
  using dir = tempDir();
  using listener = unix.listen(dir.join("peer"));
  const [command, ...args] = start(dir.join("peer"));
  await using process = startProcess(command, { args });
  {
    using socket = await listener.accept();
    using frames = new Frames(socket, framing, { files: 253 });
    await talk(frames);
    await socket.closeWrite();
    assertEquals(await frames.next(), null);
  }
  const { code } = await process.status;
  assertEquals({ code, stderr: await process.stderr }, { code: 0, stderr: "" });
}

/** The bytes of a frame's body, and the texts of its descriptors, which are closed. */
async function contentOf(frame: Frame | null): Promise<{ body: string; files: string[] }> {
  assert(frame);
  const files: string[] = [];
  for (const file of frame.files) files.push(await new Response(file.readable).text());
  return { body: new TextDecoder().decode(frame.body), files };
}

const TEXTS = ["", "one", "two, which is longer"];

/** Send so many letters that have these texts in turn. */
async function sendLetters(frames: Frames, body: string, texts: readonly string[]): Promise<void> {
  using dir = tempDir();
  const files = texts.map((text, i) => {
    Deno.writeTextFileSync(dir.join(`${i}`), text);
    return OwnedFd.open(dir.join(`${i}`));
  });
  await frames.send({ data: prefixed(encode(body)), files });
  for (const file of files) file.close();
}

async function exchange(frames: Frames): Promise<void> {
  for (const how of ["w", "p", "b", "t"]) {
    for (const count of [0, 1, 3, 100]) {
      const files = Array.from({ length: count }, (_, i) => TEXTS[i % 3] ?? "");
      const body = `${how} with ${count}: `;
      await sendLetters(frames, body, files);
      assertEquals(await contentOf(await frames.next()), { body: body + files.join(""), files });
      if (how !== "t") continue;
      assertEquals(await contentOf(await frames.next()), { body: "extra", files: [] });
    }
  }
  await frames.send({ data: prefixed(new Uint8Array(0)) });
  assertEquals((await frames.next())?.body.byteLength, 0);
  const large = new Uint8Array(500_000).map((_, i) => i % 251);
  const sending = frames.send({ data: [prefixed(large).subarray(0, 4), large] });
  assertEquals((await frames.next())?.body, large);
  await sending;
}

testWith(
  "python3",
  "Frames exchanges frames and descriptors with Python's send_fds and recv_fds",
  noLeaks(() => {
    const python = needPeer("python3").command;
    const script = new URL("../peers/frames.py", import.meta.url).pathname;
    return withPeer((path) => [python, script, path], lengthPrefixed(), exchange);
  }),
);

testWith(
  "cc",
  "Frames exchanges frames and descriptors with C",
  noLeaks(async () => {
    const program = await compileC("frames");
    await withPeer((path) => [program, path], lengthPrefixed(), exchange);
  }),
);

/** The same framings as tokio's builders make. */
const CODECS: Readonly<
  Record<string, { framing: Framing; write: (body: Uint8Array) => Uint8Array }>
> = {
  "big-4": { framing: lengthPrefixed(), write: prefixed },
  "little-2": {
    framing: lengthPrefixed({ bytes: 2, littleEndian: true }),
    write: (body) => new Uint8Array([body.length & 255, body.length >> 8, ...body]),
  },
  "big-8": {
    framing: lengthPrefixed({ bytes: 8 }),
    write: (body) => new Uint8Array([0, 0, 0, 0, ...prefixed(body)]),
  },
  "whole-4": {
    framing: lengthPrefixed({ counts: "frame" }),
    write: (body) => {
      const frame = prefixed(body);
      new DataView(frame.buffer).setUint32(0, frame.length);
      return frame;
    },
  },
  lines: { framing: delimited(), write: (body) => new Uint8Array([...body, 10]) },
};

const BODIES = ["a", "", "twelve bytes", "x".repeat(40_000), "b"];

/** Send bodies, and receive each reversed. Answers come while frames are sent: in whatever pieces. */
async function reverse(frames: Frames, write: (body: Uint8Array) => Uint8Array): Promise<void> {
  const sending = (async () => {
    for (let i = 0; i < 20; i++) {
      const data = BODIES.map((it) => write(encode(it)));
      await frames.send({ data: i % 2 ? data : data.slice().reverse() });
    }
  })();
  for (let i = 0; i < 20; i++) {
    for (const text of i % 2 ? BODIES : BODIES.slice().reverse()) {
      const { body } = await contentOf(await frames.next());
      assertEquals(body, [...text].reverse().join(""));
    }
  }
  await sending;
}

for (const [name, { framing, write }] of Object.entries(CODECS)) {
  testWith(
    "cargo",
    `Frames exchanges frames with tokio_util::codec (${name})`,
    noLeaks(async () => {
      const program = await buildCargo("tokio_frames");
      await withPeer((path) => [program, path, name], framing, (it) => reverse(it, write));
    }),
  );
}

/** Answers each line by its characters in reverse, by Node's own reader of lines. */
const NODE_LINES = `
  const { connect } = require("node:net");
  const { createInterface } = require("node:readline");
  const socket = connect(process.argv[1]);
  createInterface({ input: socket, crlfDelay: 0 })
    .on("line", (line) => socket.write([...line].reverse().join("") + "\\n"))
    .on("close", () => socket.end());
`;

testWith(
  "node",
  "Frames exchanges lines with node:readline",
  noLeaks(async () => {
    const { command } = needPeer("node");
    await withPeer((path) => [command, "-e", NODE_LINES, path], delimited(), (frames) => {
      return reverse(frames, (body) => new Uint8Array([...body, 10]));
    });
  }),
);
