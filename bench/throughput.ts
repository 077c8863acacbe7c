import { throughput } from "./harness/measures.ts";
import { plain, timedWork } from "./harness/timed_work.ts";
import type { Work } from "./harness/types.ts";

/** Writes of 64 KiB in one direction, read into a buffer of the same size. */
export const oneWay: Work = timedWork({
  name: "throughput",
  title: "one way, writes of 64 KiB, two processes on two processors",
  measure: throughput(65536),
  baseline: "deno",
  targets: [
    { subject: "module", against: "deno", by: "ratio", atLeast: 1.1 },
    { subject: "module:streams", against: "deno:streams", by: "ratio", atLeast: 1.5 },
  ],
  layout: { program: "throughput", processes: 2, cpus: [0, 1] },
  entries: [
    ...plain("module", "ffi", "deno", "deno-node", "node", "bun", "python", "go", "c"),
    { peer: "module", variant: "streams", note: "readable, writable" },
    { peer: "deno", variant: "streams", note: "readable, writable" },
  ],
});
