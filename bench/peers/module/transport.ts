import { unix } from "../../../mod.ts";
import type { Transport } from "../conn/transport.ts";

/** This module's sockets. Deno's own listener has a backlog of this size as well. */
export const transport: Transport = {
  listen: (path) => unix.listen(path, { backlog: 1024 }),
  connect: (path) => unix.connect(path),
};
