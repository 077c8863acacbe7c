// JavaScript, because not every runtime here reads TypeScript; so there are no types to write.
// deno-lint-ignore-file explicit-function-return-type explicit-module-boundary-types

const { Bun } = globalThis;
const size = 65536;

/** Writes of 64 KiB; the server answers with the number of bytes once all are there. */
export async function throughput(role, path) {
  if (role === "server") {
    Bun.listen({ unix: path, socket: { open: announceNothing, data: drain } });
    return {};
  }
  const client = { drained: () => {}, answered: () => {} };
  const handlers = { drain: () => client.drained(), data: (_, data) => client.answered(data) };
  const socket = await Bun.connect({ unix: path, socket: handlers });
  return { run: (operations) => pour(socket, client, operations) };
}

async function pour(socket, client, operations) {
  const data = new Uint8Array(size).fill(0x5a);
  const answer = new Promise((resolve) => client.answered = resolve);
  await writeFull(socket, client, number(operations * size));
  for (let i = 0; i < operations; i++) await writeFull(socket, client, data);
  return read(await answer) / size;
}

// A write takes what fits; the rest goes when the socket says that it drained.
async function writeFull(socket, client, data) {
  for (let done = 0;;) {
    const drained = new Promise((resolve) => client.drained = resolve);
    done += socket.write(data.subarray(done));
    if (done >= data.length) return;
    await drained;
  }
}

function announceNothing(socket) {
  socket.data = { expected: 0, seen: 0 };
}

function drain(socket, data) {
  const state = socket.data;
  if (state.expected === 0) {
    state.expected = read(data);
    state.seen = -8;
  }
  state.seen += data.length;
  if (state.seen < state.expected) return;
  socket.write(number(state.seen));
  state.expected = 0;
}

function number(value) {
  return new Uint8Array(new BigUint64Array([BigInt(value)]).buffer);
}

function read(data) {
  return Number(new DataView(data.buffer, data.byteOffset).getBigUint64(0, true));
}

/** Connections that are closed as soon as both sides are there. */
export function connect(_role, path) {
  let accepted = () => {};
  const quiet = { data() {} };
  Bun.listen({ unix: path, socket: { ...quiet, open: (conn) => accepted(conn) } });
  const run = async (operations) => {
    let right = 0;
    for (let i = 0; i < operations; i++) {
      const server = new Promise((resolve) => accepted = resolve);
      const client = await Bun.connect({ unix: path, socket: quiet });
      const conn = await server;
      client.end();
      conn.end();
      right++;
    }
    return right;
  };
  return { run };
}
