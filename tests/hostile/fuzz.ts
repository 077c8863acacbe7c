/**
 * Fuzzes the decoders for as long as wanted: `deno task fuzz [COUNT]`, with `SEED` in the environment to
 * repeat a run. COUNT inputs are shared by all targets; the default is four millions.
 *
 * @module
 */

import { taskArguments } from "../util/arguments.ts";
import { fuzz } from "./fuzzing.ts";
import { chosenSeed } from "./random.ts";
import { targets } from "./targets.ts";

const [inputs = "4000000"] = taskArguments({}, 1).positionals;
const total = Number(inputs);
if (!Number.isInteger(total) || total < targets.length) {
  console.error(`Cannot try "${inputs}" inputs: give an integer from ${targets.length}`);
  Deno.exit(2);
}
const count = Math.ceil(total / targets.length);
const seed = chosenSeed();
console.log(`SEED=${seed}`);
for (const target of targets) {
  const started = performance.now();
  fuzz(target, count, seed);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${target.name.padEnd(42)} ${count} inputs, ${seconds} s`);
}
console.log(`${count * targets.length} inputs, all as the model says`);
console.log(`ok | ${targets.length} passed | 0 failed`);
