import { Unable } from "../harness/types.ts";
import { buildFolder, runTool, sources } from "./toolchain.ts";
import type { Peer, Program } from "./types.ts";

/** Bun's own `Bun.listen` and `Bun.connect`. */
export const bun: Peer = {
  id: "bun",
  label: "Bun",
  cannot: {
    "pass-sync": "Bun has no API for passing descriptors",
    "small-sync": "Bun has no blocking socket calls",
    pass: "Bun has no API for passing descriptors",
    datagrams: "Bun.udpSocket has no Unix sockets",
    seqpacket: "Bun.connect has no seqpacket sockets",
  },
  prepare,
};

async function prepare(): Promise<Program> {
  const program = await installed() ?? await install();
  const version = await runTool(program, ["--version"]);
  return { command: [program, `${sources("bun")}main.mjs`], version: `Bun ${version}` };
}

async function install(): Promise<string> {
  const folder = `${buildFolder}bun`;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/package.json`, `{ "private": true }\n`);
  // Without its install script: the program is in an optional package for this very platform.
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund"];
  await runTool("npm", ["install", ...flags, "bun@1"], folder);
  const program = await installed();
  if (program === undefined) throw new Unable("missing", "npm has no Bun for this platform");
  return program;
}

// The package for processors without AVX2 has "baseline" in its name and sorts last.
async function installed(): Promise<string | undefined> {
  const folder = `${buildFolder}bun/node_modules/@oven`;
  try {
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
    for (const name of names.toSorted((a, b) => a.length - b.length)) {
      const program = `${folder}/${name}/bin/bun`;
      if (await works(program)) return program;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return undefined;
}

async function works(program: string): Promise<boolean> {
  try {
    await runTool(program, ["--version"]);
    return true;
  } catch (error) {
    if (error instanceof Unable) return false;
    throw error;
  }
}
