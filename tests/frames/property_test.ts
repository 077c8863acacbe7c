/**
 * Any sequence of frames with descriptors, sent in any pieces, comes back the same.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { OwnedFd, type Socket } from "../../mod.ts";
import { delimited, Frames, type Framing, lengthPrefixed } from "../../lib/frames/mod.ts";
import { noLeaks } from "../util/descriptors.ts";
import { testUnless } from "../util/peers.ts";
import { encode, nextTurn, streamPair } from "./util.ts";

const notLinux = Deno.build.os === "linux" ? undefined : "memory files exist on Linux only";

const RUNS = 120;

/** How the test writes frames: by hand, not by the code under test. */
interface Protocol {
  readonly framing: Framing;
  readonly write: (body: Uint8Array) => Uint8Array;
}

const protocols: Readonly<Record<string, Protocol>> = {
  "a length of 2 bytes": {
    framing: lengthPrefixed({ bytes: 2, littleEndian: true }),
    write: (body) => new Uint8Array([body.length & 255, body.length >> 8, ...body]),
  },
  "a length behind 3 bytes that counts everything": {
    framing: lengthPrefixed({ bytes: 4, offset: 3, counts: "frame" }),
    write: (body) => {
      const bytes = new Uint8Array(7 + body.length);
      new DataView(bytes.buffer).setUint32(3, bytes.length);
      bytes.set(body, 7);
      return bytes;
    },
  },
  "a delimiter of 3 bytes": {
    framing: delimited(new Uint8Array([0, 0, 1])),
    // No body may hold the delimiter.
    write: (body) => new Uint8Array([...body.map((it) => it | 2), 0, 0, 1]),
  },
  "a function of the test's": {
    framing: Object.assign(
      (head: Uint8Array) =>
        head.length < 2 ? undefined : 2 + ((head[0] ?? 0) << 8 | (head[1] ?? 0)),
      { body: (frame: Uint8Array) => frame.subarray(2) },
    ),
    write: (body) => new Uint8Array([body.length >> 8, body.length & 255, ...body]),
  },
};

/** A part of the stream that is sent by one call, and how many descriptors go along. */
interface Piece {
  readonly size: number;
  readonly files: number;
}

const bodies = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 20 });
const pieces = fc.array(
  fc.record({
    size: fc.integer({ min: 1, max: 700 }),
    files: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 3 })),
  }),
  { minLength: 1, maxLength: 30 },
);

interface Sent {
  readonly frames: readonly Uint8Array[];
  /** For each frame the numbers of its descriptors. */
  readonly files: number[][];
}

/** Send the frames in these pieces, over and over, and tell what belongs to each. */
async function sendInPieces(
  socket: Socket,
  frames: readonly Uint8Array[],
  pieces: readonly Piece[],
  pauses: readonly boolean[],
): Promise<Sent> {
  const all = new Uint8Array(frames.flatMap((it) => [...it]));
  const ends: number[] = [];
  frames.reduce((end, it) => (ends.push(end + it.length), end + it.length), 0);
  const files: number[][] = frames.map(() => []);
  let sent = 0, count = 0;
  for (let i = 0; sent < all.length; i++) {
    const { size, files: number } = pieces[i % pieces.length] ?? { size: 1, files: 0 };
    const owner = files[ends.findIndex((end) => end > sent)];
    const letters = Array.from({ length: number }, () => {
      owner?.push(count);
      return OwnedFd.memfd("letter", encode(`${count++}`));
    });
    await socket.send({ data: all.subarray(sent, sent + size), files: letters });
    for (const it of letters) it.close();
    if (pauses[i % pauses.length]) await nextTurn();
    sent += size;
  }
  socket.close();
  return { frames, files };
}

const text = new Uint8Array(16);

function numberIn(file: OwnedFd): number {
  return Number(new TextDecoder().decode(text.subarray(0, file.readSync(text) ?? 0)));
}

for (const [name, { framing, write }] of Object.entries(protocols)) {
  testUnless(
    notLinux,
    `frames with ${name} come back with their descriptors, sent in any pieces`,
    noLeaks(async () => {
      const pauses = fc.array(fc.boolean(), { minLength: 1, maxLength: 7 });
      await fc.assert(
        fc.asyncProperty(bodies, pieces, pauses, async (bodies, pieces, pauses) => {
          using pair = streamPair();
          using frames = new Frames(pair.far, framing, { files: 3 });
          const sending = sendInPieces(pair.near, bodies.map(write), pieces, pauses);
          const received: Uint8Array[] = [];
          const files: number[][] = [];
          for await (using frame of frames) {
            received.push(frame.data);
            files.push(frame.files.map(numberIn));
          }
          const sent = await sending;
          assertEquals(received, [...sent.frames]);
          assertEquals(files, sent.files);
        }),
        { numRuns: RUNS },
      );
    }),
  );
}
