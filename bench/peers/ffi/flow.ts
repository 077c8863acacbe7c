import type { Part } from "../conn/protocol.ts";
import { check, connectTo, libc, listenOn, recvFull, sendFull } from "./libc.ts";
import { FdMessage } from "./message.ts";
import { MSG_CMSG_CLOEXEC, MSG_NOSIGNAL, openNull } from "./libc.ts";

const size = 65536;

/** Writes of 64 KiB, blocking. */
export function throughput(role: string, path: string): Part {
  if (role === "server") return serving(path, drain);
  const fd = connectTo(path);
  const data = new Uint8Array(size).fill(0x5a);
  const run = (operations: number): number => {
    sendFull(fd, announcement(operations * size));
    for (let i = 0; i < operations; i++) sendFull(fd, data);
    return confirmed(fd) / size;
  };
  return { run };
}

function drain(fd: number, total: number): number {
  const buffer = new Uint8Array(size);
  let seen = 0;
  while (seen < total) {
    const count = Number(libc.recv(fd, buffer, BigInt(size), 0));
    if (count <= 0) break;
    seen += count;
  }
  return seen;
}

/** Messages with one descriptor each, blocking. */
export function pass(role: string, path: string): Part {
  if (role === "server") return serving(path, takeAll);
  const fd = connectTo(path);
  const message = new FdMessage(1);
  message.carry(openNull());
  const run = (operations: number): number => {
    sendFull(fd, announcement(operations));
    for (let i = 0; i < operations; i++) libc.sendmsg(fd, message.header, MSG_NOSIGNAL);
    return confirmed(fd);
  };
  return { run };
}

function takeAll(fd: number, total: number): number {
  const message = new FdMessage(1);
  let right = 0;
  for (let i = 0; i < total; i++) {
    message.expect();
    libc.recvmsg(fd, message.header, MSG_CMSG_CLOEXEC);
    if (libc.close(message.taken()) === 0) right++;
  }
  return right;
}

// A blocked call stops the event loop, so it starts once this program has said it is ready.
function serving(path: string, handle: (fd: number, total: number) => number): Part {
  const listener = listenOn(path);
  const work = (): void => {
    const fd = check(libc.accept(listener, null, null), "accept");
    const header = new BigUint64Array(1);
    while (recvFull(fd, new Uint8Array(header.buffer))) {
      sendFull(fd, announcement(handle(fd, Number(header[0]))));
    }
    Deno.exit(0);
  };
  setTimeout(work, 0);
  return {};
}

function announcement(value: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new BigUint64Array([BigInt(value)]).buffer);
}

function confirmed(fd: number): number {
  const answer = new BigUint64Array(1);
  return recvFull(fd, new Uint8Array(answer.buffer)) ? Number(answer[0]) : 0;
}
