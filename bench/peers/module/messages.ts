import { unix } from "../../../mod.ts";
import type { Part } from "../conn/protocol.ts";

const size = 512;

/** Datagrams from one bound socket to another; `iterator` receives them with `messages()`. */
export async function datagrams(_role: string, path: string, variant: string): Promise<Part> {
  const receiver = unix.bind(path);
  const sender = await unix.connect(path, { type: "dgram" });
  const receive = receiving(receiver, variant);
  return { run: (operations) => flow(sender, receive, operations) };
}

/** Seqpacket messages through a pair. */
export function seqpacket(_role: string, _path: string, variant: string): Part {
  const [sender, receiver] = unix.socketpair({ type: "seqpacket" });
  const receive = receiving(receiver, variant);
  return { run: (operations) => flow(sender, receive, operations) };
}

/** Returns the next message. */
type Receive = () => Promise<unix.Message | null>;

function receiving(socket: unix.Socket, variant: string): Receive {
  const options = { buffer: new Uint8Array(size) };
  if (variant !== "iterator") return () => socket.receive(options);
  const messages = socket.messages();
  return async () => (await messages.next()).value ?? null;
}

async function flow(
  sender: unix.Socket,
  receive: Receive,
  operations: number,
): Promise<number> {
  const [right] = await Promise.all([
    receiveAll(receive, operations),
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

async function receiveAll(receive: Receive, count: number): Promise<number> {
  let right = 0;
  for (let i = 0; i < count; i++) {
    const message = await receive();
    if (message?.data.length === size && message.data[0] === (i & 0xff)) right++;
  }
  return right;
}
