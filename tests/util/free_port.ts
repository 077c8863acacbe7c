/** Ports below those that systems choose from for others, such as for a client's end of a connection. */
const [FIRST, COUNT] = [10_000, 20_000];

let tried = Deno.pid * 7;

/** Find a TCP port of this machine that no process uses at the moment, and that no other test finds. */
export function freePort(): number {
  for (;;) {
    const port = FIRST + tried++ % COUNT;
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
