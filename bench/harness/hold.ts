/**
 * Opens many connections and keeps them open until its standard input ends. Usage:
 * `hold.ts path count`.
 *
 * @module
 */

const [path = "", count = "0"] = Deno.args;
const held: Deno.Conn[] = [];

// A full backlog refuses a non-blocking connect; the peer needs a moment to accept.
async function connect(): Promise<Deno.Conn> {
  for (;;) {
    try {
      return await Deno.connect({ transport: "unix", path });
    } catch (error) {
      if (!(error instanceof Error) || !error.message.includes("os error 11")) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

while (held.length < Number(count)) held.push(await connect());
await Deno.stdin.read(new Uint8Array(1));
Deno.exit(0);
