import { unix } from "../../../mod.ts";
import type { Part } from "../conn/protocol.ts";

const size = 512;

/** How many messages wait at a time. */
const batch = 8;

/** Datagrams from one bound socket to another; `iterator` receives them with `messages()`. */
export async function datagrams(_role: string, path: string, variant: string): Promise<Part> {
  const receiver = unix.bind(path);
  const sender = await unix.connect(path, { type: "dgram" });
  const receive = receiving(receiver, variant);
  return { run: (operations) => flow(sender, receive, operations) };
}

/** Seqpacket messages through a pair; `queued` and `peeked` have eight of them wait at a time. */
export function seqpacket(_role: string, _path: string, variant: string): Part {
  const [sender, receiver] = unix.socketpair({ type: "seqpacket" });
  if (variant === "peeked") void receiver.fd; // from now on others could receive as well
  if (variant === "queued" || variant === "peeked") {
    return { run: (operations) => inBatches(sender, receiver, operations) };
  }
  const receive = receiving(receiver, variant);
  return { run: (operations) => flow(sender, receive, operations) };
}

/** Receives so many messages: the number of those that are right. */
type Receive = (count: number) => Promise<number>;

function receiving(socket: unix.Socket, variant: string): Receive {
  if (variant !== "iterator") return (count) => receiveAll(socket, count);
  const messages = socket.messages();
  return (count) => iterateAll(messages, count);
}

async function flow(
  sender: unix.Socket,
  receive: Receive,
  operations: number,
): Promise<number> {
  const [right] = await Promise.all([
    receive(operations),
    sendAll(sender, operations),
  ]);
  return right;
}

async function inBatches(
  sender: unix.Socket,
  receiver: unix.Socket,
  operations: number,
): Promise<number> {
  let right = 0;
  for (let left = operations; left > 0; left -= batch) {
    const count = Math.min(batch, left);
    await sendAll(sender, count);
    right += await receiveAll(receiver, count);
  }
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
    if (isRight(await socket.receive(options), i)) right++;
  }
  return right;
}

/** What `for await` does, without the end that leaving such a loop would be. */
async function iterateAll(
  messages: AsyncIterableIterator<unix.Message>,
  count: number,
): Promise<number> {
  let right = 0;
  for (let i = 0; i < count; i++) {
    if (isRight((await messages.next()).value, i)) right++;
  }
  return right;
}

function isRight(message: unix.Message | null, i: number): boolean {
  return message?.data.length === size && message.data[0] === (i & 0xff);
}
