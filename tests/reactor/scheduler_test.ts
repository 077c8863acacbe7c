// Time limit: 180 s, because a hundred thousand schedules are tried.

/** Schedules of the reactor, on a kernel and an event loop in which nothing happens but what the test says. */

import fc from "fast-check";
import { chosenSeed } from "../hostile/random.ts";
import { Schedule, step, STEPS } from "./schedule.ts";

/** How many schedules are tried. */
const SCHEDULES = Number(Deno.env.get("SCHEDULES") ?? 100_000);

const setups = fc.record({
  isDeferred: fc.boolean(),
  beginWithLast: fc.boolean(),
  yielding: fc.boolean(),
  polling: fc.boolean(),
});
const schedules = fc.uint8Array({ maxLength: 40 }).map((bytes) => Array.from(bytes, step));

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
