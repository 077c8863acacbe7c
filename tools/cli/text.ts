/**
 * Text that is safe to print: for terminals, for logs, for one line.
 *
 * @module
 */

// Control characters, and those that reorder a line: what a peer sends may not steer a terminal.
// deno-lint-ignore no-control-regex -- they are what it looks for
const STEERING = /[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Escape what could steer a terminal or break a line. */
export function printable(text: string): string {
  return text.replace(STEERING, (it) => {
    const code = it.charCodeAt(0);
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, "0")}`
      : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** Return a number of things, as in "1 byte" and "2 bytes". */
export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

/** Shorten text to a number of UTF-16 units, and mark that. */
export function shortened(text: string, limit: number): string {
  return text.length > limit ? `${text.slice(0, Math.max(limit - 1, 0))}…` : text;
}

/**
 * Return the first line of an error's message, without what could steer a terminal, and without advice that
 * names the API of a library: users of a tool see its options only.
 */
export function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const clauses = (text.split("\n", 1)[0] ?? "").split("; ");
  const plain = clauses.filter((clause, i) => i === 0 || !clause.includes("`")).join("; ");
  return printable(plain.replaceAll("`", ""));
}

/** Return the name of the error number behind an error, as in "ENOENT". */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as { code?: string }).code : undefined;
}

/** Break a paragraph into lines of at most `width` columns. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
