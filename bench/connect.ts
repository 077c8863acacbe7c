import { microseconds } from "./harness/measures.ts";
import { plain, timedWork } from "./harness/timed_work.ts";
import type { Work } from "./harness/types.ts";

/** A connection from beginning to end, on a listener that stays. */
export const connecting: Work = timedWork({
  name: "connect",
  title: "connect + accept + close of both ends, one process",
  measure: microseconds,
  baseline: "deno",
  targets: [{ subject: "module", against: "deno", by: "ratio", atMost: 0.6 }],
  layout: { program: "connect", processes: 1 },
  entries: plain("module", "ffi", "deno", "deno-node", "node", "bun", "python", "go", "c"),
});
