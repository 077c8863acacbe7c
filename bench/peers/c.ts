import { buildFolder, runTool, sources } from "./toolchain.ts";
import type { Peer, Program } from "./types.ts";

/** C on the system calls. */
export const c: Peer = { id: "c", label: "C", cannot: {}, prepare };

async function prepare(): Promise<Program> {
  const compiler = Deno.env.get("CC") ?? "cc";
  const version = (await runTool(compiler, ["--version"])).split("\n", 1)[0] ?? "";
  const folder = sources("c");
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name.endsWith(".c"));
  await Deno.mkdir(buildFolder, { recursive: true });
  const program = `${buildFolder}peer-c`;
  const flags = ["-O2", "-Wall", "-Wextra", "-pthread", "-o", program];
  await runTool(compiler, [...flags, ...files], folder);
  return { command: [program], version };
}
