/**
 * Loads the module and checks that nothing is lost:
 *
 *     deno task load [--connections 10000] [--messages 1000000] [--descriptors 100000]
 *
 * @module
 */

import { parseArgs } from "node:util";
import { manyConnections, manyMessages } from "./works.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    connections: { type: "string", default: "10000" },
    messages: { type: "string", default: "1000000" },
    descriptors: { type: "string", default: "100000" },
  },
});

const started = performance.now();
const progress = (text: string): void =>
  console.log(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${text}`);

if (Deno.build.os !== "linux") {
  console.log("Nothing to load: it counts in /proc, and uses seqpacket sockets, as on Linux");
  Deno.exit();
}
await manyConnections(Number(values.connections), progress);
for (const type of ["stream", "seqpacket"] as const) {
  await manyMessages(type, Number(values.messages) / 2, Number(values.descriptors) / 2, progress);
}
console.log("ok | 3 passed | 0 failed");
