/**
 * Makes the package to publish: `deno task pack FOLDER`.
 *
 * An import of the sources loads some ninety modules. Each is looked up, read and checked at every start of a
 * program, and all of them together take 15 ms; the same in a few files takes 4 ms. So the entry points of
 * the package are bundles. Their types and their documentation are those of the sources, which they refer to
 * and which come along.
 *
 * @module
 */

interface Config {
  exports: Record<string, string>;
  imports: Record<string, string>;
  links?: string[];
  publish?: { include: string[] };
  tasks?: Record<string, unknown>;
}

const ROOT = new URL("../", import.meta.url);
const BUNDLES = "bundle";

/** Files and folders that come along; of a folder, what is TypeScript. */
const CONTENT = ["mod.ts", "lib", "ffi", "README.md", "CHANGELOG.md", "LICENSE", "SECURITY.md"];

/** Folders for development only. */
const LEFT_OUT = ["ffi/abi"];

/** Make the package in a folder that is not there yet, or empty. */
export async function pack(folder: string): Promise<void> {
  for (const path of CONTENT) copy(path, folder);
  const { links: _, publish: __, tasks: ___, ...config }: Config = JSON.parse(
    Deno.readTextFileSync(new URL("deno.json", ROOT)),
  );
  const entries = Object.values(config.exports);
  await bundle(entries, `${folder}/${BUNDLES}`);
  for (const entry of entries) referToSource(entry, folder);
  const exports = Object.fromEntries(
    Object.entries(config.exports).map(([name, entry]) => [name, bundled(entry)]),
  );
  const text = JSON.stringify({ ...config, exports }, undefined, 2);
  Deno.writeTextFileSync(`${folder}/deno.json`, `${text}\n`);
}

function copy(path: string, folder: string): void {
  const source = new URL(path, ROOT);
  if (LEFT_OUT.includes(path)) return;
  if (!Deno.statSync(source).isDirectory) {
    const target = `${folder}/${path}`;
    Deno.mkdirSync(target.slice(0, target.lastIndexOf("/")), { recursive: true });
    Deno.copyFileSync(source, target);
    return;
  }
  for (const { name, isDirectory } of Deno.readDirSync(source)) {
    if (isDirectory || name.endsWith(".ts")) copy(`${path}/${name}`, folder);
  }
}

/** What several entry points use becomes a file of its own: registries and classes are there once. */
async function bundle(entries: readonly string[], folder: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--code-splitting", "--outdir", folder, ...entries],
    cwd: ROOT,
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
}

/** Return where the bundle of an entry point lies in the package. */
function bundled(entry: string): string {
  return entry.replace(/^\.\/(.*)\.ts$/, `./${BUNDLES}/$1.js`);
}

/** Have type checkers and documentation look at the source instead. */
function referToSource(entry: string, folder: string): void {
  const path = `${folder}/${bundled(entry)}`;
  const up = "../".repeat(entry.split("/").length - 1);
  const code = Deno.readTextFileSync(path);
  Deno.writeTextFileSync(path, `// @ts-self-types="${up}${entry.replace("./", "")}"\n${code}`);
}

if (import.meta.main) {
  const [folder] = Deno.args;
  if (folder === undefined) throw new TypeError("Cannot pack: give the folder to make");
  await pack(folder);
}
