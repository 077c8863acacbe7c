/**
 * What happens to waits when a backend breaks, and when there are more of them than it has space for.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { closeFd } from "../../ffi/syscalls/files.ts";
import { openAio } from "../../lib/reactor/backends/aio.ts";
import { openIoUring } from "../../lib/reactor/backends/io_uring.ts";
import { openPool } from "../../lib/reactor/backends/pool.ts";
import { SLEEPS_BEFORE_UPGRADE } from "../../lib/reactor/backends/selector.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { IdlePolicy } from "../../lib/reactor/idle_policy.ts";
import { Reactor } from "../../lib/reactor/reactor.ts";
import { type Interest, type Opener, READABLE, type Watched } from "../../lib/reactor/types.ts";
import { listDescriptors } from "../util/descriptors.ts";
import { testUnless } from "../util/peers.ts";
import { FakeBackend, FakeKernel, FakeLoop } from "./fake_kernel.ts";
import { onEach, Pair, reactorOf } from "./backends.ts";
import { turn } from "../util/cases.ts";

const linux = Deno.build.os === "linux" ? undefined : "Linux only";

/** Open a backend and return with it the descriptors of one kind that it opened. */
function opened(reactor: Reactor, kind: string): number[] {
  const before = listDescriptors();
  reactor.backend();
  return [...listDescriptors()]
    .filter(([fd, target]) => target.includes(kind) && before.get(fd) !== target)
    .map(([fd]) => fd);
}

const breakable: readonly [name: string, kind: string, opener: Opener][] = [
  ["io_uring", "io_uring", (sink) => openIoUring(sink)],
  ["aio", "eventpoll", (sink) => openAio(sink)],
  ["pool", "eventpoll", (sink) => openPool(sink)],
];

Deno.test("waits move to a better backend than the one that a thread began with, after a while", async () => {
  const order: string[] = [];
  const note = (name: string, portable: boolean): Opener => (sink) => {
    order.push(name);
    return openPool(sink, { portable });
  };
  const openers = [note("better", Deno.build.os !== "linux"), note("last", true)];
  const reactor = reactorOf(openers, { beginWithLast: true });
  using pair = new Pair(reactor);
  for (let n = 0; n < 10 * SLEEPS_BEFORE_UPGRADE && order.length < 2; n++) {
    const waiting = pair.receive(1);
    await turn();
    pair.send(0, "x");
    assertEquals(await waiting, "x");
  }
  assertEquals(order, ["last", "better"]);
  const waiting = pair.receive(1);
  await turn();
  pair.send(0, "still served");
  assertEquals(await waiting, "still served");
  reactor.dispose();
});

Deno.test("backend() changes to the better backend at once, with the waits that there are", async () => {
  const order: boolean[] = [];
  const open = (portable: boolean): Opener => (sink) => {
    order.push(portable);
    return openPool(sink, { portable });
  };
  const openers = [open(Deno.build.os !== "linux"), open(true)];
  const reactor = reactorOf(openers, { beginWithLast: true });
  using pair = new Pair(reactor);
  const waiting = pair.receive(1);
  await turn();
  assertEquals(order.length, 1);
  assertEquals(reactor.backend(), "pool");
  assertEquals(order.length, 2);
  pair.send(0, "served");
  assertEquals(await waiting, "served");
  reactor.dispose();
});

for (const [name, kind, opener] of breakable) {
  testUnless(
    linux,
    `waits move to the next backend when theirs breaks (${name})`,
    async () => {
      const fallback = reactorOf([opener, (sink) => openPool(sink, { portable: true })]);
      const [broken] = opened(fallback, kind);
      assertEquals(fallback.backend(), name);
      using quiet = new Pair(fallback);
      using pair = new Pair(fallback);
      const early = quiet.receive(1);
      await pair.ends[0].wait(4);
      assert(broken !== undefined);
      closeFd(broken);
      // Whatever is done next meets the error: a wait, an event, or the end of a registration.
      const later = pair.receive(1);
      quiet.send(0, "early");
      pair.send(0, "later");
      assertEquals(await early, "early");
      assertEquals(await later, "later");
      assertEquals(fallback.backend(), "pool");
      assertEquals(fallback.waits, 0);
      fallback.dispose();
      await turn();
    },
  );
}

testUnless(linux, "waits are rejected when the last backend breaks", async () => {
  const reactor = reactorOf([(sink) => openIoUring(sink)]);
  const [broken] = opened(reactor, "io_uring");
  using pair = new Pair(reactor);
  const waiting = assertRejects(() => pair.receive(1), Deno.errors.BadResource);
  assert(broken !== undefined);
  closeFd(broken);
  await waiting;
  reactor.dispose();
});

Deno.test("a wait that the next backend refuses is rejected, and the others continue", async () => {
  const kernel = new FakeKernel(2);
  const loop = new FakeLoop();
  const reactor = new Reactor({
    choose: () => [
      (sink) => new FakeBackend(kernel, loop, sink, { name: "aio", isDeferred: false }),
      (sink) =>
        new class extends FakeBackend {
          override register(watched: Watched, interest: Interest): number {
            return watched.fd === 0 ? -platform.EPERM : super.register(watched, interest);
          }
        }(kernel, loop, sink, { name: "pool", isDeferred: false }),
    ],
    loop,
    idle: new IdlePolicy(loop),
  });
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 10; i++) await undefined;
  };
  const [refused, served] = [0, 1].map((fd) => reactor.register(fd).wait(READABLE));
  const rejected = assertRejects(
    () => refused ?? Promise.resolve(),
    Deno.errors.NotSupported,
    "Cannot wait for descriptor 0",
  );
  kernel.backends[0]?.break();
  await loop.turn(settle);
  await rejected;
  assertEquals(reactor.waits, 1);
  kernel.write(1);
  await loop.turn(settle);
  await served;
  assertEquals(reactor.waits, 0);
});

/** As many pairs as the limit of descriptors allows, up to `most`. */
function manyPairs(reactor: Reactor, most: number): Pair[] {
  const pairs: Pair[] = [];
  try {
    while (pairs.length < most) pairs.push(new Pair(reactor));
  } catch {
    // Leave some for the rest of the process.
    for (const pair of pairs.splice(-50)) pair[Symbol.dispose]();
  }
  return pairs;
}

onEach("thousands of registrations, all of which wait, lose nothing", async (reactor) => {
  const pairs = manyPairs(reactor, 3_000);
  const waiting = pairs.flatMap((pair) => [pair.receive(0), pair.receive(1)]);
  await turn();
  for (const pair of pairs) {
    pair.send(0, "a");
    pair.send(1, "b");
  }
  const texts = await Promise.all(waiting);
  assertEquals(texts.join(""), "ba".repeat(pairs.length));
  assertEquals(reactor.waits, 0);
  for (const pair of pairs) pair[Symbol.dispose]();
});

onEach("events without a pending wait are not lost for later waits", async (reactor) => {
  using pair = new Pair(reactor);
  using other = new Pair(reactor);
  assertEquals(pair.tryReceive(1), undefined);
  const first = pair.receive(1);
  pair.send(0, "0");
  assertEquals(await first, "0");
  for (let round = 0; round < 3; round++) {
    // The registration stays: these events come while no wait is pending, and are polled because of the other pair.
    for (let i = 0; i < 20; i++) {
      pair.send(0, "x");
      const answer = other.receive(1);
      other.send(0, "y");
      assertEquals(await answer, "y");
    }
    assertEquals(await pair.receive(1), "x".repeat(20));
    const waiting = pair.receive(1);
    await turn();
    pair.send(0, "z");
    assertEquals(await waiting, "z");
  }
});
