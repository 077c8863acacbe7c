/**
 * Running a target on many inputs, and making one that fails small.
 *
 * @module
 */

import fc from "fast-check";
import { Random } from "./random.ts";
import type { Target } from "./targets.ts";

/** Told now and then how many inputs have been tried. */
export type Progress = (tried: number) => void;

/**
 * Check a target on `count` inputs.
 *
 * @throws {Error} If an input fails, with the seed and the smallest form of the input.
 */
export function fuzz(target: Target, count: number, seed: number, progress?: Progress): void {
  const random = new Random(seed);
  const buffer = new Uint8Array(target.size);
  for (let tried = 0; tried < count; tried++) {
    buffer.fill(0);
    const input = buffer.subarray(0, target.generate(random, buffer));
    try {
      target.check(input);
    } catch (error) {
      const smallest = shrink(target, input.slice());
      throw new Error(
        `With SEED=${seed}, input ${tried} of "${target.name}" fails.\n` +
          `Its smallest form: ${smallest.toHex()}\n${
            error instanceof Error ? error.message : error
          }`,
        { cause: error },
      );
    }
    if (progress && tried % 100_000 === 99_999) progress(tried + 1);
  }
}

/** Find the smallest input near this one that fails as well. */
export function shrink(target: Target, input: Uint8Array): Uint8Array {
  const passes = fc.property(fc.uint8Array({ maxLength: target.size }), (bytes) => {
    target.check(bytes);
  });
  const found = fc.check(passes, { examples: [[input]], numRuns: 1 });
  return found.counterexample?.[0] ?? input;
}
