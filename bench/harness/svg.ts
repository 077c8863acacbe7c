/** An element with attributes and content that is already markup. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  content = "",
): string {
  const written = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${typeof value === "number" ? round(value) : escape(value)}"`)
    .join("");
  return content === "" ? `<${name}${written}/>` : `<${name}${written}>${content}</${name}>`;
}

/** A line of text. */
export function text(
  x: number,
  y: number,
  content: string,
  attributes: Readonly<Record<string, string | number>> = {},
): string {
  return element("text", { x, y, ...attributes }, escape(content));
}

/** A straight line. */
export function line(from: readonly [number, number], to: readonly [number, number]): string {
  return element("line", { x1: from[0], y1: from[1], x2: to[0], y2: to[1], class: "rule" });
}

/** Text made safe inside markup. */
export function escape(content: string): string {
  return content.replace(/[&<>"]/g, (found) => `&#${found.codePointAt(0)};`);
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Round numbers from 0 to at least `largest`, about `count` of them. */
export function ticks(largest: number, count: number): number[] {
  const step = niceStep(largest / count);
  const values: number[] = [];
  for (let i = 0; i * step < largest + step; i++) values.push(i * step);
  return values;
}

function niceStep(rough: number): number {
  if (!(rough > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const nice = [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough);
  return (nice ?? 10) * power;
}

/** A tick's number without the noise of binary fractions. */
export function tickLabel(value: number): string {
  return Number(value.toPrecision(6)).toLocaleString("en");
}
