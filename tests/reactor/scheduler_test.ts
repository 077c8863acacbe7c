// Time limit: 180 s, because a hundred thousand schedules are tried.

/** Schedules of the reactor, on a kernel and an event loop in which nothing happens but what the test says. */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { IdlePolicy, type Traffic } from "../../lib/reactor/idle_policy.ts";
import { Scheduler } from "../../lib/reactor/scheduler.ts";
import { chosenSeed } from "../hostile/random.ts";
import { FakeLoop } from "./fake_kernel.ts";
import { Schedule, step, STEPS } from "./schedule.ts";

/** How many schedules are tried. */
const SCHEDULES = Number(Deno.env.get("SCHEDULES") ?? 100_000);

const setups = fc.record({
  isDeferred: fc.boolean(),
  beginWithLast: fc.boolean(),
  yielding: fc.boolean(),
  polling: fc.boolean(),
});
const schedules = fc.uint16Array({ maxLength: 40 }).map((numbers) => Array.from(numbers, step));

const seed = chosenSeed();

Deno.test(`no schedule loses a wake-up, an abort or a file, SEED=${seed}`, async () => {
  const property = fc.asyncProperty(setups, schedules, async (setup, steps) => {
    await new Schedule(setup).run(steps);
  });
  await fc.assert(property, { numRuns: SCHEDULES, seed });
});

Deno.test("a schedule that ends with data unread and no wait is no failure", async () => {
  const setup = { isDeferred: true, beginWithLast: true, yielding: true, polling: true };
  await new Schedule(setup).run(STEPS.map((what) => ({ what, socket: 1, much: 1 })));
});

Deno.test("each turn of the event loop has time of its own to spend before sleeping", async () => {
  const loop = new FakeLoop();
  let turns = 0;
  const idle = new class extends IdlePolicy {
    override newTurn(): void {
      turns++;
    }
  }(loop);
  const target = { waits: 0, isHeld: true, isIdle: false, poll: () => 0, park: () => true };
  const scheduler = new Scheduler(target, loop, idle);
  for (let i = 0; i < 3; i++) scheduler.wake();
  assertEquals(turns, 3);
  while (scheduler.yieldIfBudgetSpent() === undefined);
  await loop.turn(() => Promise.resolve());
  assertEquals(turns, 4);
});

Deno.test("a bulk transfer that has found events is over for the wait that follows", async () => {
  const loop = new FakeLoop();
  const seen: boolean[] = [];
  const idle = new class extends IdlePolicy {
    override beforeSleep({ bulkTransfer }: Traffic): number {
      seen.push(bulkTransfer);
      return 0;
    }
  }(loop);
  const found = [0, 1];
  const target = {
    waits: 1,
    isHeld: true,
    isIdle: false,
    poll: () => found.shift() ?? 0,
    park: () => true,
  };
  const scheduler = new Scheduler(target, loop, idle);
  scheduler.pollSoon(0, true);
  await loop.turn(() => Promise.resolve());
  scheduler.pollSoon(0, true);
  await loop.turn(() => Promise.resolve());
  assertEquals(seen, [false, true]);
});

Deno.test("a scheduler parks once a turn, however often it is asked to", async () => {
  const loop = new FakeLoop();
  let parked = 0;
  const target = { waits: 1, isHeld: true, isIdle: false, poll: () => 0, park: () => ++parked > 0 };
  const scheduler = new Scheduler(target, loop, new IdlePolicy(loop));
  for (let turns = 1; turns <= 3; turns++) {
    for (let i = 0; i < 3; i++) scheduler.parkSoon();
    scheduler.wake();
    scheduler.parkSoon();
    await loop.turn(() => Promise.resolve());
    assertEquals(parked, turns);
  }
});

Deno.test("a scheduler parks after a poll only where something waits, or keeps the process alive", async () => {
  for (const isIdle of [true, false]) {
    const loop = new FakeLoop();
    let parked = 0;
    const target = { waits: 0, isHeld: false, isIdle, poll: () => 0, park: () => ++parked > 0 };
    const scheduler = new Scheduler(target, loop, new IdlePolicy(loop));
    scheduler.wake();
    await loop.turn(() => Promise.resolve());
    assertEquals(parked, isIdle ? 0 : 1);
  }
});

Deno.test("an operation that succeeds takes a turn only where all waits let the process end", async () => {
  for (
    const { waits, isHeld, turns } of [
      { waits: 0, isHeld: false, turns: 0 },
      { waits: 1, isHeld: true, turns: 0 },
      { waits: 1, isHeld: false, turns: 1 },
    ]
  ) {
    const loop = new FakeLoop();
    let begun = 0;
    const inNextTurn = (callback: () => void): void => {
      begun++;
      loop.inNextTurn(callback);
    };
    const target = { waits, isHeld, isIdle: false, poll: () => 0, park: () => true };
    const scheduled = {
      inNextTurn,
      now: () => loop.now(),
      inMicrotask: (callback: () => void) => loop.inMicrotask(callback),
      atEndOfTurn: (callback: () => void) => loop.atEndOfTurn(callback),
    };
    const scheduler = new Scheduler(target, scheduled, new IdlePolicy(loop));
    scheduler.progressed();
    assertEquals(begun, turns, `${waits} waits, held: ${isHeld}`);
    await loop.turn(() => Promise.resolve());
  }
});
