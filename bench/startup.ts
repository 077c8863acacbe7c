import { install } from "../.ci/install.ts";
import { milliseconds } from "./harness/measures.ts";
import { type Absence, type Contender, type Runner, Unable, type Work } from "./harness/types.ts";

const programs = [
  { id: "empty", label: "empty program" },
  { id: "package", label: "import of the package" },
  { id: "import", label: "import of the sources" },
  { id: "first_call", label: "import, first call" },
  { id: "first_wait", label: "import, first wait" },
  { id: "deno_wait", label: "Deno's own, first wait" },
];

/** Whole runs of small programs, from the start of the process to its end. */
export const startup: Work = {
  name: "startup",
  title: "whole run of a program: empty, importing the module, calling it once, waiting once",
  measure: milliseconds,
  baseline: "empty",
  targets: [
    { subject: "package", against: "empty", by: "difference", atMost: 5 },
    { subject: "import", against: "empty", by: "difference", atMost: 5 },
    { subject: "first_call", against: "import", by: "difference", atMost: 5 },
  ],
  chart: "bars",
  // A round is one start of a few dozen milliseconds.
  roundsFactor: 3,
  enter: () => Promise.resolve({ contenders: programs.map(contender), absent: [] as Absence[] }),
};

function contender({ id, label }: { id: string; label: string }): Contender {
  if (id === "package") return { id, label, start: startPackage };
  const program = new URL(`./peers/startup/${id}.ts`, import.meta.url).pathname;
  return { id, label, start: () => start(program) };
}

/** What users get from JSR: `deno task pack`. */
async function startPackage(): Promise<Runner> {
  const folder = Deno.makeTempDirSync();
  await install(folder);
  const program = `${folder}/main.ts`;
  Deno.writeTextFileSync(program, 'import "@denet/unix";\n');
  return {
    ...await start(program),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

// The first runs compile the program and fill Deno's caches.
async function start(program: string): Promise<Runner> {
  for (let i = 0; i < 3; i++) await wholeRun(program);
  return {
    round: async () => ({ value: await wholeRun(program) }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function wholeRun(program: string): Promise<number> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", program],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  });
  const start = performance.now();
  const output = await command.output();
  const wall = (performance.now() - start) * 1e6;
  if (output.success) return wall;
  const [reason = ""] = new TextDecoder().decode(output.stderr).trim().split("\n", 1);
  throw new Unable("failed", reason);
}
