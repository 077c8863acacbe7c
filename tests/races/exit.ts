/** Starts every operation that can be pending, and ends the program in the way its argument says. */

import { kinds } from "./operations.ts";

const stack = new DisposableStack();
const all = kinds.map((kind) => kind.make(stack));
const ends = all.map((it) => it.start().catch(() => "ended"));
const [way = ""] = Deno.args;
await new Promise((resolve) => setTimeout(resolve, 5));

switch (way) {
  case "exit":
    Deno.exit(7);
    break;
  case "close":
    for (const { owner } of all) owner.close();
    break;
  case "exit at once after closing":
    for (const { owner } of all) owner.close();
    Deno.exit(7);
    break;
  case "unref":
    for (const { owner } of all) if ("unref" in owner) (owner as { unref(): void }).unref();
    // A pipe has no unref.
    for (const { owner } of all) if (!("unref" in owner)) owner.close();
    break;
  case "throw":
    throw new Error("on purpose");
  case "kill":
    console.log("ready");
    break;
  default:
    throw new Error(`There is no way "${way}"`);
}
if (way === "close") await Promise.all(ends);
console.log("done");
