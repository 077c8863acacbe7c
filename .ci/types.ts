/**
 * Rolls the types of the entry points up into few declaration files: those of the sources are spread over
 * a hundred, each of which every user of the package would load.
 *
 * @module
 */

import { dirname } from "@std/path/posix/dirname";
// The roll-up takes the compiler that is there: the newest has no interface for programs.
import "typescript";
import { rollup } from "rollup";
import { dts } from "rollup-plugin-dts";
import { run } from "../tests/util/stop.ts";

/** Where the declaration file of an entry point lies, as seen from the folder of the bundles. */
export function declarationOf(entry: string): string {
  return entry.replace(/^\.\/(.*)\.ts$/, "$1.d.ts");
}

/** What `mod.ts` exports as a whole: an entry point under a name. */
const NAMESPACE = /^export \* as (\w+) from "(\.\/.*)\.ts";$/gm;

/**
 * Write `FOLDER/OUT/ENTRY.d.ts` for each of the entry points, which are in `FOLDER` with all that they
 * import.
 */
export async function rollTypes(
  folder: string,
  entries: readonly string[],
  out: string,
): Promise<void> {
  const emitted = `${folder}/.types`;
  await emit(folder, entries, emitted);
  const namespaces = entries.flatMap((entry) => takeNamespaces(emitted, entry));
  const exported = await roll(entries, emitted, `${folder}/${out}`);
  for (const entry of entries) {
    const file = declarationOf(entry);
    const path = `${folder}/${out}/${file}`;
    const lines = [moduleDoc(folder, entry), Deno.readTextFileSync(path)];
    for (const it of namespaces.filter((it) => it.in === entry)) {
      const names = exported.get(declarationOf(it.entry)) ?? [];
      lines.push(namespace(it.name, `./${declarationOf(it.entry)}`, names));
    }
    Deno.writeTextFileSync(path, `${lines.join("\n").trim()}\n`);
  }
  Deno.removeSync(emitted, { recursive: true });
}

interface Namespace {
  /** The entry point that exports it. */
  readonly in: string;
  readonly name: string;
  /** The entry point that it is. */
  readonly entry: string;
}

/** Take the namespaces out of an entry point: rolled up, their members would be copies without documentation. */
function takeNamespaces(emitted: string, entry: string): Namespace[] {
  const path = `${emitted}/${declarationOf(entry)}`;
  const text = Deno.readTextFileSync(path);
  Deno.writeTextFileSync(path, text.replace(NAMESPACE, ""));
  return [...text.matchAll(NAMESPACE)]
    .map(([, name = "", file]) => ({ in: entry, name, entry: `${file}.ts` }));
}

/**
 * Declare a namespace by its members. `export * as` means the same, but documentation (Deno 2.9.6) shows
 * nothing then that the other file exports from a third.
 */
function namespace(name: string, from: string, names: readonly string[]): string {
  const list = (put: (it: string) => string): string => names.map(put).join(", ");
  return `import { ${list((it) => `${it} as ${name}_${it}`)} } from "${from}";
/** The entry point \`@denet/unix/${name}\` as a whole. */
export declare namespace ${name} {
  export { ${list((it) => `${name}_${it} as ${it}`)} };
}
`;
}

/** Write a declaration file for every module. */
async function emit(folder: string, entries: readonly string[], out: string): Promise<void> {
  const { success, stderr } = await run(Deno.execPath(), {
    args: ["transpile", "--quiet", "--declaration", "--outdir", out, ...entries],
    cwd: folder,
    env: { NO_COLOR: "1" },
  });
  if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
}

/** Roll up: the names that each declaration file exports. */
async function roll(
  entries: readonly string[],
  from: string,
  to: string,
): Promise<Map<string, string[]>> {
  const input = Object.fromEntries(
    entries.map((
      it,
    ) => [declarationOf(it).replace(/\.d\.ts$/, ""), `${from}/${declarationOf(it)}`]),
  );
  await using bundle = await rollup({
    input,
    plugins: [dts()],
    external: /^node:/,
    onwarn: ({ message }) => {
      if (!message.includes("Generated an empty chunk")) throw new Error(message);
    },
  });
  const { output } = await bundle.generate({
    format: "es",
    entryFileNames: "[name].d.ts",
    chunkFileNames: ({ name }) => `types/${name.replace(/\.d$/, "")}.d.ts`,
  });
  const exported = new Map<string, string[]>();
  for (const file of output) {
    if (file.type !== "chunk") continue;
    exported.set(file.fileName, file.exports);
    const path = `${to}/${file.fileName}`;
    Deno.mkdirSync(dirname(path), { recursive: true });
    // The roll-up names the files as compilers of JavaScript do.
    Deno.writeTextFileSync(path, file.code.replace(/(from '\.[^']*)\.js'/g, "$1.d.ts'"));
  }
  return exported;
}

/** The comment that documents an entry point. */
function moduleDoc(folder: string, entry: string): string {
  const [comment = ""] = /^\/\*\*.*?\*\//s.exec(Deno.readTextFileSync(`${folder}/${entry}`)) ?? [];
  return comment.includes("@module") ? comment : "";
}
