/**
 * An HTTP service that systemd starts when its first client connects. It listens on nothing itself, and
 * needs no right to.
 *
 * @module
 */

import { createServer } from "node:http";
import { listenFds, notify } from "@denet/unix/systemd";

for (const { name, file } of listenFds()) {
  const server = createServer((request, response) => {
    response.end(`${request.url} by process ${Deno.pid} on the socket "${name}"\n`);
  });
  server.listen({ fd: file.detach() }); // Unix or TCP: node:http takes either
}
await notify({ ready: true, status: "Serving" });
