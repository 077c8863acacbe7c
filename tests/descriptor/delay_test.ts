import { assertEquals, assertRejects } from "@std/assert";
import { delay } from "../../lib/descriptor/delay.ts";

Deno.test("delay() resolves after a while, and takes its listener off the signal", async () => {
  const abort = new AbortController();
  await delay(1, abort.signal);
  abort.abort();
});

Deno.test("delay() rejects at once with the reason of a signal that aborted before", async () => {
  assertEquals(await assertRejects(() => delay(1e8, AbortSignal.abort("before"))), "before");
});

Deno.test("delay() rejects with the signal's reason while it waits, and leaves no timer", async () => {
  const abort = new AbortController();
  const waiting = delay(1e8, abort.signal);
  abort.abort("during");
  assertEquals(await assertRejects(() => waiting), "during");
});
