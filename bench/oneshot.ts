import { milliseconds } from "./harness/measures.ts";
import { type Absence, type Contender, type Runner, Unable, type Work } from "./harness/types.ts";
import { bun } from "./peers/bun.ts";
import { prepare } from "./peers/mod.ts";
import { node } from "./peers/node.ts";
import { python } from "./peers/python.ts";
import { buildFolder, runTool, sources } from "./peers/toolchain.ts";
import { denoRun, wholeRuns, withPackage } from "./whole_run.ts";

const ANSWER = "an answer";

/** Makes the command of one row, given the path to connect to; what it owns is released afterwards. */
type Prepare = (path: string) => Promise<{ command: readonly string[]; owned?: AsyncDisposable }>;

const rows: readonly { id: string; label: string; prepare: Prepare }[] = [
  { id: "module", label: "@denet/unix, published package", prepare: prepareModule },
  { id: "deno", label: "Deno's own", prepare: (path) => fixed(denoRun(script("deno.ts"), path)) },
  {
    id: "node",
    label: "Node",
    prepare: async (path) => ({ command: [...await first(node), script("node.mjs"), path] }),
  },
  {
    id: "bun",
    label: "Bun",
    prepare: async (path) => ({ command: [...await first(bun), script("node.mjs"), path] }),
  },
  {
    id: "python",
    label: "Python",
    prepare: async (path) => ({ command: [...await first(python), script("python.py"), path] }),
  },
  { id: "c", label: "C", prepare: prepareC },
];

/** A program for a shell: it connects, sends one request, prints one answer and ends. */
export const oneshot: Work = {
  name: "oneshot",
  title: "a whole program: connect, one request, one answer, end",
  measure: milliseconds,
  baseline: "deno",
  targets: [{ subject: "module", against: "deno", by: "ratio", atMost: 1.3 }],
  chart: "bars",
  roundsFactor: 3,
  enter: () => Promise.resolve({ contenders: rows.map(contender), absent: [] as Absence[] }),
};

function contender({ id, label, prepare }: (typeof rows)[number]): Contender {
  return { id, label, start: () => start(prepare) };
}

async function start(prepare: Prepare): Promise<Runner> {
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "unix-bench-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const path = `${folder}/socket`;
  const listener = Deno.listen({ transport: "unix", path });
  stack.defer(() => listener.close());
  serve(listener);
  const { command, owned } = await prepare(path);
  if (owned) stack.use(owned);
  const runner = await wholeRuns(command, ANSWER);
  const kept = stack.move();
  return { ...runner, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** The service that is asked, the same for all. */
async function serve(listener: Deno.Listener): Promise<void> {
  const answer = new TextEncoder().encode(ANSWER);
  const question = new Uint8Array(64);
  for await (const conn of listener) {
    await conn.read(question);
    await conn.write(answer);
    conn.close();
  }
}

async function prepareModule(path: string): ReturnType<Prepare> {
  const program = await withPackage(await Deno.readTextFile(script("module.ts")));
  return { command: denoRun(program.path, path), owned: program };
}

async function prepareC(path: string): ReturnType<Prepare> {
  await Deno.mkdir(buildFolder, { recursive: true });
  const program = `${buildFolder}oneshot-c`;
  await runTool(Deno.env.get("CC") ?? "cc", ["-O2", "-o", program, script("main.c")]);
  return { command: [program, path] };
}

/** The program that runs a peer's scripts. */
async function first(peer: Parameters<typeof prepare>[0]): Promise<[string]> {
  const [program] = (await prepare(peer)).command;
  if (program === undefined) throw new Unable("missing", `${peer.label} has no program`);
  return [program];
}

function fixed(command: readonly string[]): ReturnType<Prepare> {
  return Promise.resolve({ command });
}

function script(name: string): string {
  return `${sources("oneshot")}${name}`;
}
