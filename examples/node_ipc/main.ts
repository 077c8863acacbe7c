/**
 * Exchanges messages and descriptors with a Node child process, as a Node parent does: it receives a TCP server,
 * and passes a listener and a connection. Run it with `deno task example:node-ipc`.
 *
 * @module
 */

import { createServer } from "node:http";
import { unix } from "@denet/unix";
import { request } from "../http.ts";
import { lacking, main, spawn, stopped, temporaryFolder } from "../util.ts";
import { NodeChannel } from "./channel.ts";

/** Start Node with a channel: the variable says which descriptor it is. */
function startNode(): { child: Deno.ChildProcess; channel: NodeChannel } {
  const [ours, theirs] = unix.socketpair();
  using inherited = theirs;
  inherited.closeOnExec = false;
  try {
    const child = spawn("node", {
      args: [new URL("child.mjs", import.meta.url).pathname],
      env: { NODE_CHANNEL_FD: `${inherited.fd}`, NODE_CHANNEL_SERIALIZATION_MODE: "json" },
    });
    return { child, channel: new NodeChannel(ours) };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return lacking("node is not installed (Debian: nodejs)");
  }
}

/** Serve HTTP on a TCP server that Node opened. */
async function takeServer(channel: NodeChannel): Promise<void> {
  const { message, handle } = await channel.receive<{ port: number }>();
  if (handle === undefined) throw new Error("Node passed no server");
  const server = createServer((_, response) => response.end(`Deno ${Deno.version.deno}`));
  server.listen({ fd: handle.detach() });
  console.log(`a server that node opened on a TCP port answers: ${await request(message)}`);
  server.close();
}

/** Have Node serve a listener of this process. */
async function passServer(channel: NodeChannel, path: string): Promise<void> {
  {
    using listener = unix.listen(path, { backlog: 511, unlinkOnClose: false });
    await channel.pass({ serve: true }, listener, "net.Server");
  } // closed here; Node has it
  using client = await unix.connect(path, { signal: stopped });
  const answer = await new Response(client.readable).text();
  console.log(`node serves a listener of this process: ${answer}`);
}

/** Have Node answer on a connection of this process. */
async function passConnection(channel: NodeChannel): Promise<void> {
  const [near, far] = unix.socketpair();
  using ours = near;
  {
    using theirs = far;
    await channel.pass({ answer: true }, theirs, "net.Socket");
  }
  console.log(`node answers on a connection: ${await new Response(ours.readable).text()}`);
}

await main(async () => {
  await using folder = temporaryFolder();
  const { child, channel } = startNode();
  await takeServer(channel);
  await passServer(channel, `${folder.path}/http.sock`);
  await passConnection(channel);
  await channel.send({ stop: true });
  console.log(`node ended with ${(await child.status).code}`);
});
