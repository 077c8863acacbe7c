/**
 * What every backend must do.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { poll } from "../../ffi/syscalls/files.ts";
import { shutdown } from "../../ffi/syscalls/sockets.ts";
import { READABLE, WRITABLE } from "../../lib/reactor/types.ts";
import { Waker } from "../../lib/reactor/backends/waker.ts";
import { bind } from "../../lib/unix/bind.ts";
import { connectSync } from "../../lib/unix/connect.ts";
import { fill, turn } from "../util/cases.ts";
import { tempDir } from "../util/tempdir.ts";
import { onEach, Pair, tryReceive } from "./backends.ts";

onEach("wait() ends when data comes", async (reactor) => {
  using pair = new Pair(reactor);
  for (let i = 0; i < 20; i++) {
    assertEquals(pair.tryReceive(1), undefined);
    const waiting = pair.receive(1);
    if (i % 2 === 0) await turn();
    pair.send(0, `message ${i}`);
    assertEquals(await waiting, `message ${i}`);
  }
});

onEach("wait() ends when data came before the wait", async (reactor) => {
  using pair = new Pair(reactor);
  pair.send(0, "early");
  await pair.ends[1].wait(READABLE);
  assertEquals(pair.tryReceive(1), "early");
});

onEach("suspend() ends what the kernel waits for, until resume()", async (reactor) => {
  using pair = new Pair(reactor);
  for (const isLate of [false, true]) {
    const waiting = pair.receive(1);
    await turn();
    reactor.suspend();
    if (!isLate) pair.send(0, "meanwhile");
    await turn();
    reactor.resume();
    if (isLate) pair.send(0, "later");
    assertEquals(await waiting, isLate ? "later" : "meanwhile");
  }
});

onEach(
  "a wait that begins between suspend() and resume() keeps no closed socket open",
  async (reactor) => {
    using pair = new Pair(reactor);
    reactor.suspend();
    const waiting = pair.receive(1);
    await turn();
    reactor.resume();
    await turn();
    pair.send(0, "x");
    assertEquals(await waiting, "x");
    pair.close(1);
    assertEquals(pair.tryReceive(0), "");
  },
);

onEach("wait() ends when there is space to write", async (reactor) => {
  using pair = new Pair(reactor);
  for (let i = 0; i < 5; i++) {
    pair.fill(0);
    const waiting = pair.ends[0].wait(WRITABLE);
    if (i % 2 === 0) await turn();
    while (pair.tryReceive(1) !== undefined);
    await waiting;
  }
});

onEach(
  "wait() for space ends when the peer has shut down writing, and reads on",
  async (reactor) => {
    using pair = new Pair(reactor);
    for (let i = 0; i < 5; i++) {
      pair.fill(0);
      let ended = false;
      const waiting = pair.ends[0].wait(WRITABLE).then(() => ended = true);
      if (i === 0) shutdown(pair.fds[1], platform.SHUT_WR);
      for (let turns = 0; turns < 5; turns++) await turn();
      assertEquals(ended, false);
      while (pair.tryReceive(1) !== undefined);
      await waiting;
    }
  },
);

onEach("an interest that no wait needs any more is given up", async (reactor) => {
  using pair = new Pair(reactor);
  using other = new Pair(reactor);
  const first = pair.receive(1);
  await turn();
  pair.send(0, "x");
  assertEquals(await first, "x");
  // Another wait keeps the reactor at work.
  const last = other.receive(1);
  for (let n = 0; n < 1000 && pair.ends[1].registered !== 0; n++) {
    pair.send(0, "x");
    await turn();
    pair.tryReceive(1);
  }
  assertEquals(pair.ends[1].registered, 0);
  other.send(0, "last");
  assertEquals(await last, "last");
});

onEach("wait() for both sides of one descriptor", async (reactor) => {
  using pair = new Pair(reactor);
  pair.fill(0);
  const ended: string[] = [];
  const reading = pair.ends[0].wait(READABLE).then(() => ended.push("read"));
  const writing = pair.ends[0].wait(WRITABLE).then(() => ended.push("write"));
  await turn();
  assertEquals(ended, []);
  pair.send(1, "x");
  await reading;
  assertEquals(ended, ["read"]);
  while (pair.tryReceive(1) !== undefined);
  await writing;
  assertEquals(ended, ["read", "write"]);
});

onEach("wait() ends for both sides when the peer closes", async (reactor) => {
  using pair = new Pair(reactor);
  pair.fill(0);
  const waiting = Promise.all([pair.ends[0].wait(READABLE), pair.ends[0].wait(WRITABLE)]);
  await turn();
  pair.close(1);
  await waiting;
});

onEach("wait() by many at once ends for all", async (reactor) => {
  using pair = new Pair(reactor);
  const waiting = Array.from({ length: 50 }, () => pair.ends[1].wait(READABLE));
  await turn();
  pair.send(0, "x");
  await Promise.all(waiting);
});

onEach("wait() with an aborted signal is rejected at once", async (reactor) => {
  using pair = new Pair(reactor);
  const reason = new Error("no");
  const error = await assertRejects(() => pair.ends[1].wait(READABLE, AbortSignal.abort(reason)));
  assertStrictEquals(error, reason);
});

onEach("wait() is rejected with the reason of an abort, the other waits stay", async (reactor) => {
  using pair = new Pair(reactor);
  const controllers = Array.from({ length: 3 }, () => new AbortController());
  const waiting = controllers.map((it) => pair.ends[1].wait(READABLE, it.signal));
  await turn();
  const reason = new Error("no");
  for (const at of [1, 0]) {
    controllers[at]?.abort(reason);
    const aborted = await assertRejects(() => waiting[at] ?? Promise.resolve());
    assertStrictEquals(aborted, reason);
  }
  pair.send(0, "x");
  await waiting[2];
  controllers[2]?.abort(reason); // after the end: nothing
  assertEquals(pair.tryReceive(1), "x");
  assertEquals(reactor.waits, 0);
});

onEach("cancel() ends pending and later waits with its error", async (reactor) => {
  using pair = new Pair(reactor);
  const [, end] = pair.ends;
  const waiting = [end.wait(READABLE), end.wait(READABLE)];
  await turn();
  const error = new Deno.errors.BadResource("closed");
  end.cancel(error);
  end.cancel(new Error("second"));
  for (const it of [...waiting, end.wait(WRITABLE)]) {
    assertStrictEquals(await assertRejects(() => it), error);
  }
});

onEach("cancel() before close(2) lets the peer see the end", async (reactor) => {
  using pair = new Pair(reactor);
  const waiting = assertRejects(() => pair.receive(0));
  await turn();
  await turn();
  pair.close(0);
  await waiting;
  assertEquals(await pair.receive(1), "");
});

onEach(
  "cancel() before close(2) lets the peer see the end before the next turn",
  async (reactor) => {
    for (const interest of [READABLE, WRITABLE] as const) {
      using pair = new Pair(reactor);
      if (interest === WRITABLE) pair.fill(0);
      const waiting = assertRejects(() => pair.ends[0].wait(interest), Deno.errors.BadResource);
      await turn();
      await turn();
      pair.close(0);
      // Nothing of this thread runs meanwhile: what still held the open file would hold it for all of this time.
      assertEquals(poll(pair.fds[1], 0, 5_000) & platform.POLLHUP, platform.POLLHUP);
      await waiting;
    }
  },
);

onEach("cancel() with an event on its way lets the peer see the end", async (reactor) => {
  using pair = new Pair(reactor);
  const waiting = assertRejects(() => pair.ends[1].wait(READABLE), Deno.errors.BadResource);
  const end = pair.receive(0);
  await turn();
  shutdown(pair.fds[1], platform.SHUT_RD);
  pair.close(1);
  await waiting;
  assertEquals(await end, "");
});

onEach("a reused number does not get its predecessor's events", async (reactor) => {
  let predecessor: Pair | undefined;
  const numbers = new Set<number>();
  for (let i = 0; i < 150; i++) {
    const pair = new Pair(reactor);
    for (const fd of pair.fds) numbers.add(fd);
    let woken = 0;
    const waiting = pair.ends[1].wait(READABLE).then(() => woken++, () => {});
    // Leave an event of this pair behind that is taken after the number belongs to the next pair.
    if (i % 3 === 0) await turn();
    else await Promise.resolve();
    assertEquals(woken, 0);
    pair.send(0, "x");
    pair.close(1);
    pair.close(0);
    await waiting;
    assertEquals(woken, 0);
    predecessor = pair;
  }
  assertEquals(predecessor !== undefined && numbers.size < 20, true);
});

onEach("ping-pong of many pairs at once loses nothing", async (reactor) => {
  const pairs = Array.from({ length: 30 }, () => new Pair(reactor));
  const rounds = 40;
  await Promise.all(pairs.flatMap((pair) => [
    (async (): Promise<void> => {
      for (let i = 0; i < rounds; i++) {
        pair.send(0, `${i}`);
        assertEquals(await pair.receive(0), `${i}`);
        if (i % 10 === 0) await turn();
      }
    })(),
    (async (): Promise<void> => {
      for (let i = 0; i < rounds; i++) pair.send(1, await pair.receive(1));
    })(),
  ]));
  for (const pair of pairs) pair[Symbol.dispose]();
});

onEach("wait() ends although other sockets are never quiet", async (reactor) => {
  using quiet = new Pair(reactor);
  const busy = [new Pair(reactor), new Pair(reactor)];
  let rounds = 0;
  let isOver = false;
  let sent: number | undefined;
  const conversations = busy.flatMap((pair) => [
    (async (): Promise<void> => {
      for (; !isOver && rounds < 20_000; rounds++) {
        pair.send(0, "x");
        await pair.receive(0);
        if (sent !== undefined || rounds % 40 > 1) continue;
        sent = rounds;
        quiet.send(0, "y");
      }
      pair.close(0);
    })(),
    (async (): Promise<void> => {
      for (let text = ""; (text = await pair.receive(1)) !== "";) pair.send(1, text);
    })(),
  ]);
  const late: number[] = [];
  for (let i = 0; i < 20; i++) {
    await quiet.receive(1);
    late.push(rounds - (sent ?? rounds));
    sent = undefined;
  }
  isOver = true;
  await Promise.all(conversations);
  for (const pair of busy) pair[Symbol.dispose]();
  assert(Math.max(...late) < 1000, `rounds of the others before it: ${late}`);
});

onEach("wait() for space in a queue that another sender has filled", async (reactor) => {
  using dir = tempDir();
  using receiver = bind(dir.join("receiver"));
  using first = connectSync(dir.join("receiver"), { type: "dgram" });
  using second = connectSync(dir.join("receiver"), { type: "dgram" });
  const registration = reactor.register(first.fd);
  for (let i = 0; i < 5; i++) {
    fill(second, 1);
    let hasEnded = false;
    const waiting = registration.wait(WRITABLE).then(() => hasEnded = true);
    for (let turns = 0; turns < 3; turns++) await turn();
    assertEquals(hasEnded, false);
    while (tryReceive(receiver.fd) !== undefined);
    await waiting;
  }
  registration.cancel(new Error("done"));
});

onEach("a busy pair does not starve timers", async (reactor) => {
  using pair = new Pair(reactor);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const answering = (async (): Promise<void> => {
    for (;;) {
      const text = await pair.receive(1);
      if (text === "") return;
      pair.send(1, text);
    }
  })();
  while (ticks < 5) {
    pair.send(0, "x");
    await pair.receive(0);
  }
  clearInterval(timer);
  pair.close(0);
  await answering;
});

onEach("yieldIfBudgetSpent() lets timers run in a loop that never waits", async (reactor) => {
  using pair = new Pair(reactor);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  let yields = 0;
  while (ticks < 5) {
    pair.send(0, "x");
    pair.tryReceive(1);
    const yielded = reactor.yieldIfBudgetSpent();
    if (yielded) yields++;
    await yielded;
  }
  clearInterval(timer);
  assertEquals(yields > 0, true);
});

onEach("wait() on a number that is no descriptor is rejected", async (reactor) => {
  const registration = reactor.register(987654);
  await assertRejects(() => registration.wait(READABLE), Deno.errors.BadResource, "987654");
});

onEach(
  "waits without a hold are served while something else keeps the process",
  async (reactor) => {
    using pair = new Pair(reactor);
    pair.ends[1].unref();
    const waiting = pair.receive(1);
    await turn();
    pair.send(0, "x");
    // A timer keeps the process: the wait alone would not.
    const timer = setInterval(() => {}, 1000);
    assertEquals(await waiting, "x");
    clearInterval(timer);
  },
);

onEach(
  "waits without a hold are served for as long as something else keeps the process",
  async (reactor) => {
    using pair = new Pair(reactor);
    pair.ends[1].unref();
    const waiting = pair.receive(1);
    // Later than a few intervals of a backend that polls for such waits.
    const timer = setInterval(() => pair.send(0, "x"), 60);
    assertEquals((await waiting)[0], "x");
    clearInterval(timer);
  },
);

onEach("ref() and unref() while waits are pending", async (reactor) => {
  using pair = new Pair(reactor);
  const waiting = pair.receive(1);
  for (let i = 0; i < 4; i++) {
    pair.ends[1].unref();
    pair.ends[1].unref();
    await turn();
    pair.ends[1].ref();
    await turn();
  }
  pair.send(0, "x");
  assertEquals(await waiting, "x");
});

onEach(
  "wait() ends when an eventfd is signalled, and others do not miss theirs",
  async (reactor) => {
    using pair = new Pair(reactor);
    const sources = [new Waker(), new Waker()];
    for (let i = 0; i < 30; i++) {
      const [waiting, forgotten] = sources.map((it) => {
        const registration = reactor.register(it.fd);
        registration.isEvent = true;
        return { registration, end: registration.wait(READABLE) };
      });
      const unread = assertRejects(() => forgotten?.end ?? Promise.resolve(), Error, "forgotten");
      const received = pair.receive(1);
      await turn();
      await turn();
      // An event without a wait comes first.
      sources[1]?.set();
      forgotten?.registration.cancel(new Error("forgotten"));
      await turn();
      sources[0]?.set();
      await waiting?.end;
      pair.send(0, "x");
      assertEquals(await received, "x");
      waiting?.registration.cancel(new Error("done"));
      for (const it of sources) it.clear();
      await unread;
    }
    for (const it of sources) it.dispose();
  },
);

onEach("hundreds of registrations, each of its own", async (reactor) => {
  const pairs = Array.from({ length: 300 }, () => new Pair(reactor));
  const waiting = pairs.map((pair) => pair.receive(1));
  await turn();
  for (const [i, pair] of pairs.entries()) pair.send(0, `${i}`);
  assertEquals(await Promise.all(waiting), pairs.map((_, i) => `${i}`));
  for (const pair of pairs) pair[Symbol.dispose]();
});

onEach("busyPoll changes no result and starves no timer", async (reactor) => {
  using pair = new Pair(reactor);
  for (const microseconds of [1, 50, 1_000_000]) {
    for (const end of pair.ends) end.busyPoll = microseconds;
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const waiting = pair.receive(1);
    while (ticks < 5) await turn(); // while that wait spins
    pair.send(0, "late");
    assertEquals(await waiting, "late");
    clearInterval(timer);
    for (let i = 0; i < 20; i++) {
      const answer = pair.receive(0);
      pair.send(1, `${i}`);
      assertEquals(await answer, `${i}`);
    }
  }
});
