import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { OperationQueue } from "../../lib/descriptor/operation_queue.ts";
import { isPending } from "../util/cases.ts";

Deno.test("tryEnter() takes a free queue once", () => {
  const queue = new OperationQueue();
  assert(!queue.isBusy);
  assertEquals({ first: queue.tryEnter(), second: queue.tryEnter() }, {
    first: true,
    second: false,
  });
  assert(queue.isBusy);
  queue.leave();
  assertEquals({ isBusy: queue.isBusy, tryEnter: queue.tryEnter() }, {
    isBusy: false,
    tryEnter: true,
  });
});

Deno.test("enter() lets operations through one at a time, in the order they came", async () => {
  const queue = new OperationQueue();
  const log: string[] = [];
  const operation = async (name: string): Promise<void> => {
    await queue.enter();
    log.push(`${name} in`);
    await Promise.resolve();
    log.push(`${name} out`);
    queue.leave();
  };
  await Promise.all(["a", "b", "c"].map(operation));
  assertEquals(log, ["a in", "a out", "b in", "b out", "c in", "c out"]);
  assertEquals(queue.isBusy, false);
});

Deno.test("enter() rejects with the reason of a signal that aborted before", async () => {
  const queue = new OperationQueue();
  const reason = new Error("before");
  const error = await assertRejects(() => queue.enter(AbortSignal.abort(reason)));
  assertStrictEquals(error, reason);
  assertEquals(queue.isBusy, false);
});

Deno.test("enter() leaves the queue with the signal's reason, and the others keep their places", async () => {
  const queue = new OperationQueue();
  queue.tryEnter();
  const abort = new AbortController();
  const log: string[] = [];
  const first = queue.enter().then(() => log.push("first"));
  const second = queue.enter(abort.signal);
  const third = queue.enter().then(() => log.push("third"));
  abort.abort("enough");
  assertEquals(await assertRejects(() => second), "enough");
  queue.leave();
  await first;
  queue.leave();
  await third;
  assertEquals(log, ["first", "third"]);
});

Deno.test("enter() is not touched by an abort after it was let in", async () => {
  const queue = new OperationQueue();
  queue.tryEnter();
  const abort = new AbortController();
  const entered = queue.enter(abort.signal);
  queue.leave();
  await entered;
  abort.abort();
  assertEquals(queue.isBusy, true);
  queue.leave();
  assertEquals(queue.isBusy, false);
});

Deno.test("cancel() rejects every waiter in the queue, but not the operation inside", async () => {
  const queue = new OperationQueue();
  queue.tryEnter();
  const waiting = [queue.enter(), queue.enter(new AbortController().signal)];
  queue.cancel("closed");
  for (const entry of waiting) assertEquals(await assertRejects(() => entry), "closed");
  assertEquals(queue.isBusy, true);
  const later = queue.enter();
  assertEquals(await isPending(later), true);
  queue.leave();
  await later;
});

Deno.test("enter() keeps the order, whichever waiters leave the queue: the first, the last, all of them", async () => {
  for (const gone of [[0], [3], [1, 2], [0, 3], [3, 2, 1, 0], [0, 1, 2, 3]]) {
    const queue = new OperationQueue();
    queue.tryEnter();
    const log: number[] = [];
    const operation = async (n: number, signal?: AbortSignal): Promise<void> => {
      try {
        await queue.enter(signal);
      } catch {
        return;
      }
      log.push(n);
      queue.leave();
    };
    const aborts = [0, 1, 2, 3].map(() => new AbortController());
    const operations = aborts.map(({ signal }, n) => operation(n, signal));
    for (const n of gone) aborts[n]?.abort();
    const ticket = {};
    assertEquals(queue.isLast(ticket), false);
    const last = queue.enter(undefined, ticket).then(() => log.push(4));
    assertEquals(queue.isLast(ticket), true);
    queue.leave();
    await Promise.all([...operations, last]);
    queue.leave();
    assertEquals(log, [0, 1, 2, 3, 4].filter((n) => !gone.includes(n)));
    assertEquals(queue.isBusy, false);
  }
});
