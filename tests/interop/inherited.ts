/**
 * A program that was given a socket as descriptor 3, and serves it: `inherited.ts listener|socket`.
 *
 * @module
 */

import { Listener, Socket } from "../../mod.ts";

/** Answer each message with its bytes in reverse order, and its descriptors. */
async function serve(socket: Socket): Promise<void> {
  using _socket = socket;
  for await (const message of socket.messages({ files: 4 })) {
    using it = message;
    const to = it.from === null || socket.type !== "dgram" ? {} : { to: it.from.path };
    await socket.send({ data: it.data.toReversed(), files: it.files, ...to });
    if (it.data.byteLength === 0) return;
  }
}

if (Deno.args[0] === "listener") {
  using listener = Listener.adopt(3);
  console.log(listener.addr.path);
  await serve(await listener.accept());
} else {
  const socket = Socket.adopt(3);
  console.log(socket.type);
  await serve(socket);
}
