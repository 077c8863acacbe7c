/**
 * Which tests are asked about a change.
 *
 * @module
 */

import { basename } from "@std/path/posix/basename";
import { dirname } from "@std/path/posix/dirname";
import type { Coverage, RunLines } from "../coverage/lines.ts";
import type { Change } from "./changes.ts";

/** Chooses tests by what they ran when that was measured. */
export class Choice {
  readonly #coverage: Coverage;
  readonly #read: (file: string) => string;

  /** @param read Reads a file as it is now. */
  constructor(coverage: Coverage, read: (file: string) => string) {
    this.#coverage = coverage;
    this.#read = read;
  }

  /**
   * List the runs of test files that run the line of a change, likely ones first, up to so many seconds in
   * all. Where the line is new, or none was seen to run it, those that run any line of the file.
   */
  runsFor({ file, line }: Pick<Change, "file" | "line">, seconds: number): RunLines[] {
    const own = testOf(file);
    const then = this.#lineThen(file, line);
    const passed = this.#coverage.runs.filter((it) => it.passed);
    const wanted = then === undefined ? [] : this.#linesAround(file, then);
    const ran = (it: RunLines, lines: number[]): boolean =>
      lines.some((line) => it.lines[file]?.includes(line));
    const found = passed.filter((it) => ran(it, wanted));
    const asked = new Set(found.length > 0 ? found : passed.filter((it) => file in it.lines));
    // Wherever it is: the lines of a Worker that it ends are not counted.
    const isOwn = ({ test }: RunLines): boolean => basename(test) === basename(own);
    const runs = passed.filter((it) => isOwn(it) || asked.has(it));
    const distance = (it: RunLines): number =>
      (isOwn(it) ? 0 : dirname(it.test) === dirname(own) ? 1 : 2) +
      (it.preload === undefined ? 0 : 3) + (ran(it, wanted.slice(0, 1)) ? 0 : 0.5);
    runs.sort((a, b) => distance(a) - distance(b) || a.seconds - b.seconds);
    let sum = 0;
    return runs.filter((it) => (sum += it.seconds) <= seconds || isOwn(it));
  }

  /**
   * The line, and those that tell whether it was reached. One with a part that runs under a condition counts as run
   * only where that part ran: whether the condition was looked at, the lines before and after it tell.
   */
  #linesAround(file: string, line: number): number[] {
    const text = this.#coverage.sources[file]?.split("\n") ?? [];
    const trimmed = (it: number): string => text[it - 1]?.trim() ?? "";
    if (!HAS_CONDITION.test(trimmed(line))) return [line];
    const runnable = (this.#coverage.runnable[file] ?? []).filter((it) => /\w/.test(trimmed(it)));
    const at = runnable.indexOf(line);
    const beside = [runnable[at - 1], runnable[at + 1]].filter((it) => it !== undefined);
    return [line, ...beside.filter((it) => !isSignature(trimmed(it)))];
  }

  /** The line that reads the same in the file as it was measured, the nearest of several. */
  #lineThen(file: string, line: number): number | undefined {
    const now = this.#read(file).split("\n")[line - 1]?.trim();
    const then = this.#coverage.sources[file]?.split("\n") ?? [];
    const found = (this.#coverage.runnable[file] ?? []).filter((it) =>
      then[it - 1]?.trim() === now
    );
    return found.sort((a, b) => Math.abs(a - line) - Math.abs(b - line))[0];
  }
}

const HAS_CONDITION = /\b(?:if|while) \(|\?|&&|\|\|/;

/** Whether a line begins a function, a class or a constant: it runs when the module is loaded, if at all. */
function isSignature(line: string): boolean {
  return /^(?:export|class|function|static|get|set)\b/.test(line) ||
    (/\{$/.test(line) && !/^(?:\}|if|else|for|while|do|try|switch|return|const|let)\b/.test(line));
}

/** The test file of the same name. */
function testOf(file: string): string {
  return `tests/${file.replace(/^lib\//, "").replace(/\.ts$/, "_test.ts")}`;
}
