/** Busy turns: now and then an event begins one, so that Deno's own sockets have their turn. */

import { assert, assertEquals } from "@std/assert";
import { now } from "../../lib/event_loop.ts";
import { IoTurns, type TurnSystem } from "../../lib/reactor/io_turns.ts";
import { BUDGET } from "../../lib/reactor/scheduler.ts";
import { socketpair } from "../../lib/unix/socketpair.ts";
import { linuxTest } from "../util/cases.ts";
import { changes, listDescriptors } from "../util/descriptors.ts";
import { lifetime } from "../util/lifetime.ts";

/** A system that notes how each turn begins: by an event, a timer, or neither. */
class FakeSystem implements TurnSystem {
  time = 1000;
  began = "";
  isHeld = false;
  closed = 0;
  readonly #microtasks: (() => void)[] = [];
  readonly #has: { events: boolean; timers: boolean };

  constructor(has: { events: boolean; timers: boolean }) {
    this.#has = has;
  }

  now(): number {
    return this.time;
  }

  inMicrotask(callback: () => void): void {
    this.#microtasks.push(callback);
  }

  inNextTurn(callback: () => void): void {
    this.began += ".";
    callback();
  }

  startTimer(callback: () => void): void {
    if (!this.#has.timers) throw new Deno.errors.NotSupported("no timers");
    this.began += "T";
    callback();
  }

  openWaker(callback: () => void): ReturnType<TurnSystem["openWaker"]> {
    if (!this.#has.events) throw new Deno.errors.NotSupported("no events");
    this.began += "(";
    return {
      set: () => {
        assert(this.isHeld, "the process may end before the turn");
        this.began += "E";
        callback();
      },
      ref: () => void (this.isHeld = true),
      unref: () => void (this.isHeld = false),
      dispose: () => void this.closed++,
    };
  }

  runMicrotasks(): void {
    for (const callback of this.#microtasks.splice(0)) callback();
  }
}

/** Begin `count` turns, so many milliseconds after each other: how they began. */
function begin(turns: IoTurns, system: FakeSystem, milliseconds: number, count: number): string {
  let called = 0;
  system.began = "";
  for (let n = 0; n < count; n++) {
    turns.next(() => called++);
    system.runMicrotasks();
    system.time += milliseconds;
  }
  assertEquals(called, count);
  assertEquals(system.isHeld, false);
  return system.began;
}

Deno.test("after many busy turns an event begins one, and then one in two milliseconds", () => {
  const system = new FakeSystem({ events: true, timers: true });
  const turns = new IoTurns(system);
  assertEquals(begin(turns, system, 1000, 256), `${".".repeat(255)}(E`);
  assertEquals(begin(turns, system, 0.5, 9), "E...E...E");
  assertEquals(begin(turns, system, 1000, 3), ".EE");
});

for (
  const { timers, began } of [
    { timers: true, began: "T" },
    { timers: false, began: "." },
  ]
) {
  Deno.test(`without events ${timers ? "a timer begins" : "nothing else begins"} some turns`, () => {
    const system = new FakeSystem({ events: false, timers });
    const turns = new IoTurns(system);
    const others = ".".repeat(255);
    assertEquals(begin(turns, system, 50, 512), `${others}${began}`.repeat(2));
  });
}

Deno.test("events begin turns once a shortage has passed", () => {
  const has = { events: false, timers: true };
  const system = new FakeSystem(has);
  const turns = new IoTurns(system);
  assertEquals(begin(turns, system, 1, 256).at(-1), "T");
  has.events = true;
  assertEquals(begin(turns, system, 1, 256).at(-1), "E");
});

Deno.test("dispose() lets a turn that is to come begin without its event", () => {
  const system = new FakeSystem({ events: true, timers: true });
  const turns = new IoTurns(system);
  turns.open();
  begin(turns, system, 2, 2);
  system.began = "";
  let called = 0;
  turns.next(() => called++);
  turns.dispose();
  system.runMicrotasks();
  assertEquals({ called, began: system.began, closed: system.closed }, {
    called: 1,
    began: ".",
    closed: 1,
  });
  turns.dispose();
  assertEquals(system.closed, 1);
});

linuxTest("dispose() closes what the system's own events need", async () => {
  const before = listDescriptors();
  const turns = new IoTurns();
  for (let n = 0; n < 300; n++) await new Promise<void>((resolve) => turns.next(resolve));
  assertEquals(changes(before, listDescriptors()).length, 1);
  turns.dispose();
  assertEquals(changes(before, listDescriptors()), []);
});

linuxTest("an HTTP request beside busy sockets takes some turns, not 130", async () => {
  const [a, b] = socketpair({ type: "dgram" });
  using _a = a;
  using _b = b;
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen(): void {} },
    () => new Response("answer"),
  );
  const url = `http://127.0.0.1:${server.addr.port}/`;
  let turns = 0;
  let isOver = false;
  const busy = (async () => {
    const bytes = new Uint8Array(8);
    for (let operations = 0; !isOver; operations += 2, turns = operations / BUDGET) {
      await a.write(bytes);
      await b.read(bytes);
    }
  })();
  const taken: number[] = [];
  for (const end = now() + 500; now() < end;) {
    const before = turns;
    assertEquals(await (await fetch(url)).text(), "answer");
    taken.push(turns - before);
  }
  isOver = true;
  await busy;
  const usual = taken.sort((x, y) => x - y)[taken.length >> 1] ?? Infinity;
  assert(usual < 61, `${taken}`);
});

linuxTest("a program of busy sockets alone lives until its code is at the end", async () => {
  const program = `
    const [a, b] = unix.socketpair({ type: "dgram" });
    const bytes = new Uint8Array(8);
    for (const end = performance.now() + 300; performance.now() < end;) {
      await a.write(bytes);
      await b.read(bytes);
    }
    console.log("end");`;
  assertEquals(await lifetime(program), "end\n");
});
