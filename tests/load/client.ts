/**
 * Sends messages and checks that all have arrived.
 *
 * @module
 */

import { type Socket, unix } from "../../mod.ts";
import { type LineProcess, startProcess } from "../util/process.ts";
import { LONGEST, tagged, writeFrame } from "./frames.ts";
import type { ServerState } from "./server.ts";

const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
const SCRIPT = new URL("./server.ts", import.meta.url).href;

declare global {
  var gc: (() => void) | undefined;
}

/** A server process. */
export class Server implements AsyncDisposable {
  readonly #process: LineProcess;

  private constructor(readonly path: string, readonly type: "stream" | "seqpacket") {
    this.#process = startProcess(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", "--config", CONFIG, "--allow-all"]
        .concat("--v8-flags=--expose-gc", SCRIPT, path, type),
    });
  }

  /** Start a server and wait until it listens. */
  static async start(path: string, type: "stream" | "seqpacket"): Promise<Server> {
    const server = new Server(path, type);
    await server.#process.readLine();
    return server;
  }

  /** Ask what it has seen. */
  async state(): Promise<ServerState> {
    await this.#process.writeLine("state");
    return JSON.parse(await this.#process.readLine());
  }

  /** Wait until it has seen the end of every connection. */
  async settled(): Promise<ServerState> {
    for (;;) {
      const state = await this.state();
      if (state.errors.length > 0) throw new Error(state.errors.join("\n"));
      if (state.open === 0) return state;
      globalThis.gc?.(); // some connections are left to it
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }
}

/** What goes over one connection. */
export interface Traffic {
  readonly messages: number;
  /** Every how many messages one carries a descriptor. */
  readonly filesEvery: number;
}

/** Send messages over a connection. */
export async function send(socket: Socket, connection: number, traffic: Traffic): Promise<number> {
  const memory = new Uint8Array(LONGEST);
  let files = 0;
  for (let i = 0; i < traffic.messages; i++) {
    const hasFile = i % traffic.filesEvery === 0;
    const data = writeFrame(memory, connection, i, hasFile);
    if (!hasFile) await socket.send({ data });
    else {
      using file = tagged(connection, i);
      await socket.send({ data, files: [file] });
      files++;
    }
  }
  return files;
}

/** End a connection, and check that the server got all of it. */
export async function finish(socket: Socket, messages: number, files: number): Promise<void> {
  socket.shutdown("write");
  using answer = await socket.receive();
  const [gotMessages, gotFiles] = new Uint32Array(
    answer?.data.slice().buffer ?? new ArrayBuffer(0),
  );
  if (gotMessages !== messages || gotFiles !== files) {
    throw new Error(
      `${gotMessages} of ${messages} messages and ${gotFiles} of ${files} descriptors arrived`,
    );
  }
  socket.close();
}

/** Connect, send messages, and check that all have arrived; the number of descriptors sent. */
export async function exchange(
  server: Server,
  connection: number,
  traffic: Traffic,
): Promise<number> {
  using socket = await unix.connect(server.path, { type: server.type });
  const files = await send(socket, connection, traffic);
  await finish(socket, traffic.messages, files);
  return files;
}
