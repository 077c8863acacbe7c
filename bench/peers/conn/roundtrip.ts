import type { Part, Setup } from "./protocol.ts";
import { background, pair, readFull, type Transport, writeFull } from "./transport.ts";

const size = 64;

/** Round trips of 64 bytes. */
export function roundtrip(transport: Transport): Setup {
  return async (role, path): Promise<Part> => {
    if (role === "server") {
      background(transport, path, echo);
      return {};
    }
    if (role === "client") return pinging(await transport.connect(path));
    const [client, server] = await pair(transport, path);
    void echo(server);
    return pinging(client);
  };
}

/** Sends back whatever comes, until the stream ends. */
export async function echo(conn: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(size);
  while (await readFull(conn, buffer)) await writeFull(conn, buffer);
}

/** Sends numbered messages and checks each answer. */
export function pinging(conn: Deno.Conn): Part {
  const sent = new Uint8Array(size);
  const received = new Uint8Array(size);
  return {
    async run(operations: number): Promise<number> {
      let right = 0;
      for (let i = 0; i < operations; i++) {
        sent[0] = i & 0xff;
        await writeFull(conn, sent);
        if (!await readFull(conn, received)) break;
        if (received[0] === (i & 0xff)) right++;
      }
      return right;
    },
  };
}
