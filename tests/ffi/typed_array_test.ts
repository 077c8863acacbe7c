import { assertEquals, assertThrows } from "@std/assert";
import { isUint8Array } from "../../ffi/typed_array.ts";
import { unix } from "../../mod.ts";

Deno.test("isUint8Array() distinguishes memory from what only looks like it", () => {
  assertEquals([new Uint8Array(1), new Uint8Array(0)].map(isUint8Array), [true, true]);
  const others = [Object.create(Uint8Array.prototype), new DataView(new ArrayBuffer(1)), [], null];
  assertEquals(others.map(isUint8Array), [false, false, false, false]);
});

Deno.test("an address that only says that it is bytes is refused", () => {
  const says = Object.defineProperty(new Int8Array(4), Symbol.toStringTag, { value: "Uint8Array" });
  const inherits = Object.setPrototypeOf(new Int8Array(4), Uint8Array.prototype);
  assertEquals([says, inherits].map(isUint8Array), [false, false]);
  for (const address of [says, inherits]) {
    assertThrows(() => unix.connectSync(address), TypeError, "give a string, a Uint8Array");
  }
});
