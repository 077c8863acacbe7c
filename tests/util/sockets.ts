/**
 * What tests do with connected sockets, beyond what `cases.ts` has for all of them.
 *
 * @module
 */

import type { Message } from "../../lib/handle/message.ts";
import type { ReceiveOptions } from "../../lib/handle/receive_options.ts";
import type { Socket } from "../../lib/handle/socket.ts";
import { Msghdr } from "../../lib/msghdr/msghdr.ts";
import type { OutgoingMessage } from "../../lib/socket/outgoing_message.ts";

/** `send`, or its twin that rejects where it would throw. */
export type Send = (socket: Socket, message: OutgoingMessage) => Promise<number>;

/** Both ways to send, by name. */
export const SENDS: Readonly<Record<string, Send>> = {
  send: (socket, message) => socket.send(message),
  sendSync: (socket, message) => Promise.try(() => socket.sendSync(message)),
};

/** `receive`, or its twin that rejects where it would throw. */
export type Receive = (socket: Socket, options?: ReceiveOptions) => Promise<Message | null>;

/** Both ways to receive, by name. */
export const RECEIVES: Readonly<Record<string, Receive>> = {
  receive: (socket, options) => socket.receive(options),
  receiveSync: (socket, options) => Promise.try(() => socket.receiveSync(options)),
};

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
