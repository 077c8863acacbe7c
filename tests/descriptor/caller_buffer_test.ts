import { assertEquals, assertThrows } from "@std/assert";
import { bufferTakenAway, countOrEnd, requireBytes } from "../../lib/descriptor/caller_buffer.ts";

Deno.test("requireBytes() takes every Uint8Array, and nothing else", () => {
  for (const good of [new Uint8Array(0), new Uint8Array(new SharedArrayBuffer(4))]) {
    requireBytes(good);
  }
  for (const wrong of ["a", [1], null, undefined, new ArrayBuffer(1), new Int8Array(1)]) {
    assertThrows(() => requireBytes(wrong as unknown as Uint8Array), TypeError, "Uint8Array");
  }
});

Deno.test("countOrEnd() tells nothing read from the end", () => {
  const [some, none] = [new Uint8Array(4), new Uint8Array(0)];
  assertEquals([countOrEnd(3, some), countOrEnd(0, some), countOrEnd(0, none)], [3, null, 0]);
});

Deno.test("bufferTakenAway() says what to do", () => {
  assertEquals(bufferTakenAway().message.endsWith("keep it until the operation is done"), true);
});
