import { unix } from "../../../mod.ts";
import type { Part } from "../conn/protocol.ts";

const size = 512;

/** Datagrams from one bound socket to another. */
export async function datagrams(_role: string, path: string): Promise<Part> {
  const receiver = unix.bind(path);
  const sender = await unix.connect(path, { type: "dgram" });
  return { run: (operations) => flow(sender, receiver, operations) };
}

/** Seqpacket messages through a pair. */
export function seqpacket(): Part {
  const [sender, receiver] = unix.socketpair({ type: "seqpacket" });
  return { run: (operations) => flow(sender, receiver, operations) };
}

async function flow(
  sender: unix.Socket,
  receiver: unix.Socket,
  operations: number,
): Promise<number> {
  const [right] = await Promise.all([
    receiveAll(receiver, operations),
    sendAll(sender, operations),
  ]);
  return right;
}

async function sendAll(socket: unix.Socket, count: number): Promise<void> {
  const data = new Uint8Array(size);
  const message = { data };
  for (let i = 0; i < count; i++) {
    data[0] = i & 0xff;
    await socket.send(message);
  }
}

async function receiveAll(socket: unix.Socket, count: number): Promise<number> {
  const options = { buffer: new Uint8Array(size) };
  let right = 0;
  for (let i = 0; i < count; i++) {
    const message = await socket.receive(options);
    if (message?.data.length === size && message.data[0] === (i & 0xff)) right++;
  }
  return right;
}
