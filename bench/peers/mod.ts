import { bun } from "./bun.ts";
import { c } from "./c.ts";
import { deno, ffi, module } from "./deno.ts";
import { go } from "./go.ts";
import { denoNode, node } from "./node.ts";
import { python } from "./python.ts";
import type { Peer, Program } from "./types.ts";

/** All programs that are measured, by identifier. */
export const peers: ReadonlyMap<string, Peer> = new Map(
  [module, ffi, deno, denoNode, node, bun, python, go, c].map((peer) => [peer.id, peer]),
);

const prepared = new Map<string, Promise<Program>>();

/** Builds or installs a peer's programs, once in a run. */
export function prepare(peer: Peer): Promise<Program> {
  let program = prepared.get(peer.id);
  if (!program) prepared.set(peer.id, program = peer.prepare());
  return program;
}
