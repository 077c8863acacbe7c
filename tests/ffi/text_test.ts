import { assertEquals } from "@std/assert";
import { utf8 } from "../../ffi/text.ts";

Deno.test("utf8() returns the bytes of a text, in an array of its own each time", () => {
  const first = utf8("naïve 🦕");
  assertEquals(first, new TextEncoder().encode("naïve 🦕"));
  first.fill(0);
  assertEquals(utf8("naïve 🦕")[0], 0x6e);
});
