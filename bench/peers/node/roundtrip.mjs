// JavaScript, because not every runtime here reads TypeScript; so there are no types to write.
// deno-lint-ignore-file explicit-function-return-type explicit-module-boundary-types

import { once } from "node:events";
import net from "node:net";

const size = 64;

/** Round trips of 64 bytes. */
export async function roundtrip(role, path) {
  if (role !== "client") await once(net.createServer(echo).listen(path), "listening");
  return role === "server" ? {} : pinging(await connected(path));
}

/** An active pair beside sockets that wait for what never comes. */
export async function idle(_role, path) {
  const server = net.createServer({ pauseOnConnect: false }, echo);
  const accepted = counter();
  server.on("connection", () => accepted.up());
  server.listen({ path, backlog: 1024 });
  await once(server, "listening");
  const part = pinging(await connected(path));
  await accepted.reach(1);
  return { ...part, idle: (count) => accepted.reach(accepted.now() + count) };
}

// Counts connections and tells when a number is reached.
function counter() {
  let count = 0;
  let reached = () => {};
  return {
    now: () => count,
    up() {
      count++;
      reached();
    },
    reach: (wanted) =>
      new Promise((resolve) => {
        reached = () => count >= wanted && resolve();
        reached();
      }),
  };
}

function echo(socket) {
  socket.on("error", () => socket.destroy());
  socket.on("data", (data) => socket.write(data));
}

/** A connection that is there. */
export async function connected(path) {
  const socket = net.connect(path);
  await once(socket, "connect");
  return socket;
}

function pinging(socket) {
  const run = (operations) =>
    new Promise((resolve) => {
      const sent = new Uint8Array(size);
      let next = 0;
      let right = 0;
      const send = () => {
        sent[0] = next++ & 0xff;
        socket.write(sent.slice());
      };
      const onData = (data) => {
        if (data.length === size && data[0] === ((next - 1) & 0xff)) right++;
        if (next < operations) return send();
        socket.off("data", onData);
        resolve(right);
      };
      socket.on("data", onData);
      send();
    });
  return { run };
}
