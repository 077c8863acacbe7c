import { Unable } from "../harness/types.ts";

/** The folder for what peers build and install. */
export const buildFolder: string = new URL("../.build/", import.meta.url).pathname;

/** Runs a tool to its end and returns its output; a missing or failing one is a missing toolchain. */
export async function runTool(
  program: string,
  args: readonly string[],
  cwd?: string,
): Promise<string> {
  const output = await spawnTool(program, args, cwd);
  if (output.success) return new TextDecoder().decode(output.stdout).trim();
  const reason = new TextDecoder().decode(output.stderr).trim();
  throw new Unable("missing", `"${program} ${args[0] ?? ""}" failed: ${reason}`);
}

async function spawnTool(
  program: string,
  args: readonly string[],
  cwd?: string,
): Promise<Deno.CommandOutput> {
  try {
    const place = cwd === undefined ? {} : { cwd };
    return await new Deno.Command(program, { args: [...args], stdin: "null", ...place }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Unable("missing", `"${program}" is not installed`);
  }
}

/** The folder of one peer's sources. */
export function sources(name: string): string {
  return new URL(`./${name}/`, import.meta.url).pathname;
}
