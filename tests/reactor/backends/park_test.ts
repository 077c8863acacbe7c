/** What a backend reports between the last poll and the sleep, during the sleep, and when no wait is pending. */

import { assert, assertEquals } from "@std/assert";
import { closeFd } from "../../../ffi/syscalls/files.ts";
import { IdlePolicy } from "../../../lib/reactor/idle_policy.ts";
import { Scheduler } from "../../../lib/reactor/scheduler.ts";
import { MAX_UNCLAIMED_EVENTS, READABLE, WRITABLE } from "../../../lib/reactor/types.ts";
import { backends, LIMIT, Pair, reactorOf, whyMissing } from "../backends.ts";
import { noLeaks } from "../../util/descriptors.ts";
import { testUnless } from "../../util/peers.ts";
import { Station } from "../sink.ts";
import { turn } from "../../util/cases.ts";

/** Define a test for each backend, with a pair that it does not know yet. */
function onEachBackend(name: string, fn: (station: Station, pair: Pair) => Promise<void>): void {
  for (const [backend, open] of Object.entries(backends)) {
    const run = async (): Promise<void> => {
      using pair = new Pair(reactorOf([]));
      using station = new Station(open);
      await fn(station, pair);
    };
    testUnless(whyMissing(backend), `${name} (${backend})`, noLeaks(run, { seconds: LIMIT }));
  }
}

onEachBackend(
  "an event between poll() and park() makes park() refuse, or wakes",
  async (station, pair) => {
    const { backend } = station;
    const watched = station.add(pair.fds[0]);
    for (let i = 0; i < 3; i++) {
      void station.wait(watched, READABLE);
      station.pollAll();
      let { wakes } = station;
      pair.send(1, "x");
      while (station.delivered === i && backend.park()) {
        await station.woken(wakes);
        ({ wakes } = station);
        station.pollAll();
      }
      station.pollAll();
      assertEquals(station.delivered, i + 1);
      pair.tryReceive(0);
    }
  },
);

onEachBackend("an event after park() wakes, each time", async (station, pair) => {
  const { backend } = station;
  const watched = station.add(pair.fds[0]);
  for (let i = 0; i < 3; i++) {
    const waiting = station.wait(watched, READABLE);
    let wakes = -1;
    const park = (): void => {
      ({ wakes } = station);
      do station.pollAll(); while (!backend.park());
    };
    park();
    // A wake-up of the event before may come late, and more than once.
    for (let turns = 0; turns < 10; turns++) {
      await turn();
      if (station.wakes > wakes) park();
    }
    pair.send(1, "x");
    while (watched.awaited !== 0) {
      await station.woken(wakes);
      park();
    }
    await waiting;
    pair.tryReceive(0);
  }
});

onEachBackend("park() again and again is like once", async (station, pair) => {
  const { backend } = station;
  const watched = station.add(pair.fds[0]);
  const waiting = station.wait(watched, READABLE);
  for (let i = 0; i < 5000; i++) {
    do station.pollAll(); while (!backend.park());
  }
  const { wakes } = station;
  pair.send(1, "x");
  await station.woken(wakes);
  station.pollAll();
  await waiting;
});

onEachBackend("what is registered after park() wakes after the next one", async (station, pair) => {
  const [first, second] = pair.fds.map((fd) => station.add(fd));
  assert(first !== undefined && second !== undefined);
  const park = (): void => {
    do station.pollAll(); while (!station.backend.park());
  };
  void station.wait(first, READABLE);
  park();
  await turn();
  let { wakes } = station;
  const waiting = station.wait(second, READABLE);
  park();
  pair.send(0, "x");
  while (second.awaited !== 0) {
    await station.woken(wakes);
    ({ wakes } = station);
    park();
  }
  await waiting;
});

onEachBackend("dispose() at the end lets go of what was waited for", async (station, pair) => {
  const watched = station.add(pair.fds[0]);
  void station.wait(watched, READABLE);
  do station.pollAll(); while (!station.backend.park());
  await turn();
  station.end();
  closeFd(pair.fds[0]);
  assertEquals(pair.tryReceive(1), ""); // the end
  pair.forget(0);
});

onEachBackend(
  "an interest in reading that no wait needs is dropped, and asked for again",
  async (station, pair) => {
    const watched = station.add(pair.fds[0]);
    const send = (): void => {
      pair.send(1, "x");
      station.pollAll();
      pair.tryReceive(0);
    };
    for (let round = 0; round < 6; round++) {
      // From the fourth round on, an interest in space stays.
      if (round === 3) {
        pair.fill(0);
        void station.wait(watched, WRITABLE);
      }
      const waiting = station.wait(watched, READABLE);
      station.pollAll();
      send();
      await waiting;
      const before = station.delivered;
      for (let i = 0; i < 5 * MAX_UNCLAIMED_EVENTS; i++) send();
      assert(station.delivered - before <= MAX_UNCLAIMED_EVENTS, `${station.delivered - before}`);
    }
  },
);

onEachBackend(
  "a socket is closed for its peer at once when its interest in reading was dropped",
  async (station, pair) => {
    const watched = station.add(pair.fds[0]);
    const waiting = station.wait(watched, READABLE);
    // A pool with poll(2) asks for nothing between its calls, and drops nothing.
    for (let i = 0; i < 2 * MAX_UNCLAIMED_EVENTS && watched.registered !== 0; i++) {
      pair.send(1, "x");
      station.backend.poll(128);
      pair.tryReceive(0);
    }
    await waiting;
    pair.close(0);
    assertEquals(pair.tryReceive(1), "");
  },
);

onEachBackend(
  "an interest in space that no wait needs is dropped, and reading continues",
  async (station, pair) => {
    const watched = station.add(pair.fds[0]);
    for (let round = 0; round < 3; round++) {
      const reading = station.wait(watched, READABLE);
      pair.fill(0);
      const waiting = station.wait(watched, WRITABLE);
      station.pollAll();
      while (pair.tryReceive(1) !== undefined);
      station.pollAll();
      await waiting;
      const before = station.delivered;
      for (let i = 0; i < 20; i++) {
        pair.fill(0);
        while (pair.tryReceive(1) !== undefined);
        station.pollAll();
      }
      assert(station.delivered - before <= 1, `${station.delivered - before}`);
      pair.send(1, "x");
      station.pollAll();
      await reading;
      pair.tryReceive(0);
    }
  },
);

Deno.test("a scheduler polls again when the backend refuses to park", () => {
  const microtasks: (() => void)[] = [];
  let time = 0;
  const now = (): number => time += 0.01;
  const inMicrotask = (callback: () => void): void => void microtasks.push(callback);
  let polls = 0;
  let parks = 0;
  const target = {
    waits: 0,
    isIdle: false,
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
