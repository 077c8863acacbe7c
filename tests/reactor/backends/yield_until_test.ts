import { assertEquals } from "@std/assert";
import { yieldUntil } from "../../../lib/reactor/backends/yield_until.ts";

Deno.test("yieldUntil() returns once it is done, and asks no more", () => {
  let asked = 0;
  yieldUntil(() => ++asked === 3);
  assertEquals(asked, 3);
});

Deno.test("yieldUntil() gives up what never gets done, after more than a few attempts", () => {
  let asked = 0;
  yieldUntil(() => ++asked < 0);
  assertEquals(asked > 1, true);
});
