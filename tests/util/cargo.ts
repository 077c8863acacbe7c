import { uncounted } from "./deadline.ts";
import { needPeer } from "./peers.ts";

const PEERS = new URL("../peers/", import.meta.url);
const BUILD = new URL("../.build/", import.meta.url);

/**
 * Build the package `tests/peers/<name>` with the crates that its lock file names, and return the path of the
 * program. It stays in `tests/.build/`, as does what the compiler caches.
 */
export function buildCargo(name: string): Promise<string> {
  return uncounted(() => build(name));
}

async function build(name: string): Promise<string> {
  const cargo = needPeer("cargo");
  const target = new URL("cargo", BUILD).pathname;
  // The compiler finds out by itself whether there is anything to do, and waits for others that do it.
  const { success, stderr } = await new Deno.Command(cargo.command, {
    args: ["build", "--quiet", "--locked", "--target-dir", target],
    cwd: new URL(`${name}/`, PEERS),
    stdin: "null",
  }).output();
  if (!success) {
    throw new Error(`Cannot build "${name}":\n${new TextDecoder().decode(stderr)}`);
  }
  return `${target}/debug/${name}`;
}
