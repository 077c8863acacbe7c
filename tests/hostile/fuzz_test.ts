/**
 * The decoders of what comes from the kernel and from callers, on inputs by the ten thousand; `deno task fuzz` takes millions.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { fuzz, shrink } from "./fuzzing.ts";
import { chosenCount, chosenSeed, Random } from "./random.ts";
import { type Target, targets } from "./targets.ts";

const seed = chosenSeed();
const COUNT = chosenCount("FUZZ_INPUTS", 25_000);

for (const target of targets) {
  Deno.test(`the decoder agrees with the model on ${COUNT} inputs: ${target.name}, SEED=${seed}`, () => {
    fuzz(target, COUNT, seed);
  });
}

/** Fails for every input with a byte 7 that is not the first. */
const flawed: Target = {
  name: "flawed",
  size: 50,
  generate: (random, buffer) => {
    random.fill(buffer);
    return buffer.byteLength;
  },
  check: (input) => assert(input.indexOf(7) <= 0, "a seven"),
};

Deno.test("fuzz() finds a flaw, and says the seed and the smallest input", () => {
  const error = assertThrows(() => fuzz(flawed, 1000, 5), Error, "SEED=5");
  assertStringIncludes(error.message, "Its smallest form: 0007\n");
  assertEquals(shrink(flawed, Uint8Array.of(9, 9, 9, 7, 9)), Uint8Array.of(0, 7));
});

Deno.test("the generators make inputs that the decoders find something in", () => {
  const random = new Random(1);
  for (const target of targets) {
    const lengths = new Set<number>();
    const buffer = new Uint8Array(target.size);
    for (let i = 0; i < 1000; i++) {
      buffer.fill(0);
      lengths.add(target.generate(random, buffer));
    }
    assert(lengths.size > 4, target.name);
  }
});
