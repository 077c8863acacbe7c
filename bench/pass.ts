import { thousandsPerSecond } from "./harness/measures.ts";
import { plain, timedWork } from "./harness/timed_work.ts";
import type { Work } from "./harness/types.ts";

/** A stream of messages with one byte and one descriptor each; the receiver closes them. */
export const passing: Work = timedWork({
  name: "pass",
  title: "messages with one descriptor each, two processes on two processors",
  measure: thousandsPerSecond,
  baseline: "go",
  targets: [{ subject: "module", against: "go", by: "ratio", atLeast: 1.1 }],
  layout: { program: "pass", processes: 2, cpus: [0, 1] },
  entries: plain("module", "ffi", "python", "go", "c", "deno", "node", "bun"),
});
