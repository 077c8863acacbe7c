/**
 * An HTTP server that its successor can replace at any time: `server.ts FOLDER GENERATION`.
 *
 * It asks its predecessor for the listening socket. The predecessor stops accepting, passes the socket, and
 * ends once it has answered what it had accepted. Connections that come in between wait in the kernel's
 * queue, which belongs to the socket, not to a process.
 *
 * @module
 */

import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type Listener, unix } from "@denet/unix";

const [folder = "", generation = "1"] = Deno.args;
const control = `${folder}/control.sock`;

/** Serve HTTP on a duplicate of the listener: the server closes that one, and the listener stays. */
async function serve(listener: Listener): Promise<Server> {
  const server = createServer((_request, response) => {
    response.setHeader("connection", "close");
    response.end(`answered by generation ${generation}`);
  });
  server.listen({ fd: listener.dup().detach() });
  await once(server, "listening");
  return server;
}

/** Listen, or receive the listeners of the predecessor: for HTTP, and for the next successor. */
async function inheritListeners(): Promise<[http: Listener, control: Listener]> {
  const options = { unlinkOnClose: false, mode: 0o600, backlog: 511 };
  if (generation === "1") {
    return [unix.listen(`${folder}/http.sock`, options), unix.listen(control, options)];
  }
  using predecessor = await unix.connect(control);
  using message = await predecessor.receive({ files: 2 });
  const [http, next] = (message?.files ?? []).map((file) => file.asListener());
  if (!http || !next) throw new Error("The predecessor passed no sockets");
  await predecessor.write(new TextEncoder().encode("thanks"));
  return [http, next];
}

const [http, successors] = await inheritListeners();
let server = await serve(http);
console.log(`generation ${generation} serves`);

for await (const successor of successors) {
  using _ = successor;
  server.close(); // accepts no more, and answers what it has accepted
  await successor.send({ data: new Uint8Array(1), files: [http, successors] });
  if (await successor.read(new Uint8Array(16)) !== null) break;
  // The successor ended without an answer: continue to serve.
  server = await serve(http);
}
// Only answers under way are left; the process ends by itself after the last.
http.close();
successors.close();
