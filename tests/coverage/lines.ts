/**
 * Which test file runs which lines, as measured by `deno task coverage`, kept for the tasks that choose tests by it.
 *
 * @module
 */

import { filesIn, ROOT } from "../util/project.ts";

/** A test file as it is run: as usual, or where Linux pretends to be another system. */
export interface Run {
  readonly test: string;
  /** A module that is loaded before it. */
  readonly preload?: string;
}

/** What one run of a test file told. */
export interface RunLines extends Run {
  readonly seconds: number;
  /** Whether all of its tests passed. */
  readonly passed: boolean;
  /** The lines that ran, counted from 1, for each published file. */
  readonly lines: Record<string, number[]>;
}

/** What all test files told. */
export interface Coverage {
  readonly runs: RunLines[];
  /** The lines that could run, for each published file. */
  readonly runnable: Record<string, number[]>;
  /** The text that each published file had when it was measured. */
  readonly sources: Record<string, string>;
}

const KEPT = new URL("tests/.build/coverage.json", ROOT);

/** Keep what was measured. */
export function keep(coverage: Coverage): void {
  Deno.mkdirSync(new URL(".", KEPT), { recursive: true });
  Deno.writeTextFileSync(KEPT, JSON.stringify(coverage));
}

/** Return what was measured last, if anything was. */
export function kept(): Coverage | undefined {
  try {
    return JSON.parse(Deno.readTextFileSync(KEPT));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Tests that look at the project's texts, or at what is made of them, rather than at what the module does. */
const OF_TEXTS =
  /^tests\/(?:links|mutants|coverage|examples|bench_test|jsr_test|pack_test|util_test|architecture_test|messages_test)/;

/** What `deno task bsd` runs. */
const BSD = ["errors_test", "address/", "descriptor/", "fd/", "handle/", "message/", "msghdr/"]
  .concat(["reactor/", "socket/", "unix/"]);

/** List the runs of test files that show what the module does. */
export function allRuns(): Run[] {
  const tests = filesIn("tests").filter((it) => it.endsWith("_test.ts") && !OF_TEXTS.test(it));
  const bsd = tests.filter((test) => BSD.some((it) => test.startsWith(`tests/${it}`)))
    .map((test) => ({ test, preload: "tests/ffi/bsd.ts" }));
  return [...tests.map((test) => ({ test })), ...bsd];
}
