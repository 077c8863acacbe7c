import { thousandsPerSecond } from "./harness/measures.ts";
import type { Entry } from "./harness/entries.ts";
import { plain, timedWork } from "./harness/timed_work.ts";
import type { Work } from "./harness/types.ts";

/** Default buffers: each message has memory of its own. */
const iterator = { peer: "module", variant: "iterator", note: "messages()" };

/** Eight messages wait at a time: their bytes are counted once, or, where another may receive too, each is peeked at. */
const queued = [
  { peer: "module", variant: "queued", note: "eight at a time" },
  { peer: "module", variant: "peeked", note: "eight at a time, a peek at each" },
];

/** Messages through one pair of sockets, sent and received at the same time. */
function messagesOf(
  name: string,
  kind: string,
  baseline: string,
  peers: readonly string[],
  more: readonly Entry[] = [],
): Work {
  return timedWork({
    name,
    title: `${kind} of 512 bytes, both ends in one process`,
    measure: thousandsPerSecond,
    baseline,
    targets: ["module", "module:iterator"].map((subject) => ({
      subject,
      against: "go",
      by: "ratio",
      atLeast: 1,
    })),
    layout: { program: name, processes: 1 },
    entries: [iterator, ...more, ...plain(...peers)],
  });
}

/** Datagrams from one bound socket to another. */
export const datagrams: Work = messagesOf(
  "datagrams",
  "datagrams",
  "deno",
  ["module", "ffi", "deno", "python", "go", "c", "node", "bun"],
);

/** The same over a connected seqpacket pair. */
export const seqpacket: Work = messagesOf(
  "seqpacket",
  "seqpacket messages",
  "go",
  ["module", "ffi", "python", "go", "c", "deno", "node", "bun"],
  queued,
);
