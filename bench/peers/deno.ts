import { sources } from "./toolchain.ts";
import type { Peer, Program } from "./types.ts";

const noDescriptors = "Deno's sockets do not pass descriptors";
const noSync = "Deno's sockets have no synchronous calls";

/** Deno's own sockets, `Deno.listen` and `Deno.connect`. */
export const deno: Peer = {
  id: "deno",
  label: "Deno's own",
  cannot: {
    "pass-sync": noDescriptors,
    "small-sync": noSync,
    pass: noDescriptors,
    seqpacket: "Deno.connect has no seqpacket sockets",
  },
  prepare: () => Promise.resolve(denoProgram("deno", ["--unstable-net"])),
};

/** Calls of libc through `Deno.dlopen`, written by hand: the floor for the module. */
export const ffi: Peer = {
  id: "ffi",
  label: "raw FFI in Deno",
  cannot: {
    idle: "One blocked pool thread for each socket, and the pool has 32",
    memory: "One blocked pool thread for each socket, and the pool has 32",
  },
  prepare: () => Promise.resolve(denoProgram("ffi", [])),
};

/** This module. */
export const module: Peer = {
  id: "module",
  label: "@denet/unix",
  cannot: {},
  prepare: () => Promise.resolve(denoProgram("module", [])),
};

function denoProgram(folder: string, flags: readonly string[]): Program {
  const start = [Deno.execPath(), "run", "-A", "--v8-flags=--expose-gc", ...flags];
  return {
    command: [...start, `${sources(folder)}main.ts`],
    version: `Deno ${Deno.version.deno}`,
  };
}
