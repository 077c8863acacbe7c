import { thousandsPerSecond } from "./harness/measures.ts";
import { timedWork } from "./harness/timed_work.ts";
import type { Target, Work } from "./harness/types.ts";

const entries = [
  { peer: "module", note: "Frames" },
  { peer: "module", variant: "files", note: "Frames, files: 16" },
  { peer: "module", variant: "reads", note: "bare reads" },
];

function framesOf(name: string, size: string, targets: readonly Target[]): Work {
  return timedWork({
    name,
    title: `frames of ${size}, each sent by a call, both ends in one process`,
    measure: thousandsPerSecond,
    baseline: "module:reads",
    targets,
    layout: { program: name, processes: 1 },
    entries,
  });
}

/** Small frames beside bare reads of the same bytes: what it costs to find them and to own them. */
export const frames: Work = framesOf("frames", "64 bytes", [
  { subject: "module", against: "module:reads", by: "ratio", atLeast: 0.8 },
]);

/** The same with large ones, which are copied once more. */
export const largeFrames: Work = framesOf("frames-large", "16 KiB", []);
