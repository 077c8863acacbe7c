/** What waits to read a socket while bytes are given back to it: prints what the way that is its argument came to. */

import { delimited, Frames } from "../../lib/frames/mod.ts";
import type { Socket } from "../../lib/handle/socket.ts";
import { bytes, connected, fill, isPending, text, turn } from "../util/cases.ts";

/** Give the second of two lines back to a socket, while something waits for it. */
async function giveBack(a: Socket, b: Socket): Promise<Frames> {
  const frames = new Frames(b, delimited());
  await a.write(bytes("one\ntwo\n"));
  await frames.next();
  return frames;
}

const WAYS: Record<string, (a: Socket, b: Socket) => Promise<unknown>> = {
  "ready, frames disposed": async (a, b) => {
    const frames = await giveBack(a, b);
    const ready = b.ready("read");
    const before = await isPending(ready);
    frames[Symbol.dispose]();
    await ready;
    return [before, text((await b.receive())?.data)];
  },
  "read, frames disposed": async (a, b) => {
    const frames = await giveBack(a, b);
    const target = new Uint8Array(8);
    const read = b.read(target);
    const before = await isPending(read);
    frames[Symbol.dispose]();
    return [before, text(target.subarray(0, await read ?? 0))];
  },
  "ready, receive aborted": async (a, b) => {
    const stop = new AbortController();
    const whole = b.receive({ size: 8, waitAll: true, signal: stop.signal }).catch(() => {});
    await a.write(bytes("two"));
    while (b.bytesAvailable > 0) await turn();
    const ready = b.ready("read");
    const before = await isPending(ready);
    stop.abort();
    await Promise.all([ready, whole]);
    return [before, text((await b.receive())?.data)];
  },
  "ready to write, frames disposed": async (a, b) => {
    const frames = await giveBack(a, b);
    fill(b);
    const stop = new AbortController();
    const ready = b.ready("write", { signal: stop.signal }).catch(() => "aborted");
    frames[Symbol.dispose]();
    const before = await isPending(ready);
    stop.abort();
    return [before, await ready];
  },
};

if (import.meta.main) {
  const [way = ""] = Deno.args;
  using pair = connected();
  console.log(JSON.stringify(await WAYS[way]?.(pair.a, pair.b)));
}
