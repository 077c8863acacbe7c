import { bars } from "./chart_bars.ts";
import { curve } from "./chart_curve.ts";
import { describe } from "./machine.ts";
import type { Report, WorkReport } from "./report.ts";
import { element, escape, text } from "./svg.ts";

/** Width of every chart. */
export const width = 760;

const top = 52;

// Readers' own colour schemes; a background keeps the text readable on any page.
const style = `
.background { fill: #ffffff } text { fill: #1f2933; font: 13px system-ui, sans-serif }
.heading { font-size: 15px; font-weight: 600 } .small { font-size: 11px; fill: #616e7c }
.rule { stroke: #cbd2d9; stroke-width: 1 } .range { stroke: #3e4c59; stroke-width: 1.5 }
.other { fill: #9aa5b1 } .own { fill: #2563eb } .curve { fill: none; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
.background { fill: #12181f } text { fill: #e4e7eb } .small { fill: #9aa5b1 }
.rule { stroke: #323f4b } .range { stroke: #e4e7eb } .other { fill: #616e7c } .own { fill: #60a5fa }
}`;

/** The chart of one work as an SVG document. */
export function chart(work: WorkReport, report: Report): string {
  const drawing = work.chart === "curve" ? curve(work) : bars(work);
  const caption = captions(work, report);
  const height = top + drawing.height + 16 * caption.length + 10;
  const markup = [
    `<title>${escape(work.title)}</title>`,
    `<style>${style}</style>`,
    element("rect", { width, height, class: "background" }),
    text(16, 24, work.title, { class: "heading" }),
    text(16, 42, axisTitle(work), { class: "small" }),
    element("g", { transform: `translate(0 ${top})` }, drawing.markup),
    ...caption.map((line, i) =>
      text(16, top + drawing.height + 16 * (i + 1), line, { class: "small" })
    ),
  ].join("\n");
  const attributes = { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${width} ${height}` };
  return element("svg", { ...attributes, width, height, role: "img" }, markup) + "\n";
}

function axisTitle(work: WorkReport): string {
  const rounds = Math.max(0, ...work.rows.map(({ samples }) => samples.length));
  return `${work.unit}, ${work.better} is better; median of ${rounds} rounds`;
}

function captions(work: WorkReport, report: Report): string[] {
  const versions = new Set(work.rows.flatMap(({ version }) => version ?? []));
  return [describe(report.machine), ...wrapped([...versions], 120)];
}

// Lines of at most `limit` characters.
function wrapped(words: readonly string[], limit: number): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length + 3 <= limit) {
      lines[lines.length - 1] = `${last} · ${word}`;
    } else lines.push(word);
  }
  return lines;
}
