import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { Lane } from "../../lib/descriptor/operation_queue.ts";
import { isPending } from "../util/cases.ts";

Deno.test("tryEnter() takes a free lane once", () => {
  const lane = new Lane();
  assertEquals([lane.isBusy, lane.tryEnter(), lane.tryEnter(), lane.isBusy], [
    false,
    true,
    false,
    true,
  ]);
  lane.leave();
  assertEquals([lane.isBusy, lane.tryEnter()], [false, true]);
});

Deno.test("enter() lets operations through one at a time, in the order they came", async () => {
  const lane = new Lane();
  const log: string[] = [];
  const operation = async (name: string): Promise<void> => {
    await lane.enter();
    log.push(`${name} in`);
    await Promise.resolve();
    log.push(`${name} out`);
    lane.leave();
  };
  await Promise.all(["a", "b", "c"].map(operation));
  assertEquals(log, ["a in", "a out", "b in", "b out", "c in", "c out"]);
  assertEquals(lane.isBusy, false);
});

Deno.test("enter() rejects with the reason of a signal that aborted before", async () => {
  const lane = new Lane();
  const reason = new Error("before");
  const error = await assertRejects(() => lane.enter(AbortSignal.abort(reason)));
  assertStrictEquals(error, reason);
  assertEquals(lane.isBusy, false);
});

Deno.test("enter() leaves the queue with the signal's reason, and the others keep their places", async () => {
  const lane = new Lane();
  lane.tryEnter();
  const abort = new AbortController();
  const log: string[] = [];
  const first = lane.enter().then(() => log.push("first"));
  const second = lane.enter(abort.signal);
  const third = lane.enter().then(() => log.push("third"));
  abort.abort("enough");
  assertEquals(await assertRejects(() => second), "enough");
  lane.leave();
  await first;
  lane.leave();
  await third;
  assertEquals(log, ["first", "third"]);
});

Deno.test("enter() is not touched by an abort after it was let in", async () => {
  const lane = new Lane();
  lane.tryEnter();
  const abort = new AbortController();
  const entered = lane.enter(abort.signal);
  lane.leave();
  await entered;
  abort.abort();
  assertEquals(lane.isBusy, true);
  lane.leave();
  assertEquals(lane.isBusy, false);
});

Deno.test("cancel() turns away everybody in the queue, but not who is inside", async () => {
  const lane = new Lane();
  lane.tryEnter();
  const waiting = [lane.enter(), lane.enter(new AbortController().signal)];
  lane.cancel("closed");
  for (const entry of waiting) assertEquals(await assertRejects(() => entry), "closed");
  assertEquals(lane.isBusy, true);
  const later = lane.enter();
  assertEquals(await isPending(later), true);
  lane.leave();
  await later;
});
