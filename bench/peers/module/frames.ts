import { unix } from "../../../mod.ts";
import { Frames, lengthPrefixed } from "../../../lib/frames/mod.ts";
import type { Part } from "../conn/protocol.ts";

/** Returns the set-up for frames of `size` bytes, each of which is sent by a call of its own. */
export function frames(size: number): (role: string, path: string, variant: string) => Part {
  return (_role, _path, variant): Part => {
    const [sender, receiver] = unix.socketpair();
    const receive = variant === "reads" ? reading(receiver, size) : framing(receiver, variant);
    return {
      async run(operations: number): Promise<number> {
        const [right] = await Promise.all([receive(operations), sendAll(sender, size, operations)]);
        return right;
      },
    };
  };
}

async function sendAll(socket: unix.Socket, size: number, count: number): Promise<void> {
  const data = new Uint8Array(size);
  new DataView(data.buffer).setUint32(0, size - 4);
  const message = { data };
  for (let i = 0; i < count; i++) {
    data[size - 1] = i & 0xff;
    await socket.send(message);
  }
}

/** Bare reads of the same bytes: nothing is found out about them, but their number. */
function reading(socket: unix.Socket, size: number): (count: number) => Promise<number> {
  const buffer = new Uint8Array(65536);
  return async (count) => {
    let left = count * size;
    while (left > 0) left -= await socket.read(buffer) ?? left;
    return count;
  };
}

function framing(socket: unix.Socket, variant: string): (count: number) => Promise<number> {
  const frames = new Frames(socket, lengthPrefixed(), { files: variant === "files" ? 16 : 0 });
  return async (count) => {
    let right = 0;
    for (let i = 0; i < count; i++) {
      const frame = await frames.next();
      if (frame?.data.at(-1) === (i & 0xff)) right++;
    }
    return right;
  };
}
