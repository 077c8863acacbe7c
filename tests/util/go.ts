import { uncounted } from "./deadline.ts";
import { needPeer } from "./peers.ts";

const PEERS = new URL("../peers/", import.meta.url);
const BUILD = new URL("../.build/", import.meta.url);

/** Go compiles its own packages as well: without inlining and debug information in two thirds of the time. */
const FLAGS = "-gcflags=all=-l -dwarf=false";

/** What this process has built: even a build that has nothing to do takes a tenth of a second. */
const built = new Map<string, Promise<string>>();

/**
 * Build `tests/peers/<name>.go`, which uses Go's own packages only, and return the path of the program.
 * It stays in `tests/.build/`, as does what the compiler caches.
 */
export function buildGo(name: string): Promise<string> {
  const building = built.get(name) ?? build(name);
  built.set(name, building);
  return uncounted(() => building);
}

async function build(name: string): Promise<string> {
  const go = needPeer("go");
  const program = new URL(`${name}-go`, BUILD).pathname;
  await Deno.mkdir(BUILD, { recursive: true });
  using lock = await Deno.open(new URL("go.lock", BUILD), { create: true, write: true });
  await lock.lock(true); // other test files may build the same
  // The compiler finds out by itself whether there is anything to do.
  const { success, stderr } = await new Deno.Command(go.command, {
    args: ["build", FLAGS, "-o", program, new URL(`${name}.go`, PEERS).pathname],
    env: {
      CGO_ENABLED: "0",
      GO111MODULE: "off",
      GOCACHE: new URL("go-cache", BUILD).pathname,
      GOPATH: new URL("go-path", BUILD).pathname,
      GOFLAGS: "",
      GOTOOLCHAIN: "local",
    },
    stdin: "null",
  }).output();
  if (!success) {
    throw new Error(`Cannot build "${name}.go":\n${new TextDecoder().decode(stderr)}`);
  }
  return program;
}
