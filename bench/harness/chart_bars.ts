import type { Drawing } from "./types.ts";
import type { Row, WorkReport } from "./report.ts";
import { digits } from "./stats.ts";
import { element, line, text, tickLabel, ticks } from "./svg.ts";

const right = 640;
const step = 26;

/** About the width of a letter, and of the margin beside a label. */
const letter = 7;
const margin = 24;

/** One bar for each row, best first, with a line from the least to the greatest round. */
export function bars(work: WorkReport): Drawing {
  const rows = work.rows.toSorted((a, b) =>
    work.better === "lower" ? a.median - b.median : b.median - a.median
  );
  const values = ticks(Math.max(0, ...rows.map(({ max }) => max)), 5);
  const largest = values.at(-1) ?? 1;
  const left = margin + letter * Math.max(...rows.map(({ label }) => label.length));
  const place = (value: number): number => left + (right - left) * value / largest;
  const bottom = rows.length * step + 6;
  const markup = [
    ...values.map((value) => axis(place(value), bottom, value)),
    text(right + 34, bottom + 16, work.unit, { class: "small" }),
    ...rows.map((row, i) => bar(row, i * step, place)),
  ];
  return { markup: markup.join("\n"), height: bottom + 28 };
}

function axis(x: number, bottom: number, value: number): string {
  const label = text(x, bottom + 16, tickLabel(value), { class: "small", "text-anchor": "middle" });
  return line([x, 0], [x, bottom]) + label;
}

function bar(row: Row, y: number, place: (value: number) => number): string {
  const left = place(0);
  const middle = y + step / 2;
  const ratio = row.ratio === undefined ? "" : ` (${row.ratio.toFixed(2)} ×)`;
  const end = place(Math.max(row.max, row.median));
  return [
    text(left - 10, middle + 4, row.label, { "text-anchor": "end" }),
    element("rect", {
      x: left,
      y: y + 5,
      width: place(row.median) - left,
      height: step - 10,
      class: /^(?:module|import$|package$|first_|unixtap$)/.test(row.id) ? "own" : "other",
    }),
    element("path", { d: `M${place(row.min)} ${middle}H${place(row.max)}`, class: "range" }),
    text(end + 6, middle + 4, digits(row.median) + ratio),
  ].join("");
}
