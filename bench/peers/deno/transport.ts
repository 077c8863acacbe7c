import type { Transport } from "../conn/transport.ts";

/** Deno's own sockets. */
export const transport: Transport = {
  listen: (path) => Deno.listen({ transport: "unix", path }),
  connect: (path) => Deno.connect({ transport: "unix", path }),
};
