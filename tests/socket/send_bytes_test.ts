import { assert, assertEquals } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { pieceOf, sendBytes } from "../../lib/socket/send_bytes.ts";
import { countDescriptors } from "../util/descriptors.ts";
import { connected, linuxTest, test } from "../util/cases.ts";
import { readBytes } from "../util/sockets.ts";

const PIECE = 32768;

/** Bytes that differ from their neighbours, so that none can be lost or come twice unseen. */
function numbered(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new Uint32Array(Math.ceil(size / 4)).map((_, n) => n * 2654435761).buffer)
    .subarray(0, size);
}

Deno.test("pieceOf() divides two and three blocks on a stream, and nothing else", () => {
  for (const size of [0, 1, 4096, PIECE - 1, PIECE, PIECE + 1, 40960, 2 * PIECE - 1]) {
    assertEquals(pieceOf(size, "stream"), size);
  }
  assertEquals([2, 3, 4, 32].map((n) => pieceOf(n * PIECE, "stream") / PIECE), [1, 1, 4, 32]);
  for (const type of ["seqpacket", "dgram"] as const) {
    assertEquals(pieceOf(2 * PIECE, type), 2 * PIECE);
  }
});

const SIZES = [0, 1, 2, 3].map((n) => n * PIECE).flatMap((n) => [n - 1, n, n + 1]).filter((n) =>
  n > 0
);

for (const size of [...SIZES, 1_000_000]) {
  test(`${size} bytes arrive as they were sent, in whatever way`, async () => {
    using pair = connected();
    const { a, b } = pair;
    const data = numbered(size);
    const arrived = async (): Promise<void> => {
      const all = await readBytes(b, size);
      assert(all.every((byte, n) => byte === data[n]) && all.length === size);
    };
    const written = async (): Promise<void> => {
      for (let sent = 0; sent < size;) sent += await a.write(data.subarray(sent));
    };
    await Promise.all([arrived(), written()]);
    assertEquals((await Promise.all([a.send({ data }), arrived()]))[0], size);
    const middle = size >> 1;
    const halves = [data.subarray(0, middle), data.subarray(middle)];
    assertEquals((await Promise.all([a.send({ data: halves }), arrived()]))[0], size);
    const writer = a.writable.getWriter();
    await Promise.all([writer.write(data), arrived()]);
    writer.releaseLock();
  });
}

test("descriptors come once, with the first of several pieces", async () => {
  using pair = connected();
  const before = countDescriptors();
  const sent = pair.a.send({ data: numbered(2 * PIECE), files: [0, 1] });
  {
    using first = await pair.b.receive({ files: 2, size: 100 });
    assertEquals({ dataLength: first?.data.length, fileCount: first?.files.length }, {
      dataLength: 100,
      fileCount: 2,
    });
  }
  for (let left = 2 * PIECE - 100; left > 0;) {
    using rest = await pair.b.receive({ files: 2 });
    assertEquals(rest?.files, []);
    left -= rest?.data.length ?? left;
  }
  assertEquals({ sent: await sent, descriptors: countDescriptors() }, {
    sent: 2 * PIECE,
    descriptors: before,
  });
});

test("writeSync() counts what it sent, until there is no space", () => {
  using pair = connected();
  pair.a.sendTimeout = 1;
  const data = numbered(2 * PIECE);
  let total = 0;
  try {
    for (;;) total += pair.a.writeSync(data.subarray(total % data.length));
  } catch (error) {
    assert(error instanceof Deno.errors.WouldBlock);
  }
  assert(total > 0);
  const all = new Uint8Array(total);
  for (let filled = 0; filled < total;) filled += pair.b.readSync(all.subarray(filled)) ?? total;
  assert(all.every((byte, n) => byte === data[n % data.length]));
});

linuxTest("sendBytes() gives the part that there was space for, and only then an error", () => {
  const data = numbered(2 * PIECE);
  let parts = 0;
  // An odd number of pieces is left over with or without one before.
  for (const before of [[], [data.subarray(0, PIECE)]]) {
    using pair = connected();
    for (const piece of before) assertEquals(sendBytes(pair.a.fd, piece, "stream"), PIECE);
    let sent = sendBytes(pair.a.fd, data, "stream");
    while (sent === data.length) sent = sendBytes(pair.a.fd, data, "stream");
    if (sent === PIECE) parts++;
    else assertEquals(sent, -platform.EAGAIN);
    assertEquals(sendBytes(pair.a.fd, data, "stream"), -platform.EAGAIN);
    pair.b.close();
    assertEquals(sendBytes(pair.a.fd, data, "stream"), -platform.EPIPE);
  }
  assertEquals(parts, 1);
});
