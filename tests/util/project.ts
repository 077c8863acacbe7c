/**
 * The project's own files and their imports, for the tests of its architecture.
 *
 * @module
 */

/** The root folder of the project. */
export const ROOT = new URL("../../", import.meta.url);

/** A task with more than a command. */
export interface Task {
  readonly command?: string;
  readonly description?: string;
}

/** The parts of `deno.json` that tests look at. */
export interface Config {
  readonly name: string;
  readonly version: string;
  readonly exports: Record<string, string>;
  readonly tasks: Record<string, string | Task>;
}

/** Read `deno.json`. */
export function config(): Config {
  return JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
}

/** Return the command of a task, empty if there is none. */
export function taskCommand(name: string): string {
  const task = config().tasks[name];
  return (typeof task === "string" ? task : task?.command) ?? "";
}

const NOT_OURS = new Set(["node_modules", ".build", "target", "bindings", "dist", "coverage"]);

/** List the files under a folder whose names match, as paths from the root. The default is TypeScript. */
export function filesIn(path: string, names = /\.ts$/): string[] {
  const files: string[] = [];
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(new URL(path, ROOT))];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return files;
    throw error;
  }
  for (const { name, isDirectory } of entries) {
    const inner = path === "" ? name : `${path}/${name}`;
    if (isDirectory && !NOT_OURS.has(name) && name !== ".git") files.push(...filesIn(inner, names));
    else if (names.test(name)) files.push(inner);
  }
  return files.sort();
}

/** The TypeScript files that are published: `mod.ts`, `lib/` and `ffi/`. */
export function publishedFiles(): string[] {
  const developmentOnly = "ffi/abi/";
  return ["mod.ts", ...filesIn("lib"), ...filesIn("ffi")]
    .filter((it) => !it.startsWith(developmentOnly));
}

/** Read a file of the project. */
export function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}

/** For each file what it imports: paths from the root, or specifiers as written for the rest. */
export type Graph = Map<string, Set<string>>;

interface Info {
  modules: {
    specifier: string;
    dependencies?: {
      specifier: string;
      code?: { specifier: string };
      type?: { specifier: string };
    }[];
  }[];
}

/** Ask Deno for the module graph of some files of the project. */
export async function importGraph(files: readonly string[]): Promise<Graph> {
  const root = Deno.makeTempFileSync({ suffix: ".ts" });
  try {
    const urls = files.map((it) => new URL(it, ROOT).href);
    Deno.writeTextFileSync(root, urls.map((it) => `import ${JSON.stringify(it)};\n`).join(""));
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", "--config", new URL("deno.json", ROOT).pathname, root],
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return toGraph(JSON.parse(new TextDecoder().decode(stdout)));
  } finally {
    Deno.removeSync(root);
  }
}

function toGraph(info: Info): Graph {
  const graph: Graph = new Map();
  for (const { specifier, dependencies = [] } of info.modules) {
    if (!specifier.startsWith(ROOT.href)) continue;
    const targets = dependencies.map((it) => {
      const url = it.code?.specifier ?? it.type?.specifier ?? it.specifier;
      return url.startsWith(ROOT.href) ? url.slice(ROOT.href.length) : it.specifier;
    });
    graph.set(specifier.slice(ROOT.href.length), new Set(targets));
  }
  return graph;
}

const TYPES_ONLY = '[importKind="type"], [exportKind="type"]';

/** Leave out what is imported for its types only, and so is gone when the program runs. */
export function atRunTime(graph: Graph): Graph {
  const rest: Graph = new Map();
  for (const [file, targets] of graph) {
    const statements = [`:matches(${TYPES_ONLY})`, `:not(${TYPES_ONLY})`];
    const [erased = [], kept = []] = selectEach(file, statements.map((it) => `${it} > Literal`));
    rest.set(file, targets.difference(sources(file, erased).difference(sources(file, kept))));
  }
  return rest;
}

/** The files that literals found in a file name. */
function sources(file: string, literals: readonly string[]): Set<string> {
  const specifiers = literals.map((it) => it.split('"')[1] ?? "");
  const urls = specifiers.filter((it) => it.startsWith("."))
    .map((it) => new URL(it, new URL(file, ROOT)).href);
  return new Set(urls.map((it) => it.slice(ROOT.href.length)));
}

/** Return everything that files import, by whatever way. */
export function reachable(graph: Graph, from: Iterable<string>): Set<string> {
  const seen = new Set<string>();
  const queue = [...from];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    for (const target of graph.get(file) ?? []) {
      if (seen.has(target)) continue;
      seen.add(target);
      queue.push(target);
    }
  }
  return seen;
}

/** Find an import cycle. Returns the files along it, or `undefined`. */
export function findCycle(graph: Graph): string[] | undefined {
  const finished = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (finished.has(file)) return undefined;
    path.push(file);
    for (const target of graph.get(file) ?? []) {
      const cycle = visit(target);
      if (cycle) return cycle;
    }
    path.pop();
    finished.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const cycle = visit(file);
    if (cycle) return cycle;
  }
  return undefined;
}

/**
 * Find the nodes of a file's syntax tree that a selector of Deno's linter matches.
 *
 * The linter (2.9.6) passes over what follows an empty statement; the formatter leaves none of those.
 */
export function select(file: string, selector: string): string[] {
  return selectEach(file, [selector])[0] ?? [];
}

/** Find what each of several selectors matches: a file is parsed once, which takes most of the time. */
function selectEach(file: string, selectors: readonly string[]): string[][] {
  const text = read(file);
  const found = selectors.map((): string[] => []);
  const rules = selectors.map((selector, index): [string, Deno.lint.Rule] => {
    const note = (node: { range: [number, number] }): void => {
      const line = text.slice(0, node.range[0]).split("\n").length;
      found[index]?.push(`${file}:${line}: ${text.slice(...node.range).split("\n")[0]}`);
    };
    return [`select${index}`, { create: () => ({ [selector]: note }) as Deno.lint.LintVisitor }];
  });
  Deno.lint.runPlugin({ name: "project", rules: Object.fromEntries(rules) }, file, text);
  return found;
}
