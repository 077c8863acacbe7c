/**
 * Takes messages on every connection to the path it is given, checks them, and answers each connection's
 * end with what it got. Prints its state for each line of its input.
 *
 * @module
 */

import { type Socket, unix } from "../../mod.ts";
import { countDescriptors } from "../util/descriptors.ts";
import { FrameChecker } from "./frames.ts";

/** What the server has seen. */
export interface ServerState {
  connections: number;
  open: number;
  mostOpen: number;
  messages: number;
  files: number;
  broken: number;
  errors: string[];
  descriptors: number;
  memory: number;
}

const [path = "", type = "stream"] = Deno.args;
const state: ServerState = {
  connections: 0,
  open: 0,
  mostOpen: 0,
  messages: 0,
  files: 0,
  broken: 0,
  errors: [],
  descriptors: 0,
  memory: 0,
};

async function serve(socket: Socket): Promise<void> {
  state.connections++;
  state.mostOpen = Math.max(state.mostOpen, ++state.open);
  using checker = new FrameChecker();
  try {
    for await (using message of socket.messages({ files: 8 })) {
      checker.take(message.data, message.files);
    }
    checker.finish();
    const answer = new Uint32Array([checker.messages, checker.files]);
    await socket.send({ data: new Uint8Array(answer.buffer) });
  } catch (error) {
    // A client that breaks off, as some do on purpose, leaves half a message or a reset.
    const reason = String(error);
    if (/Half a message|ConnectionReset|BrokenPipe/.test(reason)) state.broken++;
    else if (state.errors.length < 10) state.errors.push(reason);
  } finally {
    state.messages += checker.messages;
    state.files += checker.files;
    state.open--;
    socket.close();
  }
}

async function report(): Promise<void> {
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
  for await (const _ of lines) {
    globalThis.gc?.();
    state.descriptors = countDescriptors();
    state.memory = Deno.memoryUsage().rss;
    console.log(JSON.stringify(state));
  }
  Deno.exit();
}

using listener = unix.listen(path, { type: type as "stream" | "seqpacket", backlog: 4096 });
console.log("ready");
report();
for await (const socket of listener) serve(socket);
