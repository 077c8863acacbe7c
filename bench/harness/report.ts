import type { Machine } from "./machine.ts";
import type { Measured } from "./rounds.ts";
import { median } from "./stats.ts";
import type { Absence, Measure, Sample, Target, Work } from "./types.ts";

/** One contender's figures, in the work's unit; processor time in microseconds per operation. */
export interface Row {
  id: string;
  label: string;
  version?: string;
  median: number;
  min: number;
  max: number;
  /** Median ÷ the baseline's median; missing where the baseline did not run. */
  ratio?: number;
  cpu?: number;
  cpuRatio?: number;
  samples: number[];
}

/** A target with what was measured; `met` is missing where one of the two did not run. */
export interface TargetResult extends Target {
  measured?: number;
  met?: boolean;
}

/** Everything one work gave. */
export interface WorkReport {
  name: string;
  title: string;
  unit: string;
  better: "lower" | "higher";
  chart: "bars" | "curve";
  baseline: string;
  rows: Row[];
  absent: Absence[];
  targets: TargetResult[];
}

/** Everything one run of the bench gave; what `--json` writes. */
export interface Report {
  machine: Machine;
  rounds: number;
  /** Milliseconds each round aims at. */
  roundTime: number;
  works: WorkReport[];
}

/** Turns samples into medians, ratios and judged targets. */
export function report(
  work: Work,
  measured: readonly Measured[],
  absent: readonly Absence[],
): WorkReport {
  const rows = measured.map((one) => row(one, work.measure));
  addRatios(rows, work.baseline);
  return {
    name: work.name,
    title: work.title,
    unit: work.measure.unit,
    better: work.measure.better,
    chart: work.chart,
    baseline: work.baseline,
    rows,
    absent: [...absent],
    targets: work.targets.map((target) => judge(target, rows)),
  };
}

function row({ contender, samples }: Measured, measure: Measure): Row {
  const shown = samples.map((sample) => measure.show(sample.value));
  const cpu = medianCpu(samples);
  return {
    id: contender.id,
    label: contender.label,
    ...(contender.version === undefined ? {} : { version: contender.version }),
    median: median(shown),
    min: Math.min(...shown),
    max: Math.max(...shown),
    ...(cpu === undefined ? {} : { cpu: cpu / 1e3 }),
    samples: shown,
  };
}

function medianCpu(samples: readonly Sample[]): number | undefined {
  const known = samples.flatMap(({ cpu }) => cpu === undefined ? [] : [cpu]);
  return known.length === samples.length ? median(known) : undefined;
}

function addRatios(rows: readonly Row[], baseline: string): void {
  const base = rows.find(({ id }) => id === baseline);
  if (!base) return;
  for (const one of rows) {
    one.ratio = one.median / base.median;
    if (one.cpu !== undefined && base.cpu !== undefined) one.cpuRatio = one.cpu / base.cpu;
  }
}

function judge(target: Target, rows: readonly Row[]): TargetResult {
  const subject = rows.find(({ id }) => id === target.subject);
  const against = rows.find(({ id }) => id === target.against);
  if (!subject || !against) return { ...target };
  const measured = compare(target.by, subject, against);
  const met = (target.atMost === undefined || measured <= target.atMost) &&
    (target.atLeast === undefined || measured >= target.atLeast);
  return { ...target, measured, met };
}

function compare(by: Target["by"], subject: Row, against: Row): number {
  if (by === "difference") return subject.median - against.median;
  return by === "ratio" ? subject.median / against.median : subject.max / against.max;
}
