/**
 * Which tests are asked about a change.
 *
 * @module
 */

import { dirname } from "@std/path/posix/dirname";
import { type Coverage, digestOf, type RunLines } from "../coverage/lines.ts";
import type { Change } from "./changes.ts";

/** Chooses tests by what they ran when that was measured. */
export class Choice {
  readonly #coverage: Coverage;
  /** The files that have not changed since. */
  readonly #current: ReadonlySet<string>;

  /** @param current The files that are as they were when it was measured. */
  constructor(coverage: Coverage, current: ReadonlySet<string>) {
    this.#coverage = coverage;
    this.#current = current;
  }

  /** Compare what was measured with the project as it is now. */
  static async of(coverage: Coverage): Promise<Choice> {
    const current = new Set<string>();
    for (const [file, digest] of Object.entries(coverage.digests)) {
      if (await digestOf(file).catch(() => "") === digest) current.add(file);
    }
    return new Choice(coverage, current);
  }

  /**
   * List the runs of test files that run the line of a change, likely ones first, up to so many seconds in
   * all. Where the file has changed since, or the line does not run by itself, those that run any of its lines.
   */
  runsFor({ file, line }: Pick<Change, "file" | "line">, seconds: number): RunLines[] {
    const own = testOf(file);
    const isExact = this.#current.has(file) && this.#coverage.runnable[file]?.includes(line);
    const runs = this.#coverage.runs.filter((it) => {
      const lines = it.lines[file];
      return it.passed &&
        (it.test === own || (lines !== undefined && (!isExact || lines.includes(line))));
    });
    const distance = ({ test, preload }: RunLines): number =>
      (test === own ? 0 : dirname(test) === dirname(own) ? 1 : 2) + (preload === undefined ? 0 : 3);
    runs.sort((a, b) => distance(a) - distance(b) || a.seconds - b.seconds);
    let sum = 0;
    return runs.filter((it) => (sum += it.seconds) <= seconds || it.test === own);
  }
}

/** The test file of the same name. */
function testOf(file: string): string {
  return `tests/${file.replace(/^lib\//, "").replace(/\.ts$/, "_test.ts")}`;
}
