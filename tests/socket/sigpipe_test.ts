// A process of its own, because it listens for SIGPIPE.

import { assertEquals, assertRejects } from "@std/assert";
import type { Socket } from "../../lib/handle/socket.ts";
import { Msghdr, sendmsg, sendmsgSync } from "../../mod.ts";
import { bytes, connected, linuxTest, turn } from "../util/cases.ts";

function messageOf(data: Uint8Array): Msghdr {
  const message = new Msghdr();
  message.addVector(data);
  return message;
}

const data = bytes("a");

const ways: Readonly<Record<string, (socket: Socket) => unknown>> = {
  "write()": (socket) => socket.write(data),
  "write() of several at once": (socket) => {
    const writes = [socket.write(data), socket.write(data), socket.write(data)];
    return Promise.allSettled(writes).then(() => writes[2]);
  },
  "writeSync()": (socket) => socket.writeSync(data),
  "a large writeSync()": (socket) => socket.writeSync(new Uint8Array(200_000)),
  "send()": (socket) => socket.send({ data }),
  "sendSync()": (socket) => socket.sendSync({ data }),
  "sendSync() of pieces": (socket) => socket.sendSync({ data: [data, data] }),
  "sendSync() of a file": (socket) => socket.sendSync({ data, files: [0] }),
  "sendmsg()": (socket) => sendmsg(socket, messageOf(data)),
  "sendmsgSync()": (socket) => sendmsgSync(socket, messageOf(data)),
  "writable": (socket) => socket.writable.getWriter().write(data),
};

for (const [name, way] of Object.entries(ways)) {
  linuxTest(`${name} to a peer that has gone is an error, and raises no signal`, async () => {
    let signals = 0;
    const listener = (): void => void signals++;
    Deno.addSignalListener("SIGPIPE", listener);
    try {
      using pair = connected();
      pair.b.close();
      await assertRejects(() => Promise.try(() => way(pair.a)), Deno.errors.BrokenPipe);
      for (let n = 0; n < 3; n++) await turn();
    } finally {
      Deno.removeSignalListener("SIGPIPE", listener);
    }
    assertEquals(signals, 0);
  });
}
