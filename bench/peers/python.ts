import { runTool, sources } from "./toolchain.ts";
import type { Peer, Program } from "./types.ts";

/** Python's `socket` module for blocking works, `asyncio` for the others. */
export const python: Peer = { id: "python", label: "Python", cannot: {}, prepare };

async function prepare(): Promise<Program> {
  const question = "import sys; print(sys.executable, sys.version.split()[0])";
  const [executable = "", version = ""] = (await runTool("python3", ["-c", question])).split(" ");
  // The real executable: a version manager's wrapper would be measured along with it.
  return {
    command: [executable, "-B", `${sources("python")}main.py`],
    version: `Python ${version}`,
  };
}
