import { thousandsPerSecond } from "./harness/measures.ts";
import { plain, timedWork } from "./harness/timed_work.ts";
import type { Work } from "./harness/types.ts";

/** Default buffers: each message has memory of its own. */
const iterator = { peer: "module", variant: "iterator", note: "messages()" };

/** Datagrams from one bound socket to another, sent and received at the same time. */
export const datagrams: Work = timedWork({
  name: "datagrams",
  title: "datagrams of 512 bytes, both ends in one process",
  measure: thousandsPerSecond,
  baseline: "deno",
  targets: [
    { subject: "module", against: "go", by: "ratio", atLeast: 1 },
    { subject: "module:iterator", against: "go", by: "ratio", atLeast: 1 },
  ],
  layout: { program: "datagrams", processes: 1 },
  entries: [iterator, ...plain("module", "ffi", "deno", "python", "go", "c", "node", "bun")],
});

/** The same over a connected seqpacket pair. */
export const seqpacket: Work = timedWork({
  name: "seqpacket",
  title: "seqpacket messages of 512 bytes, both ends in one process",
  measure: thousandsPerSecond,
  baseline: "go",
  targets: [
    { subject: "module", against: "go", by: "ratio", atLeast: 1 },
    { subject: "module:iterator", against: "go", by: "ratio", atLeast: 1 },
  ],
  layout: { program: "seqpacket", processes: 1 },
  entries: [iterator, ...plain("module", "ffi", "python", "go", "c", "deno", "node", "bun")],
});
