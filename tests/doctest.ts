/**
 * Runs the examples in doc comments, in the README and in the guide: `deno task doctest`. What they leave in the folder
 * for temporary files, as examples do, is removed.
 *
 * @module
 */

import { refuse, taskArguments } from "./util/arguments.ts";
import { ROOT } from "./util/project.ts";
import { spawn } from "./util/stop.ts";
import { taskTempDir } from "./util/tempdir.ts";

const FILES = ["mod.ts", "lib", "ffi", "README.md", "docs"];

const { positionals } = taskArguments({});
for (const path of positionals) {
  if (!await Deno.stat(new URL(path, ROOT)).catch(() => undefined)) refuse(`Cannot find "${path}"`);
}
using temporary = taskTempDir();
const { code } = await spawn(Deno.execPath(), {
  args: ["test", "--doc", "--allow-all", ...positionals.length > 0 ? positionals : FILES],
  cwd: ROOT,
  env: { TMPDIR: temporary.path },
}).status;
Deno.exitCode = code;
