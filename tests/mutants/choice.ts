/**
 * Which tests are asked about a change.
 *
 * @module
 */

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
    const ranIt = passed.filter((it) => then !== undefined && it.lines[file]?.includes(then));
    const ranFile = passed.filter((it) => it.lines[file] !== undefined);
    const ran = new Set(ranIt.length > 0 ? ranIt : ranFile);
    const runs = passed.filter((it) => it.test === own || ran.has(it));
    const distance = ({ test, preload }: RunLines): number =>
      (test === own ? 0 : dirname(test) === dirname(own) ? 1 : 2) + (preload === undefined ? 0 : 3);
    runs.sort((a, b) => distance(a) - distance(b) || a.seconds - b.seconds);
    let sum = 0;
    return runs.filter((it) => (sum += it.seconds) <= seconds || it.test === own);
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

/** The test file of the same name. */
function testOf(file: string): string {
  return `tests/${file.replace(/^lib\//, "").replace(/\.ts$/, "_test.ts")}`;
}
