// JavaScript, because not every runtime here reads TypeScript; so there are no types to write.
// deno-lint-ignore-file explicit-function-return-type explicit-module-boundary-types

// Obeys the bench's lines; the same for Node, Deno and Bun.

import process from "node:process";
import readline from "node:readline";

/**
 * Sets the work up and answers to each line until standard input ends.
 *
 * @param {Record<string, Function>} works setup functions by name
 * @param {() => void} collect collects garbage
 */
export async function serve(works, collect) {
  const [work, role, path, variant] = process.argv.slice(2);
  const setup = works[work];
  if (!setup) {
    say({ cannot: `There is no program for "${work}"` });
    process.exit(0);
  }
  const part = await setup(role, path, variant);
  say({ ready: true });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [command, count] = line.split(" ");
    const start = process.hrtime.bigint();
    const done = await perform(part, command, Number(count), collect);
    say({ count: done, wall: Number(process.hrtime.bigint() - start) });
  }
  process.exit(0);
}

async function perform(part, command, count, collect) {
  if (command === "run") return await part.run(count);
  if (command === "idle") await part.idle(count);
  if (command === "settle") collect();
  return count;
}

function say(value) {
  process.stdout.write(JSON.stringify(value) + "\n");
}
