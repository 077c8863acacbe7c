import type { Part } from "../conn/protocol.ts";

/** Datagrams from one socket to the other; needs `--unstable-net`. */
export function datagrams(_role: string, path: string): Part {
  const sender = Deno.listenDatagram({ transport: "unixpacket", path: `${path}.sender` });
  const receiver = Deno.listenDatagram({ transport: "unixpacket", path: `${path}.receiver` });
  return {
    async run(operations: number): Promise<number> {
      const [right] = await Promise.all([
        receiveAll(receiver, operations),
        sendAll(sender, receiver.addr, operations),
      ]);
      return right;
    },
  };
}

async function sendAll(socket: Deno.DatagramConn, to: Deno.Addr, count: number): Promise<void> {
  const data = new Uint8Array(512);
  for (let i = 0; i < count; i++) {
    data[0] = i & 0xff;
    await socket.send(data, to);
  }
}

async function receiveAll(socket: Deno.DatagramConn, count: number): Promise<number> {
  const buffer = new Uint8Array(512);
  let right = 0;
  for (let i = 0; i < count; i++) {
    const [data] = await socket.receive(buffer);
    if (data.length === 512 && data[0] === (i & 0xff)) right++;
  }
  return right;
}
