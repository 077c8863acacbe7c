/**
 * What tests do with connected sockets, beyond what `cases.ts` has for all of them.
 *
 * @module
 */

import type { Socket } from "../../lib/handle/socket.ts";
import { Msghdr } from "../../lib/msghdr/msghdr.ts";

/** Read `length` bytes, or up to the end. */
export async function readBytes(socket: Socket, length: number): Promise<Uint8Array> {
  const all = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const count = await socket.read(all.subarray(filled));
    if (count === null) break;
    filled += count;
  }
  return all.subarray(0, filled);
}

/** Read up to the end. */
export async function readToEnd(socket: Socket): Promise<Uint8Array> {
  return new Uint8Array(await new Response(socket.readable).arrayBuffer());
}

/** Send one message and receive one: its data, undefined at the end. */
export async function ask(socket: Socket, data: Uint8Array): Promise<Uint8Array | undefined> {
  await socket.send({ data });
  using answer = await socket.receive({ signal: AbortSignal.timeout(10_000) });
  return answer?.data;
}

/** Make a message with some vectors. */
export function messageOf(...vectors: Uint8Array[]): Msghdr {
  const made = new Msghdr();
  for (const vector of vectors) made.addVector(vector);
  return made;
}
