/**
 * Makes the package to publish: `deno task pack FOLDER`, or `deno task publish` to try it only.
 *
 * An import of the sources loads some ninety modules. Each is looked up, read and checked at every start of a
 * program, and all of them together take 29 ms; the same in a few files takes a fifth. So the entry points of
 * the package are bundles, and their types are rolled up as well: a user of the package loads some twenty
 * files. The sources are in the package for reading.
 *
 * @module
 */

import { basename } from "@std/path/posix/basename";
import { dirname } from "@std/path/posix/dirname";
import { bundle } from "./bundle.ts";
import { compileAhead } from "./eager.ts";
import { refuse, taskArguments } from "../tests/util/arguments.ts";
import { spawn } from "../tests/util/stop.ts";
import { removeIfStopped, taskTempDir } from "../tests/util/tempdir.ts";
import { declarationOf, rollTypes } from "./types.ts";

interface Config {
  name: string;
  version: string;
  license: string;
  description: string;
  exports: Record<string, string>;
}

const ROOT = new URL("../", import.meta.url);
const BUNDLES = "bundle";
const STAND_INS = ".std";

/** Files and folders that come along; of a folder, what is TypeScript. */
const CONTENT = [
  "mod.ts",
  "lib",
  "ffi",
  "tools",
  "README.md",
  "CHANGELOG.md",
  "LICENSE",
  "SECURITY.md",
];

/** Folders and files for development only. */
const LEFT_OUT = ["ffi/abi", "tools/compile.ts", "tools/demo.ts"];

/** Make the package in a folder that is not there yet, or empty. */
export async function pack(folder: string): Promise<void> {
  for (const path of CONTENT) copy(path, folder);
  const { name, version, license, description, exports }: Config = JSON.parse(
    Deno.readTextFileSync(new URL("deno.json", ROOT)),
  );
  const entries = Object.values(exports);
  const imports = bringStandIns(folder);
  writeConfig(folder, { version, imports }); // for what is made of the sources
  await bundle(folder, entries, imports, BUNDLES);
  await compileAhead(`${folder}/${BUNDLES}`, "mod.js");
  for (const entry of entries) nameTypes(folder, entry);
  await rollTypes(folder, entries, BUNDLES);
  Deno.removeSync(`${folder}/${STAND_INS}`, { recursive: true });
  qualifyImports(folder);
  const bundles = Object.fromEntries(
    Object.entries(exports).map(([key, entry]) => [key, bundled(entry)]),
  );
  writeConfig(folder, { name, version, license, description, exports: bundles });
}

function writeConfig(folder: string, config: unknown): void {
  Deno.writeTextFileSync(`${folder}/deno.json`, `${JSON.stringify(config, undefined, 2)}\n`);
}

function copy(path: string, folder: string): void {
  const source = new URL(path, ROOT);
  if (LEFT_OUT.includes(path)) return;
  if (!Deno.statSync(source).isDirectory) {
    const target = `${folder}/${path}`;
    Deno.mkdirSync(dirname(target), { recursive: true });
    Deno.copyFileSync(source, target);
    return;
  }
  for (const { name, isDirectory } of Deno.readDirSync(source)) {
    if (isDirectory || name.endsWith(".ts")) copy(`${path}/${name}`, folder);
  }
}

/** Bring what the bundles use of the standard library: a machine may not reach JSR. */
function bringStandIns(folder: string): Record<string, string> {
  Deno.mkdirSync(`${folder}/${STAND_INS}/posix`, { recursive: true });
  for (const path of filesIn(new URL("tests/links/path", ROOT).pathname, ".ts")) {
    Deno.copyFileSync(path, `${folder}/${STAND_INS}/${path.split("/links/path/")[1]}`);
  }
  const names = ["posix/basename", "posix/dirname"];
  return Object.fromEntries(names.map((it) => [`@std/path/${it}`, `./${STAND_INS}/${it}.ts`]));
}

/** Have type checkers and documentation look at the declarations beside an entry point. */
function nameTypes(folder: string, entry: string): void {
  const path = `${folder}/${bundled(entry).slice(2)}`;
  const code = Deno.readTextFileSync(path);
  const types = basename(declarationOf(entry));
  Deno.writeTextFileSync(path, `// @ts-self-types="./${types}"\n${code}`);
}

function* filesIn(folder: string, ending: string): Generator<string> {
  for (const { name, isDirectory } of [...Deno.readDirSync(folder)]) {
    if (isDirectory) yield* filesIn(`${folder}/${name}`, ending);
    else if (name.endsWith(ending)) yield `${folder}/${name}`;
  }
}

/** Return where the bundle of an entry point lies in the package. */
function bundled(entry: string): string {
  return entry.replace(/^\.\/(.*)\.ts$/, `./${BUNDLES}/$1.js`);
}

/** The sources are no entry points, and know of no import map. */
function qualifyImports(folder: string): void {
  const { imports }: { imports: Record<string, string> } = JSON.parse(
    Deno.readTextFileSync(new URL("deno.json", ROOT)),
  );
  const range = imports["@std/path"] ?? "";
  for (const path of filesIn(folder, ".ts")) {
    const text = Deno.readTextFileSync(path);
    const qualified = text.replaceAll('from "@std/path/', `from "${range}/`);
    if (qualified !== text) Deno.writeTextFileSync(path, qualified);
  }
}

/** Have Deno check the package as it does before it is published. */
async function dryRun(folder: string): Promise<boolean> {
  const args = ["publish", "--dry-run", "--allow-dirty"];
  const { success } = await spawn(Deno.execPath(), { args, cwd: folder }).status;
  return success;
}

if (import.meta.main) {
  const options = { "dry-run": { type: "boolean", default: false } } as const;
  const { values, positionals: [folder] } = taskArguments({ options }, 1);
  if ((folder === undefined) !== values["dry-run"]) {
    refuse("Cannot pack: give the folder to make, or --dry-run");
  }
  if (folder !== undefined) {
    using _ = removeIfStopped(folder); // half a package is none
    await pack(folder);
  } else {
    using temporary = taskTempDir();
    await pack(temporary.path);
    Deno.exitCode = await dryRun(temporary.path) ? 0 : 1;
  }
}
