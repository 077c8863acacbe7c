/**
 * Comments that say why no test runs a line: `// deno-coverage-ignore -- why` in front of it, or
 * `// deno-coverage-ignore-start -- why` and `// deno-coverage-ignore-stop` around several.
 *
 * @module
 */

const COMMENT = /^\s*\/\/ deno-coverage-ignore(-start|-stop)?(?: -- (.+))?$/;

/**
 * List the lines, counted from 1, that have a reason, and their reasons.
 *
 * @throws {TypeError} If a comment gives none.
 */
export function linesWithReason(text: string): Map<number, string> {
  const found = new Map<number, string>();
  let around: string | undefined;
  for (const [i, line] of text.split("\n").entries()) {
    const [comment, part, why] = COMMENT.exec(line) ?? [];
    if (comment === undefined) {
      if (around !== undefined && line.trim() !== "") found.set(i + 1, around);
      continue;
    }
    if (part === "-stop") around = undefined;
    else if (why === undefined) throw new TypeError(`Expected a reason after ${comment.trim()}`);
    else if (part === "-start") around = why;
    else found.set(i + 2, why);
  }
  return found;
}
