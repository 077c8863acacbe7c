import type { Part } from "../conn/protocol.ts";
import { libc, MSG_CMSG_CLOEXEC, MSG_NOSIGNAL, openNull, SOCK_STREAM, socketpair } from "./libc.ts";
import { FdMessage } from "./message.ts";

/** One descriptor through a socket pair. */
export function passSync(): Part {
  const [a, b] = socketpair(SOCK_STREAM);
  const out = new FdMessage(1);
  const back = new FdMessage(1);
  out.carry(openNull());
  const run = (operations: number): number => {
    let right = 0;
    for (let i = 0; i < operations; i++) {
      out.data[0] = i & 0xff;
      libc.sendmsg(a, out.header, MSG_NOSIGNAL);
      back.expect();
      libc.recvmsg(b, back.header, MSG_CMSG_CLOEXEC);
      const fd = back.taken();
      if (libc.close(fd) === 0 && back.data[0] === (i & 0xff)) right++;
    }
    return right;
  };
  return { run };
}

/** 64 bytes through a socket pair. */
export function smallSync(): Part {
  const [a, b] = socketpair(SOCK_STREAM);
  const sent = new Uint8Array(64);
  const received = new Uint8Array(64);
  const run = (operations: number): number => {
    let right = 0;
    for (let i = 0; i < operations; i++) {
      sent[0] = i & 0xff;
      libc.send(a, sent, 64n, MSG_NOSIGNAL);
      if (libc.recv(b, received, 64n, 0) === 64n && received[0] === (i & 0xff)) right++;
    }
    return right;
  };
  return { run };
}
