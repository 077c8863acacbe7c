import type { Drawing } from "./types.ts";
import type { Row, WorkReport } from "./report.ts";
import { element, line, text, tickLabel, ticks } from "./svg.ts";

const left = 60;
const right = 600;
const bottom = 300;
const colours = ["#2563eb", "#d97706", "#059669", "#dc2626", "#7c3aed", "#0891b2", "#be185d"];

interface Series {
  label: string;
  points: { at: number; value: number }[];
}

/** One line for each peer over the number behind the `@` of its rows, in equal steps. */
export function curve(work: WorkReport): Drawing {
  const all = series(work.rows);
  const abscissae = [...new Set(all.flatMap(({ points }) => points.map(({ at }) => at)))]
    .toSorted((a, b) => a - b);
  const values = ticks(Math.max(0, ...work.rows.map(({ median }) => median)), 5);
  const largest = values.at(-1) ?? 1;
  const x = (at: number): number =>
    left + (right - left) * abscissae.indexOf(at) / Math.max(1, abscissae.length - 1);
  const y = (value: number): number => bottom - bottom * value / largest;
  const markup = [
    ...values.map((value) => ordinate(y(value), value)),
    ...abscissae.map((at) => abscissa(x(at), at)),
    text((left + right) / 2, bottom + 36, "idle waiting sockets", middle),
    ...lines(all, x, y),
  ];
  return { markup: markup.join("\n"), height: bottom + 48 };
}

const middle = { class: "small", "text-anchor": "middle" };

function series(rows: readonly Row[]): Series[] {
  const found = new Map<string, Series>();
  for (const row of rows) {
    const [id = "", at = "0"] = row.id.split("@");
    const label = row.label.replace(/, [\d,]+$/, "");
    const one = found.get(id) ?? { label, points: [] };
    found.set(id, one);
    one.points.push({ at: Number(at), value: row.median });
  }
  return [...found.values()];
}

function ordinate(y: number, value: number): string {
  const label = text(left - 8, y + 4, tickLabel(value), { class: "small", "text-anchor": "end" });
  return line([left, y], [right, y]) + label;
}

function abscissa(x: number, at: number): string {
  return text(x, bottom + 18, tickLabel(at), middle);
}

function lines(
  all: readonly Series[],
  x: (at: number) => number,
  y: (value: number) => number,
): string[] {
  const last = ({ points }: Series): number => y(points.at(-1)?.value ?? 0);
  // Labels stand at the ends of their lines, pushed down where two would overlap.
  let free = -Infinity;
  return all.map((one, i) => ({ one, colour: colours[i % colours.length] ?? "#888888" }))
    .toSorted((a, b) => last(a.one) - last(b.one))
    .map(({ one, colour }) => {
      const place = Math.max(last(one), free);
      free = place + 15;
      return path(one, colour, x, y) +
        text(right + 10, place + 4, one.label, { style: fill(colour) });
    });
}

function path(
  { points }: Series,
  colour: string,
  x: (at: number) => number,
  y: (value: number) => number,
): string {
  const corners = points.map(({ at, value }) => `${x(at).toFixed(1)} ${y(value).toFixed(1)}`);
  const dots = points.map(({ at, value }) =>
    element("circle", { cx: x(at), cy: y(value), r: 3, style: fill(colour) })
  );
  const stroke = element("path", {
    d: `M${corners.join("L")}`,
    class: "curve",
    style: `stroke:${colour}`,
  });
  return stroke + dots.join("");
}

function fill(colour: string): string {
  return `fill:${colour}`;
}
