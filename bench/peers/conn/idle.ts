import type { Part, Setup } from "./protocol.ts";
import { echo, pinging } from "./roundtrip.ts";
import type { Transport } from "./transport.ts";

/** An active pair beside sockets that wait for what never comes. */
export function idle(transport: Transport): Setup {
  return async (_role, path): Promise<Part> => {
    const listener = transport.listen(path);
    const [client, server] = await Promise.all([transport.connect(path), listener.accept()]);
    void echo(server);
    const held: Promise<unknown>[] = [];
    return {
      ...pinging(client),
      async idle(count: number): Promise<void> {
        for (let i = 0; i < count; i++) held.push(wait(await listener.accept()));
      },
    };
  };
}

function wait(conn: Deno.Conn): Promise<unknown> {
  return conn.read(new Uint8Array(64));
}
