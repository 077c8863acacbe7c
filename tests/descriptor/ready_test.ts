import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Descriptor } from "../../lib/descriptor/descriptor.ts";
import { checkedReady, waitUntilReady } from "../../lib/descriptor/ready.ts";
import { bytes, connected, fill, isPending, test, turn } from "../util/cases.ts";

/** A descriptor of its own for one end of a pair, and the other end. */
function end(): { descriptor: Descriptor; peer: ReturnType<typeof connected>["b"] } & Disposable {
  const { a, b } = connected();
  const descriptor = new Descriptor(a.detach(), "Test");
  return {
    descriptor,
    peer: b,
    [Symbol.dispose](): void {
      descriptor.close();
      b.close();
    },
  };
}

test("waitUntilReady() waits for data, and reads nothing", async () => {
  using it = end();
  const ready = waitUntilReady(it.descriptor, "read");
  assertEquals(await isPending(ready), true);
  it.peer.writeSync(bytes("a"));
  await ready;
  await waitUntilReady(it.descriptor, "read");
  await waitUntilReady(it.descriptor, "read");
});

test("waitUntilReady() waits for send space", async () => {
  using pair = connected();
  fill(pair.a);
  const descriptor = new Descriptor(pair.a.detach(), "Test");
  const ready = waitUntilReady(descriptor, "write");
  assertEquals(await isPending(ready), true);
  await pair.b.read(new Uint8Array(1 << 20));
  await ready;
  descriptor.close();
});

test("waitUntilReady() resolves for a hang-up, whatever it waits for", async () => {
  using it = end();
  const ready = waitUntilReady(it.descriptor, "read");
  assertEquals(await isPending(ready), true);
  it.peer.close();
  await ready;
  await waitUntilReady(it.descriptor, "write");
});

test("waitUntilReady() ends with the signal's reason, also when data comes in the same turn", async () => {
  using it = end();
  await assertRejects(
    () => waitUntilReady(it.descriptor, "read", AbortSignal.abort(new RangeError("before"))),
    RangeError,
  );
  const stop = new AbortController();
  const ready = waitUntilReady(it.descriptor, "read", stop.signal);
  await turn();
  it.peer.writeSync(bytes("a"));
  stop.abort(new RangeError("enough"));
  await assertRejects(() => ready, RangeError, "enough");
});

test("waitUntilReady() ends with BadResource when the descriptor is closed", async () => {
  using it = end();
  const ready = waitUntilReady(it.descriptor, "read");
  await turn();
  it.descriptor.close();
  await assertRejects(() => ready, Deno.errors.BadResource);
  await assertRejects(() => waitUntilReady(it.descriptor, "read"), Deno.errors.BadResource);
});

test("checkedReady() refuses any other interest, and gives the signal", () => {
  for (const interest of ["both", "", undefined, 1]) {
    assertThrows(() => checkedReady(interest as "read", {}), TypeError, 'give "read" or "write"');
  }
  const { signal } = new AbortController();
  assertEquals(checkedReady("write", { signal }), signal);
  const aborted = { signal: AbortSignal.abort(new RangeError("before")) };
  assertThrows(() => checkedReady("read", aborted), RangeError, "before");
});

test("waitUntilReady() in a row lets timers continue", async () => {
  using it = end();
  it.peer.writeSync(bytes("a"));
  let over = false;
  setTimeout(() => over = true);
  while (!over) await waitUntilReady(it.descriptor, "read");
});
