/** Every system call of waiting fails, with every error of its manual page, in every backend. */

// Time limit: 180 s, because it runs thousands of operations, one for each fault.

import type { Reactor } from "../../lib/reactor/reactor.ts";
import { WRITABLE } from "../../lib/reactor/types.ts";
import { backends, Pair, reactorOf, whyMissing } from "../reactor/backends.ts";
import { turn } from "../util/cases.ts";
import type { PlacedFault, Scenario } from "./scenario.ts";
import { testScenarios } from "./suite.ts";

interface Waiting {
  readonly reactor: Reactor;
  readonly pair: Pair;
}

function waiting(stack: DisposableStack, names: readonly string[]): Waiting {
  const openers = names.map((it) => {
    const opener = backends[it];
    if (!opener) throw new Error(`There is no backend "${it}"`);
    return opener;
  });
  const reactor = reactorOf(openers);
  stack.defer(() => reactor.dispose());
  return { reactor, pair: stack.use(new Pair(reactor)) };
}

/** Wait for data that comes later and for space, and cancel a wait. */
async function wait({ reactor, pair }: Waiting): Promise<void> {
  while (pair.tryReceive(1) !== undefined);
  using idle = new Pair(reactor);
  const waits = [pair.receive(1), idle.receive(0), pair.ends[0].wait(WRITABLE)];
  const ends = Promise.allSettled(waits);
  await turn();
  idle.close(0);
  pair.send(0, "x");
  const [received, cancelled, written] = await ends;
  for (const it of [received, written]) if (it?.status === "rejected") throw it.reason;
  if (cancelled?.status !== "rejected") throw new Error("The wait was not cancelled");
  if (cancelled.reason.message !== "closed") throw cancelled.reason;
}

/** A fault ends in the next backend; with nothing to fall back on, it may end in an exception. */
const scenarios: Scenario<Waiting>[] = [
  ["io_uring", "aio", "pool"],
  ["aio", "pool"],
  ["pool", "pool with poll(2)"],
  ["io_uring"],
  ["pool"],
  ["pool with poll(2)"],
].filter((names) => !names.some(whyMissing)).map((names) => ({
  name: names.join(", then "),
  prepare: (stack: DisposableStack) => waiting(stack, names),
  act: wait,
  // A write that wakes a thread never fails: the counter of an eventfd, or a pipe, has space for it.
  fails: (call: string) => !["send", "recv", "socketpair", "write"].includes(call),
  // What the kernel reports for one descriptor goes to the waits for it.
  expect: ({ call }: PlacedFault) =>
    names.length > 1 && call !== "epoll_ctl" ? "survives" : "either",
}));

testScenarios("wait() fails cleanly", scenarios);
