import type { Measure } from "./types.ts";

/** Time of one operation. */
export const microseconds: Measure = { unit: "µs", better: "lower", show: (ns) => ns / 1e3 };

/** Time of one operation, for slow ones. */
export const milliseconds: Measure = { unit: "ms", better: "lower", show: (ns) => ns / 1e6 };

/** Memory of one thing. */
export const bytes: Measure = { unit: "bytes", better: "lower", show: (value) => value };

/** Operations in a second, in thousands. */
export const thousandsPerSecond: Measure = {
  unit: "k/s",
  better: "higher",
  show: (ns) => 1e6 / ns,
};

/** Mebibytes in a second when one operation moves `size` bytes. */
export function throughput(size: number): Measure {
  return { unit: "MiB/s", better: "higher", show: (ns) => (size / 2 ** 20) / (ns / 1e9) };
}
