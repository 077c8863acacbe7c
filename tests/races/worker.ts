/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />

/** Receives on the socket that it is given, until the end, and reports what came. */

import { Socket } from "../../mod.ts";

self.onmessage = async ({ data: fd }: MessageEvent<number>): Promise<void> => {
  using socket = Socket.adopt(fd);
  self.postMessage("ready");
  const seen: number[] = [];
  for await (using message of socket.messages({ files: 1 })) {
    const [number = -1] = new Uint32Array(message.data.slice().buffer);
    const tag = new Uint32Array(1);
    message.files[0]?.readSync(new Uint8Array(tag.buffer));
    seen.push(number === tag[0] ? number : -1);
    if (seen.length % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  self.postMessage(seen);
};
