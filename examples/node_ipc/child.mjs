// A child process as Node's documentation describes them: it takes a server and a connection from its
// parent, and gives it a server of its own. Nothing in it depends on the parent being Deno.
import { createServer } from "node:net";

process.on("message", (message, handle) => {
  if (message.serve) {
    handle.on("connection", (socket) => socket.end(`node ${process.version}`));
  } else if (message.answer) {
    handle.end("this connection was accepted elsewhere");
  } else if (message.stop) {
    process.exit(0);
  }
});

const tcp = createServer().listen(0, "127.0.0.1", () => {
  // The parent accepts from here on: a server that stays open here would take connections away.
  process.send({ port: tcp.address().port }, tcp, () => tcp.close());
});
