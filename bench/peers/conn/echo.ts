import type { Part, Setup } from "./protocol.ts";
import { readFull, type Transport, writeFull } from "./transport.ts";

const size = 1024;

/** Round trips of 1 KiB through `readable.pipeTo(writable)`; the variant is the number of clients. */
export function echo(transport: Transport): Setup {
  return async (role, path, variant): Promise<Part> => {
    if (role === "server") {
      serveEcho(transport, path);
      return {};
    }
    return await asking(transport, path, variant);
  };
}

/** The same with a server in a Worker, whose script gets the path. */
export function echoInWorker(transport: Transport, script: URL): Setup {
  return async (role, path, variant): Promise<Part> => {
    if (role === "server") {
      const worker = new Worker(script, { type: "module" });
      const listening = new Promise((resolve) => worker.onmessage = resolve);
      worker.postMessage(path);
      await listening;
      return {};
    }
    return await asking(transport, path, variant);
  };
}

/** What the script of a Worker does: it serves the path that comes as its first message. */
export function serveInWorker(transport: Transport): void {
  const scope = globalThis as unknown as DedicatedWorker;
  scope.onmessage = ({ data: path }) => {
    serveEcho(transport, path);
    scope.postMessage("listening");
  };
}

interface DedicatedWorker {
  onmessage: (event: MessageEvent<string>) => void;
  postMessage(message: string): void;
}

/** Sends back what comes on every connection, in the background. */
function serveEcho(transport: Transport, path: string): void {
  const listener = transport.listen(path);
  (async () => {
    for await (const conn of listener) conn.readable.pipeTo(conn.writable).catch(() => {});
  })();
}

/** Shares the operations between so many clients, each of which waits for its answer. */
async function asking({ connect }: Transport, path: string, variant: string): Promise<Part> {
  const conns = await Promise.all(Array.from({ length: Number(variant) }, () => connect(path)));
  return {
    async run(operations: number): Promise<number> {
      let left = operations;
      const right = await Promise.all(conns.map(async (conn) => {
        let count = 0;
        while (left-- > 0 && await ask(conn, left & 0xff)) count++;
        return count;
      }));
      return right.reduce((sum, it) => sum + it, 0);
    },
  };
}

async function ask(conn: Deno.Conn, number: number): Promise<boolean> {
  const bytes = new Uint8Array(size).fill(number);
  await writeFull(conn, bytes);
  bytes.fill(~number);
  return await readFull(conn, bytes) && bytes[0] === number && bytes[size - 1] === number;
}
