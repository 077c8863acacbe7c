import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { Buffer } from "node:buffer";
import { FrameBuffer } from "../../lib/frames/frame_buffer.ts";

const pattern = new Uint8Array(1 << 23).map((_, i) => i % 251);

/** The bytes of a stream, by their places in it. */
function streamOf(start: number, length: number): Uint8Array {
  return pattern.subarray(start % 251, start % 251 + length);
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

/** Receive bytes in as many parts as it takes. */
function receive(buffer: FrameBuffer, bytes: Uint8Array, whole?: number): void {
  for (let done = 0; done < bytes.byteLength;) {
    const space = buffer.reserve(whole);
    assert(space.byteLength > 0);
    const part = bytes.subarray(done, done + space.byteLength);
    space.set(part);
    buffer.commit(part.byteLength);
    done += part.byteLength;
  }
}

Deno.test("FrameBuffer gives the bytes in their order, however they come and are taken", () => {
  const size = fc.oneof(
    fc.integer({ min: 0, max: 300 }),
    fc.integer({ min: 0, max: 40_000 }),
    fc.integer({ min: 0, max: 200_000 }),
  );
  const step = fc.tuple(fc.boolean(), size, fc.option(size, { nil: undefined }));
  fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    const buffer = new FrameBuffer();
    const other = new FrameBuffer();
    let came = 0, taken = 0;
    for (const [isReceive, wanted, more] of steps) {
      if (isReceive) {
        const whole = more && buffer.length + wanted + more;
        receive(buffer, streamOf(came, wanted), whole);
        receive(other, new Uint8Array(wanted).fill(255)); // which uses the same spare memory
        came += wanted;
      } else {
        const count = Math.min(wanted, buffer.length);
        assert(isSame(buffer.take(count), streamOf(taken, count)));
        other.take(count);
        taken += count;
      }
      const { bytes, start, end, length } = buffer;
      assertEquals(length, came - taken);
      assert(isSame(bytes.subarray(start, end), streamOf(taken, length)));
      assert(bytes.byteLength <= Math.max(65536, 4 * length));
    }
  }));
});

Deno.test("FrameBuffer copies a piece that is taken whole once", () => {
  const buffer = new FrameBuffer();
  receive(buffer, new Uint8Array([1, 2, 3]));
  const { bytes } = buffer;
  assertStrictEquals(buffer.take(3), bytes);
  assertEquals({ bytes, byteLength: bytes.buffer.byteLength }, {
    bytes: new Uint8Array([1, 2, 3]),
    byteLength: 3,
  });
});

Deno.test("FrameBuffer gives a long frame of known length as it lies", () => {
  const buffer = new FrameBuffer();
  const size = 1_000_000;
  receive(buffer, new Uint8Array(4));
  for (let left = size - 4; left > 0;) {
    const space = buffer.reserve(size);
    assert(space.byteLength <= left, "no more is received than belongs to it");
    buffer.commit(Math.min(space.byteLength, 50_000));
    left = size - buffer.length;
  }
  const { bytes } = buffer;
  assertStrictEquals(buffer.take(size), bytes);
  assertEquals(bytes.buffer.byteLength, size);
});

Deno.test("FrameBuffer moves each byte a bounded number of times, in pieces of 1 byte", () => {
  const buffer = new FrameBuffer();
  const memories = new Set<ArrayBufferLike>();
  const byte = new Uint8Array(1);
  for (let i = 0; i < 1 << 20; i++) {
    receive(buffer, byte);
    memories.add(buffer.bytes.buffer);
  }
  // Each is twice as large as the one before.
  assert(memories.size <= 22, `${memories.size} pieces of memory`);
  assertEquals(buffer.take(1 << 20).byteLength, 1 << 20);
});

Deno.test("FrameBuffer holds little memory for little, and none for nothing", () => {
  const buffer = new FrameBuffer();
  receive(buffer, new Uint8Array(65536));
  buffer.take(60_000);
  assert(buffer.bytes.byteLength < 4 * 5536);
  buffer.take(5530);
  assert(buffer.bytes.byteLength <= 4096);
  buffer.take(6);
  assertEquals(buffer.bytes.byteLength, 0);
  receive(buffer, new Uint8Array(100));
  assertEquals(buffer.bytes.byteLength, 100);
  for (let i = 0; i < 10_000; i++) {
    receive(buffer, new Uint8Array(100));
    buffer.take(buffer.length - 10);
  }
  assert(buffer.bytes.byteLength < 1000, `${buffer.bytes.byteLength} bytes for 10`);
});
