/**
 * Reading what `deno test --coverage` writes.
 *
 * @module
 */

/** How often each line of each file ran, by the file's absolute path. */
export type LineCounts = Map<string, Map<number, number>>;

/** Read a report in the form of lcov: its records `SF`, the file, and `DA`, a line and how often it ran. */
export function parseLcov(text: string): LineCounts {
  const files: LineCounts = new Map();
  let lines = new Map<number, number>();
  for (const record of text.split("\n")) {
    if (record.startsWith("SF:")) files.set(record.slice(3), lines = new Map());
    const [, line, count] = /^DA:(\d+),(\d+)/.exec(record) ?? [];
    if (line !== undefined) lines.set(Number(line), Number(count));
  }
  return files;
}

/** Write lines as ranges: `3, 5-8`. */
export function ranges(lines: readonly number[]): string {
  const parts: [number, number][] = [];
  for (const line of lines) {
    const last = parts.at(-1);
    if (last?.[1] === line - 1) last[1] = line;
    else parts.push([line, line]);
  }
  return parts.map(([from, to]) => from === to ? `${from}` : `${from}-${to}`).join(", ");
}
