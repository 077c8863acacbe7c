/** What is tried before the thread sleeps, with eyes of its own instead of a kernel's events. */

import { assert, assertEquals } from "@std/assert";
import { Backoff, Courtesy, Spin } from "../../lib/reactor/idle_policy.ts";

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

Deno.test("Backoff leaves out nothing while tries pay, and as much as may be after a ruinous one", () => {
  const backoff = new Backoff(8);
  failures(backoff, 100);
  while (!backoff.due());
  backoff.paid();
  assert(backoff.due());
  backoff.failed();
  assertEquals([backoff.due(), backoff.due()], [false, true]);
  backoff.ruined();
  assertEquals(Array.from({ length: 9 }, () => backoff.due()), [...Array(8).fill(false), true]);
});

Deno.test("Courtesy returns what there is afterwards, and rarely looks where nothing ever is", () => {
  assertEquals(new Courtesy().try(() => 3), 3);
  const courtesy = new Courtesy();
  let looks = 0;
  for (let i = 0; i < 10_000; i++) courtesy.try(() => (looks++, 0));
  assert(looks > 0 && looks < 100, `${looks} looks`);
});

Deno.test("Courtesy endures a long absence now and then, but not one after the other", () => {
  let absence = 0;
  const courtesy = new Courtesy(() => absence);
  const tries = (times: number): number => {
    let looks = 0;
    for (let i = 0; i < times; i++) courtesy.try(() => (looks++, 1));
    return looks;
  };
  for (let i = 0; i < 50; i++) {
    absence = 3;
    assertEquals(tries(1), 1);
    absence = 0;
    assertEquals(tries(20), 20);
  }
  absence = 3;
  assert(tries(10_000) < 20);
  absence = 0;
  tries(2000);
  assertEquals(tries(100), 100);
});

Deno.test("Spin looks until something is there", () => {
  let looks = 0;
  assertEquals(new Spin().try(1_000_000, () => ++looks === 100 ? 2 : 0), 2);
  assertEquals(looks, 100);
});

Deno.test("Spin gives up after its limit, and soon hardly tries where nothing ever comes", () => {
  const spin = new Spin();
  let looks = 0;
  assertEquals(spin.try(50, () => (looks++, 0)), 0);
  assert(looks > 0);
  for (let i = 0; i < 200; i++) spin.try(50, () => 0);
  looks = 0;
  let tries = 0;
  for (let i = 0; i < 640; i++) {
    const before = looks;
    spin.try(50, () => (looks++, 0));
    if (looks > before) tries++;
  }
  assert(tries > 0 && tries < 640 / 4, `${tries} tries`);
});

Deno.test("Spin comes back to its full length where events come again", () => {
  const spin = new Spin();
  for (let i = 0; i < 500; i++) spin.try(100, () => 0);
  let found = 0;
  for (let i = 0; i < 100; i++) found += spin.try(100, () => 1);
  assert(found >= 30, `${found} of 100`);
  assertEquals(spin.try(100, () => 1), 1);
});

Deno.test("Spin goes on in slices until its limit, and ends them when something is there", () => {
  const spin = new Spin();
  let slices = 0;
  do {
    assertEquals(spin.try(300, () => 0, 100), 0);
    slices++;
  } while (spin.goesOn);
  assertEquals(slices, 3);
  assertEquals(spin.try(300, () => 0, 100), 0);
  assert(spin.goesOn);
  assertEquals(spin.try(300, () => 1, 100), 1);
  assert(!spin.goesOn);
});

Deno.test("Spin does not count as worth it what comes after its end", () => {
  const spin = new Spin();
  let tries = 0;
  for (let i = 0; i < 640; i++) {
    const found = spin.try(20, () => {
      tries++;
      const end = performance.now() + 0.03; // somebody else has the processor
      while (performance.now() < end);
      return 1;
    });
    assert(found === 0 || found === 1);
  }
  assert(tries < 640 / 4, `${tries} tries`);
});
