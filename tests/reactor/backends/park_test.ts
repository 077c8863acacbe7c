/** What happens between the last poll and the sleep is not lost. */

import { assertEquals } from "@std/assert";
import { Registration } from "../../../lib/reactor/registration.ts";
import { IdlePolicy } from "../../../lib/reactor/idle_policy.ts";
import { Scheduler } from "../../../lib/reactor/scheduler.ts";
import { READABLE, type Sink } from "../../../lib/reactor/types.ts";
import { backends, Pair, reactorOf, turn, whyMissing } from "../backends.ts";
import { testUnless } from "../../util/peers.ts";

for (const [name, open] of Object.entries(backends)) {
  testUnless(
    whyMissing(name),
    `an event between poll() and park() makes park() refuse, or wakes (${name})`,
    async () => {
      using pair = new Pair(reactorOf([]));
      const watched = new Registration(pair.fds[0], {
        prepare: () => undefined,
        count: () => {},
        deregister: () => {},
      });
      watched.slot = 0;
      watched.readToken = 1;
      let wakes = 0;
      let token = 1;
      const sink: Sink = {
        watched: [watched],
        waits: 1,
        token: () => ++token,
        deliver: () => {},
        reject: (_, error) => {
          throw error;
        },
        wake: () => wakes++,
        fail: (error) => {
          throw error;
        },
      };
      const backend = open(sink);
      try {
        void watched.wait(READABLE);
        backend.register(watched, READABLE);
        backend.ref();
        for (let i = 0; i < 3; i++) {
          while (backend.poll(128) > 0);
          pair.send(1, "x");
          // A test that fails here waits for ever: nothing else wakes.
          if (backend.park()) { while (wakes <= i) await turn(); }
          else wakes = i + 1;
          assertEquals(backend.poll(128) >= 0, true);
          pair.tryReceive(0);
        }
      } finally {
        backend.deregister(watched);
        backend.dispose();
      }
    },
  );
}

Deno.test("a scheduler polls again when the backend refuses to park", () => {
  const microtasks: (() => void)[] = [];
  let time = 0;
  const now = (): number => time += 0.01;
  const inMicrotask = (callback: () => void): void => void microtasks.push(callback);
  let polls = 0;
  let parks = 0;
  const target = {
    waits: 0,
    isHeld: true,
    poll: () => (polls++, 0),
    park: () => ++parks === 2,
  };
  const loop = { now, inMicrotask, atEndOfTurn: inMicrotask, inNextTurn: inMicrotask };
  const scheduler = new Scheduler(target, loop, new IdlePolicy({ now, schedYield: () => {} }));
  scheduler.parkSoon();
  while (microtasks.length > 0) microtasks.shift()?.();
  assertEquals({ polls, parks }, { polls: 2, parks: 2 });
});
