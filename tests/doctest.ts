/**
 * Runs the examples in doc comments, in the README and in the guide: `deno task doctest`. What they leave in the folder
 * for temporary files, as examples do, is removed.
 *
 * @module
 */

import { ROOT } from "./util/project.ts";
import { tempDir } from "./util/tempdir.ts";

const FILES = ["mod.ts", "lib", "ffi", "README.md", "docs"];

using temporary = tempDir();
const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["test", "--doc", "--allow-all", ...Deno.args.length > 0 ? Deno.args : FILES],
  cwd: ROOT,
  env: { TMPDIR: temporary.path },
  stdin: "null",
}).spawn().status;
Deno.exitCode = code;
