import { microseconds } from "./harness/measures.ts";
import { plain, timedWork } from "./harness/timed_work.ts";
import type { Work } from "./harness/types.ts";

const all = plain("module", "ffi", "deno", "deno-node", "node", "bun", "python", "go");
const blockingC = { peer: "c", note: "blocking" };
const epollC = { peer: "c", variant: "epoll", note: "epoll" };

/** Both ends in one process, so that nothing but the event loop is measured. */
export const roundtrip: Work = timedWork({
  name: "roundtrip",
  title: "round trip of 64 bytes, both ends in one process",
  measure: microseconds,
  baseline: "deno",
  targets: [{ subject: "module", against: "deno", by: "ratio", atMost: 0.7 }],
  layout: { program: "roundtrip", processes: 1 },
  entries: [...all, epollC],
});

/**
 * Pinned to one processor: the other end runs as soon as this one sleeps. How the two fall into step differs
 * from one pair of processes to the next, so each round has a new pair.
 */
export const roundtripPinned: Work = timedWork({
  name: "roundtrip-pinned",
  title: "round trip of 64 bytes, two processes on one processor, started anew for each round",
  measure: microseconds,
  baseline: "deno",
  targets: [
    { subject: "module", against: "deno", by: "ratio", atMost: 0.9 },
    { subject: "module", against: "deno", by: "slowest", atMost: 1.2 },
  ],
  startsAnew: true,
  roundsFactor: 5 / 3,
  layout: { program: "roundtrip", processes: 2, cpus: [0, 0] },
  entries: [...all, blockingC, epollC],
});

/** On two processors, waking the other one costs most; `busyPoll` does not let it fall asleep. */
export const roundtripTwo: Work = timedWork({
  name: "roundtrip-two",
  title: "round trip of 64 bytes, two processes on two processors",
  measure: microseconds,
  baseline: "deno",
  targets: [
    { subject: "module", against: "deno", by: "ratio", atMost: 0.6 },
    { subject: "module:busy", against: "deno", by: "ratio", atMost: 0.4 },
  ],
  layout: { program: "roundtrip", processes: 2, cpus: [0, 1] },
  entries: [
    ...all,
    { peer: "module", variant: "busy", note: "busyPoll: 200" },
    blockingC,
    epollC,
  ],
});
