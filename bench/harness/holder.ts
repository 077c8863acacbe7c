import type { PeerProcess } from "./process.ts";

const program = new URL("./hold.ts", import.meta.url).pathname;

/**
 * Has `count` connections to `path` opened by a process of their own, which keeps them open in
 * silence, while `peer` accepts them and waits on each.
 */
export async function holdIdle(
  peer: PeerProcess,
  path: string,
  count: number,
): Promise<AsyncDisposable> {
  if (count === 0) return new AsyncDisposableStack();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", program, path, String(count)],
    stdin: "piped",
    stdout: "null",
  }).spawn();
  const holder = {
    async [Symbol.asyncDispose](): Promise<void> {
      await child.stdin.close();
      await child.status;
    },
  };
  try {
    await peer.command("idle", count);
  } catch (error) {
    await holder[Symbol.asyncDispose]();
    throw error;
  }
  return holder;
}
