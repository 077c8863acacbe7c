import type { Row, TargetResult, WorkReport } from "./report.ts";
import { digits } from "./stats.ts";

/** The table of one work as lines of text. */
export function table(work: WorkReport): string {
  const lines = [`${work.name}: ${work.title}`];
  if (work.rows.length > 0) lines.push(...grid([header(work), ...work.rows.map(cells)]));
  for (const { label, kind, reason } of work.absent) lines.push(`  ${label}: ${kind}: ${reason}`);
  for (const target of work.targets) lines.push(`  target: ${targetText(target, work)}`);
  return lines.join("\n") + "\n";
}

function header(work: WorkReport): string[] {
  const base = work.rows.find(({ id }) => id === work.baseline)?.label ?? work.baseline;
  return ["", `median ${work.unit}`, "min–max", `× ${base}`, "CPU µs", `× ${base}`, "rounds"];
}

function cells(row: Row): string[] {
  return [
    row.label,
    digits(row.median),
    `${digits(row.min)}–${digits(row.max)}`,
    row.ratio === undefined ? "–" : row.ratio.toFixed(2),
    row.cpu === undefined ? "–" : digits(row.cpu),
    row.cpuRatio === undefined ? "–" : row.cpuRatio.toFixed(2),
    String(row.samples.length),
  ];
}

function grid(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => widths[i] = Math.max(widths[i] ?? 0, cell.length));
  }
  return rows.map((row) =>
    "  " + row.map((cell, i) => {
      const width = widths[i] ?? 0;
      return i === 0 ? cell.padEnd(width) : cell.padStart(width);
    }).join("  ")
  );
}

/** A target in words, with the verdict. */
export function targetText(target: TargetResult, work: WorkReport): string {
  const label = (wanted: string): string =>
    work.rows.find(({ id }) => id === wanted)?.label ?? wanted;
  const bound = target.atMost === undefined ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`;
  const slowest = target.by === "slowest" ? ", slowest round," : "";
  const wanted = target.by === "difference"
    ? `${bound} ${work.unit} over ${label(target.against)}`
    : `${bound} × ${label(target.against)}`;
  const verdict = target.measured === undefined
    ? "not measured"
    : `${target.measured.toFixed(2)}, ${target.met ? "met" : "missed"}`;
  return `${label(target.subject)}${slowest} ${wanted}: ${verdict}`;
}
