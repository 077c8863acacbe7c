/**
 * Loads the module and checks that nothing is lost:
 *
 *     deno task load [--connections 10000] [--messages 1000000] [--descriptors 100000]
 *
 * @module
 */

import { countOption, taskArguments } from "../util/arguments.ts";
import { manyConnections, manyMessages } from "./works.ts";
import { CONNECTED } from "../util/cases.ts";

const { values } = taskArguments({
  options: {
    connections: { type: "string", default: "10000" },
    messages: { type: "string", default: "1000000" },
    descriptors: { type: "string", default: "100000" },
  },
}, 0);
const connections = countOption("connections", values.connections);
const messages = countOption("messages", values.messages, 2);
const descriptors = countOption("descriptors", values.descriptors, 2);

const started = performance.now();
const progress = (text: string): void =>
  console.log(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${text}`);

if (Deno.build.os !== "linux") {
  console.log("Nothing to load: it counts in /proc, and uses seqpacket sockets, as on Linux");
  Deno.exit();
}
await manyConnections(connections, progress);
for (const type of CONNECTED) {
  await manyMessages(type, messages / 2, descriptors / 2, progress);
}
console.log("ok | 3 passed | 0 failed");
