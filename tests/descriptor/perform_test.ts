import { setImmediate } from "node:timers";
import { getEventListeners } from "node:events";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { type Channel, Descriptor } from "../../lib/descriptor/descriptor.ts";
import { type Operation, perform, performSync } from "../../lib/descriptor/perform.ts";
import { connected, isPending, test, turn } from "../util/cases.ts";

/** One end of a pair as a channel to read from, and the other end. */
function channel(): Disposable & { channel: Channel; write(): void } {
  const pair = connected();
  const descriptor = new Descriptor(pair.a.detach(), "Test");
  return {
    channel: descriptor.reading,
    write: () => void pair.b.writeSync(new Uint8Array(1)),
    [Symbol.dispose](): void {
      descriptor.close();
      pair.b.close();
    },
  };
}

/** An operation that has to be attempted so many times. */
function nth(times: number, log: string[] = []): Operation {
  let attempts = 0;
  return {
    attempt(): number {
      log.push("attempt");
      return ++attempts < times ? -platform.EAGAIN : attempts;
    },
    beforeWait: () => void log.push("before wait"),
  };
}

test("perform() returns what the first attempt gave, without a wait", async () => {
  using made = channel();
  const log: string[] = [];
  assertEquals(await perform(made.channel, nth(1, log)), 1);
  assertEquals({ log, isBusy: made.channel.isBusy }, { log: ["attempt"], isBusy: false });
});

test("perform() returns an error number other than EAGAIN as it is", async () => {
  using made = channel();
  const result = await perform(made.channel, { attempt: () => -platform.EPIPE });
  assertEquals(result, -platform.EPIPE);
});

test("perform() lets the event loop turn while operations that were queued go through", async () => {
  using made = channel();
  let turns = 0;
  setImmediate(function count(): void {
    if (++turns < 1000) setImmediate(count);
  });
  for (let i = 0; i < 2000; i++) void perform(made.channel, nth(1));
  // The first was not queued; the last is the end of all.
  await perform(made.channel, nth(1));
  assert(turns > 5 && turns < 1000, `${turns} turns`);
  turns = 1000;
  await turn();
});

test("perform() of what waits for something else does not try again for space", async () => {
  using made = channel();
  const log: string[] = [];
  const obstacle = { wait: () => Promise.resolve(), waitSync: () => {} };
  await perform(made.channel.descriptor.writing, { ...nth(2, log), obstacle });
  assertEquals(log, ["attempt", "before wait", "attempt"]);
});

test("perform() gives the outcome of an operation that has one, and frees the channel if it throws", async () => {
  using made = channel();
  const outcome = (result: number): string => {
    if (result === 1) throw new RangeError("no");
    return `after ${result}`;
  };
  const pending = perform(made.channel, { ...nth(2), outcome });
  made.write();
  assertEquals(await pending, "after 2");
  await assertRejects(() => perform(made.channel, { ...nth(1), outcome }), RangeError, "no");
  assertEquals(made.channel.isBusy, false);
});

test("perform() gives what an operation makes of an error, whenever it comes", async () => {
  const eagain = -platform.EAGAIN;
  for (const attempts of [["throw"], [eagain, "throw"], [eagain, 1]] as const) {
    for (const isQueued of [false, true]) {
      using made = channel();
      if (isQueued) made.channel.tryEnter();
      let next = 0;
      const result = perform(made.channel, {
        attempt(): number {
          const it = attempts[next++] ?? 1;
          if (it === "throw") throw new Error("attempt");
          return it;
        },
        outcome: () => {
          throw new Error("outcome");
        },
        recover: (error) => String(error),
      });
      if (isQueued) made.channel.leave();
      await turn();
      made.write();
      const what = (attempts as readonly unknown[]).includes("throw") ? "attempt" : "outcome";
      assertEquals(await result, `Error: ${what}`);
      assertEquals(made.channel.isBusy, false);
    }
  }
});

test("perform() gives what an operation makes of an abort, or throws what it throws", async () => {
  for (const isQueued of [false, true]) {
    using made = channel();
    if (isQueued) made.channel.tryEnter();
    const abort = new AbortController();
    const recover = (error: unknown): string => {
      if (error === "fatal") throw new TypeError("thrown");
      return `made of ${error}`;
    };
    const endless = { attempt: () => -platform.EAGAIN, outcome: String, recover };
    const results = [0, 1].map(() => perform(made.channel, endless, abort.signal));
    assertEquals(await isPending(Promise.race(results)), true);
    abort.abort("enough");
    assertEquals(await Promise.all(results), ["made of enough", "made of enough"]);
    if (isQueued) made.channel.leave();
    const fatal = perform(made.channel, endless, AbortSignal.abort("fatal"));
    await assertRejects(() => fatal, TypeError, "thrown");
    assertEquals(made.channel.isBusy, false);
  }
});

test("perform() waits on EAGAIN, and attempts again", async () => {
  using made = channel();
  const log: string[] = [];
  const pending = perform(made.channel, nth(2, log));
  assertEquals(await isPending(pending), true);
  made.write();
  assertEquals(await pending, 2);
  assertEquals(log, ["attempt", "before wait", "attempt"]);
});

test("perform() does not attempt anything with a signal that aborted before", async () => {
  using made = channel();
  const log: string[] = [];
  const error = await assertRejects(() =>
    perform(made.channel, nth(1, log), AbortSignal.abort("before"))
  );
  assertEquals({ error, log }, { error: "before", log: [] });
});

test("perform() ends a wait with the signal's reason, and frees the channel", async () => {
  using made = channel();
  const abort = new AbortController();
  const pending = perform(made.channel, nth(2), abort.signal);
  await turn();
  abort.abort("during");
  assertEquals(await assertRejects(() => pending), "during");
  assertEquals(made.channel.isBusy, false);
});

test("perform() attempts nothing after an abort in the same turn as the event", async () => {
  for (const order of ["event first", "abort first"]) {
    using made = channel();
    const abort = new AbortController();
    const log: string[] = [];
    const pending = perform(made.channel, nth(2, log), abort.signal);
    await turn();
    made.write();
    // The event is delivered a microtask later, and the operation goes on one after that.
    if (order === "event first") await made.channel.descriptor.wait(made.channel.interest);
    abort.abort("during");
    assertEquals(await assertRejects(() => pending), "during");
    assertEquals({ order, log }, { order, log: ["attempt", "before wait"] });
    assertEquals(made.channel.isBusy, false);
  }
});

test("perform() attempts nothing after an abort in the same turn as its turn in the queue", async () => {
  using made = channel();
  const abort = new AbortController();
  const log: string[] = [];
  made.channel.tryEnter();
  const pending = perform(made.channel, nth(1, log), abort.signal);
  const next = perform(made.channel, nth(1));
  made.channel.leave();
  abort.abort("late");
  assertEquals(await assertRejects(() => pending), "late");
  assertEquals({ log, next: await next, isBusy: made.channel.isBusy }, {
    log: ["before wait"],
    next: 1,
    isBusy: false,
  });
});

test("perform() that is aborted in the queue leaves the turn to the operation that has it", async () => {
  using made = channel();
  const abort = new AbortController();
  const log: string[] = [];
  const first = perform(made.channel, nth(2, log));
  const second = perform(made.channel, nth(1, log), abort.signal);
  const third = perform(made.channel, nth(1, log));
  log.length = 0;
  abort.abort("enough");
  assertEquals(await assertRejects(() => second), "enough");
  assertEquals({ isPending: await isPending(third), log }, { isPending: true, log: [] });
  made.write();
  assertEquals(await Promise.all([first, third]), [2, 1]);
});

test("perform() leaves no listener on a signal, however it ends", async () => {
  using made = channel();
  const { signal } = new AbortController();
  // What was written stays unread: a wait may end at once, and the operation has to wait again.
  let isDone = false;
  const untilDone: Operation = { attempt: () => isDone ? 1 : -platform.EAGAIN };
  for (let round = 0; round < 5; round++) {
    isDone = false;
    const waiting = perform(made.channel, untilDone, signal);
    const waitingBehind = perform(made.channel, untilDone, signal);
    await turn();
    assertEquals(getEventListeners(signal, "abort").length, 2);
    isDone = true;
    made.write();
    await Promise.all([waiting, waitingBehind]);
    assertEquals(getEventListeners(signal, "abort").length, 0);
  }
  isDone = false;
  const ended = [untilDone, untilDone].map((it) => perform(made.channel, it, signal));
  await turn();
  made.channel.descriptor.close();
  for (const it of ended) await assertRejects(() => it, Deno.errors.BadResource);
  assertEquals(getEventListeners(signal, "abort").length, 0);
});

test("perform() that is aborted leaves no listener on the signal", async () => {
  using made = channel();
  const abort = new AbortController();
  const never: Operation = { attempt: () => -platform.EAGAIN };
  const ended = [never, never].map((it) => perform(made.channel, it, abort.signal));
  await turn();
  assertEquals(getEventListeners(abort.signal, "abort").length, 2);
  abort.abort("enough");
  for (const it of ended) assertEquals(await assertRejects(() => it), "enough");
  assertEquals(getEventListeners(abort.signal, "abort").length, 0);
});

test("perform() frees the channel when an attempt throws", async () => {
  using made = channel();
  const attempt = (): number => {
    throw new RangeError("no");
  };
  await assertRejects(() => perform(made.channel, { attempt }), RangeError);
  assertEquals(made.channel.isBusy, false);
});

test("perform() lets operations of one channel through one after the other", async () => {
  using made = channel();
  const log: string[] = [];
  const first = perform(made.channel, nth(2, log));
  const second = perform(made.channel, nth(1, log));
  assertEquals({ isPending: await isPending(second), log }, {
    isPending: true,
    log: ["attempt", "before wait", "before wait"],
  });
  made.write();
  assertEquals(await Promise.all([first, second]), [2, 1]);
});

test("perform() ends operations in their order, however often each waits or pauses", async () => {
  using made = channel();
  const obstacle = { wait: () => new Promise<void>((it) => setImmediate(it)), waitSync: () => {} };
  for (const attempts of [[1], [2], [3], [1, 2, 3], [3, 1, 1, 1, 2]]) {
    const order: number[] = [];
    const all = Array.from({ length: 600 }, async (_, i) => {
      const times = attempts[i % attempts.length] ?? 1;
      await perform(made.channel, { ...nth(times), obstacle });
      order.push(i);
    });
    await Promise.all(all);
    assertEquals(order, all.map((_, i) => i));
  }
});

test("perform() throws errors whose stack names the code that awaits it, after one wait and two", async () => {
  for (const attempts of [2, 3]) {
    using made = channel();
    const outcome = (): never => {
      throw new RangeError("no");
    };
    const obstacle = { wait: () => turn(), waitSync: () => {} };
    const caller = async (): Promise<void> => {
      await perform(made.channel, { ...nth(attempts), obstacle, outcome });
    };
    const error = await assertRejects(caller, RangeError);
    assert(error.stack?.includes("at async caller"), error.stack);
  }
});

test("perform() ends with BadResource when the descriptor is given up", async () => {
  using made = channel();
  const pending = [perform(made.channel, nth(2)), perform(made.channel, nth(1))];
  await turn();
  made.channel.descriptor.close();
  for (const it of pending) {
    await assertRejects(() => it, Deno.errors.BadResource, "Cannot use the Test: it is closed");
  }
});

test("perform() waits for an obstacle instead of the descriptor", async () => {
  using made = channel();
  const gone = Promise.withResolvers<void>();
  const operation: Operation = {
    ...nth(2),
    obstacle: { wait: () => gone.promise, waitSync: () => {} },
  };
  const pending = perform(made.channel, operation);
  made.write();
  assertEquals(await isPending(pending), true);
  gone.resolve();
  assertEquals(await pending, 2);
});

test("perform() lets timers have their turn however often it succeeds at once", async () => {
  using made = channel();
  let fired = false;
  setTimeout(() => fired = true, 0);
  for (let n = 0; n < 100_000 && !fired; n++) await perform(made.channel, nth(1));
  assertEquals(fired, true);
});

test("performSync() waits on EAGAIN, and attempts again", () => {
  using made = channel();
  made.write();
  const log: string[] = [];
  assertEquals(performSync(made.channel, nth(3, log)), 3);
  assertEquals(log, ["attempt", "attempt", "attempt"]);
});

test("performSync() gives EAGAIN after its time limit", () => {
  using made = channel();
  const operation = { attempt: () => -platform.EAGAIN };
  for (const limit of [0, 1, 3]) {
    assertEquals(performSync(made.channel, operation, () => limit), -platform.EAGAIN);
  }
});

test("performSync() takes time limits that poll(2) does not", () => {
  for (const limit of [2 ** 31 - 1, 2 ** 31, 1e15]) {
    using made = channel();
    made.write();
    assertEquals(performSync(made.channel, nth(2), () => limit), 2, `${limit} ms`);
  }
});

test("performSync() asks the obstacle, with what is left of the time limit", () => {
  using made = channel();
  const limits: number[] = [];
  const operation: Operation = {
    attempt: () => -platform.EAGAIN,
    obstacle: { wait: () => Promise.resolve(), waitSync: (limit) => void limits.push(limit) },
  };
  assertEquals(performSync(made.channel, operation, () => 3), -platform.EAGAIN);
  assertEquals(limits[0], 3);
  assert(limits.every((it) => it >= 1 && it <= 3), `${limits}`);
});

test("performSync() asks the obstacle without a limit by default", () => {
  using made = channel();
  const limits: number[] = [];
  const operation: Operation = {
    ...nth(3),
    obstacle: { wait: () => Promise.resolve(), waitSync: (limit) => void limits.push(limit) },
  };
  assertEquals({ result: performSync(made.channel, operation), limits }, {
    result: 3,
    limits: [-1, -1],
  });
});

test("performSync() throws BadResource on a descriptor that was given up", () => {
  using made = channel();
  made.channel.descriptor.close();
  assertThrows(() => performSync(made.channel, nth(2)), Deno.errors.BadResource);
});
