/**
 * Makes JavaScript of the sources: a file for each entry point, and one for each room that several share.
 *
 * Comments and types are gone, the rest is as in the sources, with the same names: a stack trace leads to
 * code that can be read. Source maps would lead to the sources, but Deno takes them apart at every start of a
 * program, for 4 ms, and takes no notice of maps in files of their own in a package from JSR.
 *
 * @module
 */

import { dirname } from "@std/path/posix/dirname";
import { type GetModuleInfo, type Plugin, rollup } from "rollup";
import ts from "typescript";

/** The rooms, and the modules that they are reached from; what several rooms reach belongs to the first. */
const ROOMS: readonly (readonly [room: string, ...from: string[]])[] = [
  ["dial", "lib/dial/mod.ts"],
  ["unix", "lib/unix/mod.ts", "lib/msghdr/mod.ts"],
  ["systemd", "lib/systemd/mod.ts"],
];

/** What the entry points that are programs share. */
const PROGRAMS = "tools";

/**
 * Write `FOLDER/OUT/ENTRY.js` for each of the entry points, which are in `FOLDER` with all that they import,
 * and `FOLDER/OUT/ROOM.js` for the rooms. `imports` are the files of modules that have other names.
 */
export async function bundle(
  folder: string,
  entries: readonly string[],
  imports: Readonly<Record<string, string>>,
  out: string,
): Promise<void> {
  const fileOf = (path: string): string => `${folder}/${path.replace(/^\.\//, "")}`;
  await using bundled = await rollup({
    input: Object.fromEntries(
      entries.map((it) => [it.replace(/^\.\/(.*)\.ts$/, "$1"), fileOf(it)]),
    ),
    plugins: [
      resolver(new Map(Object.entries(imports).map(([name, path]) => [name, fileOf(path)]))),
      transpiler(),
    ],
    external: /^node:/,
    onwarn: ({ message }) => {
      throw new Error(message);
    },
  });
  let rooms: ReadonlyMap<string, string> | undefined;
  const { output } = await bundled.generate({
    format: "es",
    entryFileNames: "[name].js",
    chunkFileNames: "[name].js",
    minifyInternalExports: false,
    hoistTransitiveImports: false,
    manualChunks: (id, { getModuleInfo }) =>
      (rooms ??= roomsOf(entries.map(fileOf), fileOf, getModuleInfo)).get(id),
  });
  for (const file of output) {
    if (file.type !== "chunk") continue;
    const path = `${folder}/${out}/${file.fileName}`;
    Deno.mkdirSync(dirname(path), { recursive: true });
    Deno.writeTextFileSync(path, asciiOf(file.code));
  }
}

/**
 * Write other characters as escapes, which string literals alone have: with one of them in a file, V8 keeps two bytes
 * for each character of it, and an import takes 0.5 ms longer.
 */
function asciiOf(code: string): string {
  return code.replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function resolver(files: ReadonlyMap<string, string>): Plugin {
  return { name: "resolver", resolveId: (name) => files.get(name) };
}

/** Leaves types and comments out. */
function transpiler(): Plugin {
  const compilerOptions: ts.CompilerOptions = {
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.ESNext,
    verbatimModuleSyntax: true,
    removeComments: true,
  };
  return {
    name: "transpiler",
    transform: (code, id) =>
      id.endsWith(".json")
        ? `export default ${code}`
        : ts.transpileModule(code, { compilerOptions }).outputText,
  };
}

/** Return the room of each module that is not an entry point's own. */
function roomsOf(
  entries: readonly string[],
  fileOf: (path: string) => string,
  getModuleInfo: GetModuleInfo,
): Map<string, string> {
  const rooms = new Map<string, string>();
  const reached = (from: string): Set<string> => reachedFrom(from, getModuleInfo);
  for (const [room, ...from] of ROOMS) {
    for (const id of from.flatMap((it) => [...reached(fileOf(it))])) {
      if (!rooms.has(id)) rooms.set(id, room);
    }
  }
  const seen = new Set<string>();
  for (const id of entries.flatMap((it) => [...reached(it)])) {
    if (seen.has(id) && !rooms.has(id)) rooms.set(id, PROGRAMS);
    seen.add(id);
  }
  return rooms;
}

function reachedFrom(
  id: string,
  getModuleInfo: GetModuleInfo,
  found = new Set<string>(),
): Set<string> {
  if (found.has(id)) return found;
  found.add(id);
  for (const each of getModuleInfo(id)?.importedIds ?? []) reachedFrom(each, getModuleInfo, found);
  return found;
}
