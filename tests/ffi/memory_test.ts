import { assertEquals, assertNotEquals } from "@std/assert";
import { addressOf, cString, ffiBytes, size } from "../../ffi/memory.ts";

/** Read `length` bytes at an address. */
function at(address: number, length: number): number[] {
  const pointer = Deno.UnsafePointer.create(BigInt(address));
  if (pointer === null) return [];
  return [...new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, length))];
}

Deno.test("addressOf() is where the bytes are, and leaves them as they are", () => {
  for (const length of [1, 8, 63, 64, 65, 5000]) {
    const bytes = new Uint8Array(length).fill(7);
    assertEquals(at(addressOf(bytes), length), [...bytes], `${length} bytes`);
  }
});

Deno.test("addressOf() counts in the place of a part", () => {
  const bytes = new Uint8Array([1, 2, 3, 4]);
  assertEquals(addressOf(bytes.subarray(3)), addressOf(bytes) + 3);
});

Deno.test("addressOf() is 0 for an empty and for a detached array", () => {
  const bytes = new Uint8Array(8);
  assertNotEquals(addressOf(bytes), 0);
  assertEquals(addressOf(new Uint8Array(0)), 0);
  assertEquals(addressOf(bytes.subarray(8)), 0);
  bytes.buffer.transfer();
  assertEquals(addressOf(bytes), 0);
});

Deno.test("addressOf() of a small array holds after the garbage collector has run", () => {
  const bytes = new Uint8Array(4).fill(9);
  const address = addressOf(bytes);
  for (let n = 0; n < 1000; n++) new Array(1000).fill(n);
  (globalThis as { gc?: () => void }).gc?.();
  assertEquals({ addressOf: addressOf(bytes), at: at(address, 4) }, {
    addressOf: address,
    at: [9, 9, 9, 9],
  });
});

Deno.test("size() is the number as a BigInt, small or large", () => {
  for (const length of [0, 1, 256, 257, 2 ** 31, 2 ** 40]) {
    assertEquals(size(length), BigInt(length));
  }
});

Deno.test("cString() ends in a NUL", () => {
  assertEquals([...cString("aä")], [0x61, 0xc3, 0xa4, 0]);
  assertEquals([...cString(new Uint8Array([0xff]))], [0xff, 0]);
  assertEquals([...cString("")], [0]);
});

Deno.test("ffiBytes() gives the same array, shared memory too", () => {
  const bytes = new Uint8Array(new SharedArrayBuffer(4));
  assertEquals(ffiBytes(bytes) as Uint8Array === bytes, true);
});
