import { buildFolder, runTool, sources } from "./toolchain.ts";
import type { Peer, Program } from "./types.ts";

/** Go's `net` package. */
export const go: Peer = { id: "go", label: "Go", cannot: {}, prepare };

async function prepare(): Promise<Program> {
  const version = await runTool("go", ["version"]);
  await Deno.mkdir(buildFolder, { recursive: true });
  const program = `${buildFolder}peer-go`;
  await runTool("go", ["build", "-o", program, "."], sources("go"));
  return { command: [program], version };
}
