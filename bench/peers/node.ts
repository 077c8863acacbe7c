import { runTool, sources } from "./toolchain.ts";
import type { Peer, Program } from "./types.ts";

const noDescriptors = "node:net has no API for passing descriptors";
const noDatagrams = "node:dgram has no Unix sockets";
const noSeqpacket = "node:net has no seqpacket sockets";
const noSync = "node:net has no blocking calls";

const cannot = {
  "pass-sync": noDescriptors,
  "small-sync": noSync,
  pass: noDescriptors,
  datagrams: noDatagrams,
  seqpacket: noSeqpacket,
} as const;

/** Node's `net` module. */
export const node: Peer = { id: "node", label: "Node", cannot, prepare: prepareNode };

/** The very same program on Deno's implementation of `node:net`. */
export const denoNode: Peer = {
  id: "deno-node",
  label: "node:net in Deno",
  cannot,
  prepare: prepareDenoNode,
};

const program = (): string => `${sources("node")}main.mjs`;

async function prepareNode(): Promise<Program> {
  const version = await runTool("node", ["--version"]);
  return { command: ["node", "--expose-gc", program()], version: `Node ${version}` };
}

function prepareDenoNode(): Promise<Program> {
  const command = [Deno.execPath(), "run", "-A", "--v8-flags=--expose-gc", program()];
  return Promise.resolve({ command, version: `Deno ${Deno.version.deno}` });
}
