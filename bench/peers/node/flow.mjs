// JavaScript, because not every runtime here reads TypeScript; so there are no types to write.
// deno-lint-ignore-file explicit-function-return-type explicit-module-boundary-types

import { once } from "node:events";
import net from "node:net";

import { connected } from "./roundtrip.mjs";

const size = 65536;

/** Writes of 64 KiB; the server answers with the number of bytes once all are there. */
export async function throughput(role, path) {
  if (role === "server") {
    await once(net.createServer(drain).listen(path), "listening");
    return {};
  }
  const socket = await connected(path);
  return { run: (operations) => pour(socket, operations) };
}

async function pour(socket, operations) {
  const data = Buffer.alloc(size, 0x5a);
  const answer = once(socket, "data");
  socket.write(number(operations * size));
  for (let i = 0; i < operations; i++) {
    if (!socket.write(data)) await once(socket, "drain");
  }
  const [confirmation] = await answer;
  return Number(confirmation.readBigUInt64LE()) / size;
}

// The announcement comes in one chunk, perhaps with the first data behind it.
function drain(socket) {
  let expected = 0;
  let seen = 0;
  socket.on("error", () => socket.destroy());
  socket.on("data", (data) => {
    if (expected === 0) {
      expected = Number(data.readBigUInt64LE());
      seen = -8;
    }
    seen += data.length;
    if (seen < expected) return;
    socket.write(number(seen));
    expected = 0;
  });
}

function number(value) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

/** Connections that are closed as soon as both sides are there. */
export async function connect(_role, path) {
  const server = net.createServer();
  await once(server.listen(path), "listening");
  return { run: (operations) => connectAll(server, path, operations) };
}

async function connectAll(server, path, operations) {
  let right = 0;
  for (let i = 0; i < operations; i++) {
    const accepted = once(server, "connection");
    const client = await connected(path);
    const [conn] = await accepted;
    client.destroy();
    conn.destroy();
    right++;
  }
  return right;
}
