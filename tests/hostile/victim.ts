/**
 * A program on this module that is going to be killed: what `tests/peers/victim.c` is in C. It says when it
 * has started, and then reads what it is to be, so that a few can be kept waiting.
 *
 * @module
 */

import { type Listener, Socket, unix } from "../../mod.ts";

/** What a victim is told to be. */
export interface Part {
  readonly role: "server" | "client";
  readonly path: string;
  readonly type: "stream" | "seqpacket" | "dgram";
}

/** Send every message back, with its descriptor. */
async function echo(socket: Socket): Promise<void> {
  using _socket = socket;
  for await (const message of socket.messages({ files: 1 })) {
    using it = message;
    const to = socket.type === "dgram" && it.from !== null ? { to: it.from.path } : {};
    if (socket.type === "dgram" && it.from === null) continue;
    try {
      await socket.send({ data: it.data, files: it.files, ...to });
    } catch (error) {
      if (socket.type !== "dgram") throw error;
    }
  }
}

function open({ role, path, type }: Part): Promise<Socket> | Socket | Listener {
  if (role === "client") return unix.connect(path, { type });
  if (type === "dgram") return unix.bind(path, { replaceStale: true });
  return unix.listen(path, { type, replaceStale: true });
}

async function play(part: Part): Promise<void> {
  let opened: Socket | Listener;
  try {
    opened = await open(part);
  } catch (error) {
    console.log(error instanceof Error && "code" in error ? error.code : String(error));
    return;
  }
  console.log("ready");
  Deno.addSignalListener("SIGTERM", () => {
    opened.close();
    Deno.exit(0);
  });
  if (opened instanceof Socket) return await echo(opened);
  for await (const socket of opened) echo(socket).catch(() => {});
}

console.log("started");
const reader = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).getReader();
const { value } = await reader.read();
if (value !== undefined) await play(JSON.parse(value));
Deno.exit(0);
