/**
 * What a Worker does with descriptors that it is given: it answers each order, in turn.
 *
 * @module
 */

/// <reference lib="deno.worker" />

import { Listener, Socket, unix } from "../../mod.ts";
import { openReactor } from "../util/reactor.ts";

/** What to do. */
export type Order =
  | { readonly do: "echo"; readonly fd: number }
  | { readonly do: "return"; readonly fd: number }
  | { readonly do: "pass"; readonly fd: number; readonly path: string }
  | { readonly do: "serve"; readonly fd: number; readonly sync: boolean }
  | { readonly do: "take"; readonly fd: number }
  | { readonly do: "answer" }
  | { readonly do: "stop" };

/** What came of it. */
export interface Result {
  /** A descriptor given back. */
  readonly fd?: number;
  /** How many connections were served. */
  readonly count?: number;
}

/** Send everything back, up to the end. */
async function echo(socket: Socket): Promise<void> {
  using _socket = socket;
  for await (const message of socket.messages()) await socket.send({ data: message.data });
}

/** Read four bytes, answer, and give the descriptor back. */
async function exchangeAndDetach(socket: Socket): Promise<number> {
  using message = await socket.receive({ size: 4, waitAll: true });
  await socket.send({ data: message?.data.toReversed() ?? new Uint8Array() });
  return socket.detach();
}

/** Answer each connection with a byte, until one sends a zero. */
async function serve(listener: Listener, sync: boolean): Promise<number> {
  using _listener = listener;
  for (let count = 0;;) {
    using socket = sync ? listener.acceptSync() : await listener.accept();
    using message = sync ? socket.receiveSync() : await socket.receive();
    if (message === null) continue;
    if (message.data[0] === 0) return count;
    await socket.send({ data: message.data });
    count++;
  }
}

let taking: Listener | undefined;
let taken = 0;

/** Take connections and close them. */
async function take(listener: Listener): Promise<void> {
  for await (const socket of listener) {
    socket.close();
    taken++;
  }
}

const warm = openReactor();

async function follow(order: Order): Promise<Result> {
  if (order.do === "take") {
    taking = Listener.adopt(order.fd);
    take(taking);
    return {};
  }
  if (order.do === "answer") return { count: taken };
  if (order.do === "stop") {
    taking?.close();
    return {};
  }
  if (order.do === "serve") return { count: await serve(Listener.adopt(order.fd), order.sync) };
  using socket = Socket.adopt(order.fd);
  if (order.do === "return") return { fd: await exchangeAndDetach(socket) };
  if (order.do === "echo") {
    await echo(socket);
    return {};
  }
  using channel = await unix.connect(order.path);
  await channel.send({ data: new Uint8Array(1), files: [socket] });
  return {};
}

globalThis.onmessage = async ({ data }: MessageEvent<Order>): Promise<void> => {
  await warm;
  globalThis.postMessage(await follow(data));
};
