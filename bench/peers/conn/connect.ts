import type { Part, Setup } from "./protocol.ts";
import type { Transport } from "./transport.ts";

/** Connections that are closed as soon as they are accepted. */
export function connect(transport: Transport): Setup {
  return (_role, path): Part => {
    const listener = transport.listen(path);
    return {
      async run(operations: number): Promise<number> {
        let right = 0;
        for (let i = 0; i < operations; i++) {
          const [client, server] = await Promise.all([transport.connect(path), listener.accept()]);
          client.close();
          server.close();
          right++;
        }
        return right;
      },
    };
  };
}
