import { assertEquals, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import {
  bufferDetachedError,
  copyOf,
  countOrEnd,
  isBytes,
  requireBytes,
  requireLength,
} from "../../lib/descriptor/caller_buffer.ts";

class Derived extends Uint8Array {}

/** What is no memory, however much it looks like it. */
const PRETENDERS: readonly unknown[] = [
  "a",
  [1],
  null,
  undefined,
  new ArrayBuffer(1),
  new Int8Array(1),
  new DataView(new ArrayBuffer(1)),
  Object.create(Uint8Array.prototype),
  new Proxy(new Uint8Array(4), {}),
  { constructor: Uint8Array, byteLength: 4 },
];

Deno.test("requireBytes() returns the true length of every Uint8Array", () => {
  const lying = Object.defineProperty(new Uint8Array(4), "byteLength", { value: 9 });
  const good = [new Uint8Array(new SharedArrayBuffer(4)), Buffer.alloc(4), new Derived(4), lying];
  for (const bytes of good) {
    assertEquals({ requireBytes: requireBytes(bytes), isBytes: isBytes(bytes) }, {
      requireBytes: 4,
      isBytes: true,
    });
  }
  assertEquals(requireBytes(new Uint8Array(0)), 0);
});

Deno.test("requireBytes() and isBytes() refuse whatever only looks like one", () => {
  for (const wrong of PRETENDERS) {
    assertThrows(() => requireBytes(wrong as Uint8Array), TypeError, "give a Uint8Array");
    assertEquals(isBytes(wrong), false);
  }
});

Deno.test("copyOf() shares no memory, whatever `slice` does", () => {
  const buffer = Buffer.from([1, 2, 3]);
  const copy = copyOf(buffer);
  buffer.fill(9);
  assertEquals({ copy, constructor: copy.constructor }, {
    copy: new Uint8Array([1, 2, 3]),
    constructor: Uint8Array,
  });
});

Deno.test("copyOf() is empty where the bytes have no memory any more", () => {
  const gone = new Uint8Array(4);
  gone.buffer.transfer();
  const memory = new ArrayBuffer(4, { maxByteLength: 4 });
  const outside = new Uint8Array(memory, 2, 2);
  memory.resize(1);
  assertEquals([copyOf(gone), copyOf(outside)], [new Uint8Array(0), new Uint8Array(0)]);
});

Deno.test("requireLength() refuses what was detached or shrunk, not what has grown", () => {
  const memory = new ArrayBuffer(4, { maxByteLength: 8 });
  const bytes = new Uint8Array(memory);
  memory.resize(8);
  requireLength(bytes, 4);
  memory.resize(3);
  assertThrows(() => requireLength(bytes, 4), TypeError, "detached or resized");
  const moved = new Uint8Array(4);
  moved.buffer.transfer();
  assertThrows(() => requireLength(moved, 4), TypeError, "detached or resized");
});

Deno.test("countOrEnd() distinguishes nothing read from the end", () => {
  assertEquals(countOrEnd(3, 4), 3);
  assertEquals(countOrEnd(0, 4), null);
  assertEquals(countOrEnd(0, 0), 0);
});

Deno.test("bufferDetachedError() says what to do", () => {
  assertEquals(bufferDetachedError().message.endsWith("keep it until the operation is done"), true);
});
