import { OwnedFd, unix } from "../../../mod.ts";
import type { Part } from "../conn/protocol.ts";
import { background, readFull, writeFull } from "../conn/transport.ts";

/** Messages with one descriptor each; the server answers with the number that came. */
export async function pass(role: string, path: string): Promise<Part> {
  if (role === "server") {
    background({ listen: unix.listen, connect: unix.connect }, path, takeAll);
    return {};
  }
  const socket = await unix.connect(path);
  const file = OwnedFd.open("/dev/null");
  return { run: (operations) => giveAll(socket, file, operations) };
}

async function giveAll(socket: unix.Socket, file: OwnedFd, operations: number): Promise<number> {
  const message = { data: new Uint8Array(1), files: [file] };
  await writeFull(socket, number(operations));
  for (let i = 0; i < operations; i++) await socket.send(message);
  const answer = new BigUint64Array(1);
  return await readFull(socket, new Uint8Array(answer.buffer)) ? Number(answer[0]) : 0;
}

async function takeAll(conn: Deno.Conn): Promise<void> {
  if (!(conn instanceof unix.Socket)) throw new TypeError("Cannot receive files on this");
  const header = new BigUint64Array(1);
  while (await readFull(conn, new Uint8Array(header.buffer))) {
    await writeFull(conn, number(await take(conn, Number(header[0]))));
  }
}

async function take(socket: unix.Socket, count: number): Promise<number> {
  const options = { buffer: new Uint8Array(1), files: 1 };
  let right = 0;
  for (let i = 0; i < count; i++) {
    const message = await socket.receive(options);
    if (message?.files.length === 1) right++;
    message?.files[0]?.close();
  }
  return right;
}

function number(value: number): Uint8Array {
  return new Uint8Array(new BigUint64Array([BigInt(value)]).buffer);
}
