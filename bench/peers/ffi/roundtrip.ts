import type { Part } from "../conn/protocol.ts";
import {
  check,
  connectTo,
  libc,
  listenOn,
  recvFull,
  sendFull,
  SOCK_STREAM,
  socketpair,
} from "./libc.ts";

const size = 64;

/** Round trips: blocking calls between processes, calls in the thread pool within one. */
export function roundtrip(role: string, path: string): Part {
  if (role === "server") {
    const listener = listenOn(path);
    // A blocked call stops the event loop, so it starts once this program has said it is ready.
    setTimeout(() => echoBlocking(check(libc.accept(listener, null, null), "accept")), 0);
    return {};
  }
  if (role === "client") {
    const fd = connectTo(path);
    return { run: (operations) => pingBlocking(fd, operations) };
  }
  const [a, b] = socketpair(SOCK_STREAM);
  void echoPool(b);
  return { run: (operations) => pingPool(a, operations) };
}

function echoBlocking(fd: number): void {
  const buffer = new Uint8Array(size);
  while (recvFull(fd, buffer)) sendFull(fd, buffer);
  Deno.exit(0);
}

function pingBlocking(fd: number, operations: number): number {
  const sent = new Uint8Array(size);
  const received = new Uint8Array(size);
  let right = 0;
  for (let i = 0; i < operations; i++) {
    sent[0] = i & 0xff;
    sendFull(fd, sent);
    if (recvFull(fd, received) && received[0] === (i & 0xff)) right++;
  }
  return right;
}

async function echoPool(fd: number): Promise<void> {
  const buffer = new Uint8Array(size);
  while (await libc.recv_pool(fd, buffer, BigInt(size), 0) > 0) sendFull(fd, buffer);
}

async function pingPool(fd: number, operations: number): Promise<number> {
  const sent = new Uint8Array(size);
  const received = new Uint8Array(size);
  let right = 0;
  for (let i = 0; i < operations; i++) {
    sent[0] = i & 0xff;
    sendFull(fd, sent);
    await libc.recv_pool(fd, received, BigInt(size), 0);
    if (received[0] === (i & 0xff)) right++;
  }
  return right;
}
