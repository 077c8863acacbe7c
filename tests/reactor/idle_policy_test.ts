/** What is tried before the thread sleeps, by a clock of the test's own. */

import { assert, assertEquals } from "@std/assert";
import {
  AdaptiveBusyPoll,
  AdaptiveYield,
  Backoff,
  IdlePolicy,
  type IdleSystem,
} from "../../lib/reactor/idle_policy.ts";

/** A system whose clock moves when it is asked to, and by a little at each look at it. */
class FakeSystem implements IdleSystem {
  time = 0;
  yields = 0;
  /** Milliseconds that a look at the clock takes. */
  tick = 0.0005;
  /** Milliseconds that another process takes when this one yields. */
  absence = 0;

  now(): number {
    return this.time += this.tick;
  }

  schedYield(): void {
    this.yields++;
    this.time += this.absence;
  }
}

/** How many of the next `count` tries are due, each of them failing. */
function failures(backoff: Backoff, count: number): number {
  let due = 0;
  for (let i = 0; i < count; i++) {
    if (!backoff.due()) continue;
    due++;
    backoff.failed();
  }
  return due;
}

Deno.test("Backoff leaves out 1, 2, 4, … tries after failures, and no more than its limit", () => {
  const backoff = new Backoff(8);
  const due = Array.from({ length: 41 }, () => {
    const isDue = backoff.due();
    if (isDue) backoff.failed();
    return isDue ? "x" : ".";
  });
  assertEquals(due.join(""), "x.x..x....x........x........x........x...");
  assertEquals(failures(new Backoff(1024), 100_000) < 120, true);
});

Deno.test("Backoff leaves out nothing while tries succeed, and as many as it is told to", () => {
  const backoff = new Backoff(8);
  failures(backoff, 100);
  while (!backoff.due());
  backoff.paid();
  assert(backoff.due());
  backoff.failed();
  assertEquals({ first: backoff.due(), second: backoff.due() }, { first: false, second: true });
  backoff.skip(20);
  assertEquals(Array.from({ length: 21 }, () => backoff.due()), [...Array(20).fill(false), true]);
});

Deno.test("AdaptiveYield returns the events it finds afterwards, and rarely yields where it never finds any", () => {
  assertEquals(new AdaptiveYield(new FakeSystem()).try(() => 3), 3);
  const system = new FakeSystem();
  const adaptive = new AdaptiveYield(system);
  for (let i = 0; i < 10_000; i++) adaptive.try(() => 0);
  assert(system.yields > 0 && system.yields < 100, `${system.yields} yields`);
});

Deno.test("what was not tried took no time", () => {
  const system = new FakeSystem();
  const tries = [new AdaptiveYield(system), new AdaptiveBusyPoll(system, 1)] as const;
  for (const it of tries) assertEquals(it.took, 0);
  const [adaptiveYield, adaptivePoll] = tries;
  for (let i = 0; i < 50; i++) {
    const before = system.time;
    adaptiveYield.try(() => 0);
    adaptivePoll.try(50, () => 0);
    assertEquals(adaptiveYield.took + adaptivePoll.took > 0, system.time > before);
  }
});

Deno.test("AdaptiveYield endures a long absence now and then, but not one after the other", () => {
  const system = new FakeSystem();
  const adaptive = new AdaptiveYield(system);
  const yields = (absence: number, times: number): number => {
    const before = system.yields;
    system.absence = absence;
    for (let i = 0; i < times; i++) adaptive.try(() => 1);
    return system.yields - before;
  };
  for (let i = 0; i < 50; i++) {
    assertEquals(yields(3, 1), 1);
    assertEquals(yields(0, 20), 20);
  }
  assert(yields(3, 10_000) < 20);
  yields(0, 2000);
  assertEquals(yields(0, 100), 100);
});

Deno.test("AdaptiveYield stops for 64 waits, twice as many each time it is too early, and for 64 again later", () => {
  const system = new FakeSystem();
  const adaptive = new AdaptiveYield(system);
  /** How many tries in a row do not yield, after as many that take `absence` as it takes. */
  const rest = (absence: number): number => {
    system.absence = absence;
    for (let stopped = false; !stopped;) {
      const before = system.yields;
      adaptive.try(() => 1);
      stopped = system.yields === before;
    }
    system.absence = 0;
    let left = 1;
    for (const before = system.yields; system.yields === before; left++) adaptive.try(() => 1);
    return left - 1;
  };
  assertEquals(Array.from({ length: 7 }, () => rest(3)), [64, 128, 256, 512, 1024, 1024, 1024]);
  for (let i = 0; i < 48; i++) adaptive.try(() => 1);
  assertEquals(rest(3), 64);
});

Deno.test("AdaptiveBusyPoll polls until something is there", () => {
  let polls = 0;
  const adaptive = new AdaptiveBusyPoll(new FakeSystem());
  assertEquals(adaptive.try(1_000_000, () => ++polls === 100 ? 2 : 0), 2);
  assertEquals(polls, 100);
});

Deno.test("AdaptiveBusyPoll gives up after its limit, and soon hardly tries where nothing ever comes", () => {
  const adaptive = new AdaptiveBusyPoll(new FakeSystem());
  let polls = 0;
  assertEquals(adaptive.try(50, () => (polls++, 0)), 0);
  assert(polls > 90 && polls < 110, `${polls} polls in 50 us, of half a microsecond each`);
  for (let i = 0; i < 200; i++) adaptive.try(50, () => 0);
  let tries = 0;
  for (let i = 0; i < 640; i++) {
    polls = 0;
    adaptive.try(50, () => (polls++, 0));
    if (polls > 0) tries++;
  }
  assert(tries > 0 && tries < 640 / 4, `${tries} tries`);
});

Deno.test("AdaptiveBusyPoll comes back to its full length where events come again", () => {
  const adaptive = new AdaptiveBusyPoll(new FakeSystem());
  for (let i = 0; i < 500; i++) adaptive.try(100, () => 0);
  let found = 0;
  for (let i = 0; i < 100; i++) found += adaptive.try(100, () => 1);
  assert(found >= 30, `${found} of 100`);
  assertEquals(adaptive.try(100, () => 1), 1);
});

Deno.test("AdaptiveBusyPoll forgets its failures when an event has come", () => {
  const adaptive = new AdaptiveBusyPoll(new FakeSystem(), 1024);
  for (let i = 0; i < 500; i++) adaptive.try(100, () => 0);
  while (adaptive.try(100, () => 1) === 0);
  let tries = 0;
  for (let i = 0; i < 30; i++) {
    adaptive.try(100, () => 0);
    if (adaptive.took > 0) tries++;
  }
  assert(tries >= 20, `${tries} of 30`);
});

Deno.test("AdaptiveBusyPoll continues in slices until its limit, and ends them when something is there", () => {
  const adaptive = new AdaptiveBusyPoll(new FakeSystem());
  let slices = 0;
  do {
    assertEquals(adaptive.try(300, () => 0, 100), 0);
    slices++;
  } while (adaptive.goesOn);
  assertEquals(slices, 3);
  assertEquals(adaptive.try(300, () => 0, 100), 0);
  assert(adaptive.goesOn);
  assertEquals(adaptive.try(300, () => 1, 100), 1);
  assert(!adaptive.goesOn);
});

Deno.test("AdaptiveBusyPoll rarely polls where the peer needs this processor", () => {
  const system = new FakeSystem();
  const adaptive = new AdaptiveBusyPoll(system, 1024);
  let tries = 0;
  for (let i = 0; i < 10_000; i++) {
    let polls = 0;
    adaptive.try(50, () => {
      if (polls++ === 0) tries++;
      if (polls < 10) return 0;
      system.time += 0.01; // the peer runs instead, and answers
      return 1;
    });
  }
  assert(tries < 200, `${tries} tries`);
});

Deno.test("AdaptiveBusyPoll ends by the number of polls where the clock stands still", () => {
  const system = new FakeSystem();
  system.tick = 0;
  let polls = 0;
  assertEquals(new AdaptiveBusyPoll(system).try(50, () => (polls++, 0)), 0);
  assert(polls <= 10_001, `${polls} polls`);
});

Deno.test("IdlePolicy spends at most a millisecond and one step in each turn, over all that is tried", () => {
  for (const absence of [0, 0.05, 4]) {
    const system = new FakeSystem();
    const policy = new IdlePolicy(system);
    for (let turn = 0; turn < 50; turn++) {
      policy.newTurn();
      const started = system.time;
      system.absence = absence;
      for (let parks = 0; parks < 1000; parks++) {
        policy.beforeSleep({ busyPoll: 0, bulkTransfer: false }, () => parks % 3 === 0 ? 1 : 0);
      }
      // The time of the loop itself is that of its looks at the clock.
      const spent = system.time - started - 1000 * 2 * system.tick;
      assert(spent <= 1.1 + absence, `${spent} ms in one turn, with absences of ${absence} ms`);
    }
  }
});

Deno.test("IdlePolicy tries only what is on", () => {
  const traffic = { busyPoll: 0, bulkTransfer: false };
  for (const yielding of [true, false]) {
    for (const polling of [true, false]) {
      const system = new FakeSystem();
      let polls = 0;
      new IdlePolicy(system, { yielding, polling }).beforeSleep(traffic, () => (polls++, 0));
      assertEquals({ yielding: system.yields > 0, polling: polls > 1 }, { yielding, polling });
    }
  }
});

Deno.test("IdlePolicy leaves a bulk transfer alone, but for what the user asked for", () => {
  const system = new FakeSystem();
  const policy = new IdlePolicy(system);
  let polls = 0;
  const poll = (): number => (polls++, 0);
  assertEquals(policy.beforeSleep({ busyPoll: 0, bulkTransfer: true }, poll), 0);
  assertEquals({ polls, yields: system.yields }, { polls: 0, yields: 0 });
  policy.beforeSleep({ busyPoll: 20, bulkTransfer: true }, poll);
  assert(polls > 0);
  assertEquals(system.yields, 0);
});
