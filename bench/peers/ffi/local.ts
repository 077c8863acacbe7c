import type { Part } from "../conn/protocol.ts";
import {
  AF_UNIX,
  check,
  libc,
  listenOn,
  recvFull,
  sendFull,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  sockaddr,
  socketpair,
} from "./libc.ts";

/** Connections in one process, blocking: the backlog takes the client before it is accepted. */
export function connect(_role: string, path: string): Part {
  const listener = listenOn(path);
  const address = sockaddr(path);
  const run = (operations: number): number => {
    let right = 0;
    for (let i = 0; i < operations; i++) {
      const client = libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      check(libc.connect(client, address, address.length), "connect");
      const server = libc.accept(listener, null, null);
      if (libc.close(client) === 0 && libc.close(server) === 0) right++;
    }
    return right;
  };
  return { run };
}

/** Datagrams of 512 bytes, one after the other. */
export function datagrams(_role: string, path: string): Part {
  const receiver = check(libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
  const address = sockaddr(path);
  check(libc.bind(receiver, address, address.length), "bind");
  const sender = check(libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
  check(libc.connect(sender, address, address.length), "connect");
  return { run: (operations) => alternate(sender, receiver, operations) };
}

/** Seqpacket messages of 512 bytes, one after the other. */
export function seqpacket(): Part {
  const [sender, receiver] = socketpair(SOCK_SEQPACKET);
  return { run: (operations) => alternate(sender, receiver, operations) };
}

function alternate(sender: number, receiver: number, operations: number): number {
  const sent = new Uint8Array(512);
  const received = new Uint8Array(512);
  let right = 0;
  for (let i = 0; i < operations; i++) {
    sent[0] = i & 0xff;
    sendFull(sender, sent);
    if (recvFull(receiver, received) && received[0] === (i & 0xff)) right++;
  }
  return right;
}
