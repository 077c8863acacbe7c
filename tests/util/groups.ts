/**
 * Which test files share a process.
 *
 * Starting Deno and loading the module takes more processor time than most tests of a folder of `lib/` or of
 * `ffi/`. So the files of such a folder share processes, some at a time, and leave everything as they found
 * it, as `noLeaks()` makes sure of descriptors; so do the files of folders whose tests start programs. Those that
 * measure the whole process, or use up its descriptors, have one of their own, and so has a file that says why:
 * `// A process of its own, because …`.
 *
 * @module
 */

import { read, ROOT } from "./project.ts";
import { limitOf } from "./test_file.ts";

/** How many files share a process at most: few enough that none of them takes much longer than the rest. */
const MOST = 10;

/** Folders whose tests start the programs that they test. */
const START_PROGRAMS = ["tests/examples", "tests/interop", "tests/tools"];

/** How a test file says that it cannot share, or takes long each time. */
const SAYS_SO = /^\/\/ (?:A process of its own|Time limit: \d+ s), because /m;

/** What measures the whole process, or takes something from all of it. */
const LOOKS_AT_ALL = /\b(?:outOfDescriptors|memoryUsage|cpuUsage|proc\/self\/maps)\b/;

/** Test files that run in one process. */
export interface Group {
  /** What the output and the times of the last run call it: the name of the file, if it is only one. */
  readonly name: string;
  readonly files: readonly string[];
  /** How long all of it may take, in seconds. */
  readonly limit: number;
}

/** Put test files into groups: which files a group has depends on their names and texts alone, not on earlier runs. */
export function groupsOf(files: readonly string[]): Group[] {
  const folders = Map.groupBy(files.toSorted(), (it) => sharedFolder(it) ?? it);
  return [...folders].flatMap(([folder, all]) => {
    const count = Math.ceil(all.length / MOST);
    const size = Math.ceil(all.length / count);
    return Array.from({ length: count }, (_, i): Group => {
      const files = all.slice(i * size, (i + 1) * size);
      const [file = folder] = files;
      const part = count > 1 ? ` ${i + 1}/${count}` : "";
      return {
        name: files.length === 1 ? file : `${folder}${part} (${files.length} files)`,
        files,
        limit: files.reduce((sum, it) => sum + limitOf(it), 0),
      };
    });
  });
}

/** The folder whose files a test file shares a process with. */
function sharedFolder(file: string): string | undefined {
  const folder = file.slice(0, file.lastIndexOf("/"));
  const tested = folder.replace(/^tests\/(?!ffi\b)/, "lib/").replace(/^tests\/?/, "");
  if (!START_PROGRAMS.includes(folder) && (tested === "" || !isFolder(tested))) return undefined;
  const text = read(file);
  return SAYS_SO.test(text) || LOOKS_AT_ALL.test(text) ? undefined : folder;
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(new URL(path, ROOT)).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Return what to run for a group: its file, or a module in a folder that imports them all. */
export function moduleOf({ files }: Group, folder: string): string {
  const [file = ""] = files;
  if (files.length === 1) return file;
  const path = `${folder}/group_test.ts`;
  const urls = files.map((it) => new URL(it, ROOT).href);
  Deno.writeTextFileSync(path, urls.map((it) => `import ${JSON.stringify(it)};\n`).join(""));
  return path;
}
