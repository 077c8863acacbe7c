/**
 * Fuzzes the decoders for as long as wanted: `deno task fuzz [COUNT]`, with `SEED` in the environment to
 * repeat a run. COUNT inputs go to each target; the default is a million.
 *
 * @module
 */

import { fuzz } from "./fuzzing.ts";
import { chosenSeed } from "./random.ts";
import { targets } from "./targets.ts";

const count = Number(Deno.args[0] ?? 1_000_000);
if (!Number.isInteger(count) || count < 1) {
  console.error(`Cannot try "${Deno.args[0]}" inputs: give a positive integer`);
  Deno.exit(2);
}
const seed = chosenSeed();
console.log(`SEED=${seed}`);
for (const target of targets) {
  const started = performance.now();
  fuzz(target, count, seed);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${target.name.padEnd(42)} ${count} inputs, ${seconds} s`);
}
console.log(`${count * targets.length} inputs, all as the model says`);
