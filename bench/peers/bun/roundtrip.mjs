// JavaScript, because not every runtime here reads TypeScript; so there are no types to write.
// deno-lint-ignore-file explicit-function-return-type explicit-module-boundary-types

const { Bun } = globalThis;
const size = 64;

/** Round trips of 64 bytes. */
export async function roundtrip(role, path) {
  if (role !== "client") listen(path, () => {});
  return role === "server" ? {} : await pinging(path);
}

/** An active pair beside sockets that wait for what never comes. */
export async function idle(_role, path) {
  let count = 0;
  let reached = () => {};
  listen(path, () => {
    count++;
    reached();
  });
  const part = await pinging(path);
  const reach = (wanted) =>
    new Promise((resolve) => {
      reached = () => count >= wanted && resolve();
      reached();
    });
  await reach(1);
  return { ...part, idle: (more) => reach(count + more) };
}

function listen(path, open) {
  const socket = { open, data: (conn, data) => conn.write(data) };
  return Bun.listen({ unix: path, socket });
}

async function pinging(path) {
  let onData = () => {};
  const socket = await Bun.connect({ unix: path, socket: { data: (_, data) => onData(data) } });
  const run = (operations) =>
    new Promise((resolve) => {
      const sent = new Uint8Array(size);
      let next = 0;
      let right = 0;
      const send = () => {
        sent[0] = next++ & 0xff;
        socket.write(sent);
      };
      onData = (data) => {
        if (data.length === size && data[0] === ((next - 1) & 0xff)) right++;
        if (next < operations) send();
        else resolve(right);
      };
      send();
    });
  return { run };
}
