import { milliseconds } from "./harness/measures.ts";
import type { Absence, Contender, Runner, Work } from "./harness/types.ts";
import { denoRun, wholeRuns, withPackage } from "./whole_run.ts";

const IMPORT = 'import { unix } from "@denet/unix";\n';
const CALL = `${IMPORT}const [a, b] = unix.socketpair();\n`;
const WAIT = `${CALL}const waiting = b.read(new Uint8Array(1));
await a.write(new Uint8Array(1));
await waiting;
`;
const CLOSE = "a.close();\nb.close();\n";

/** What a program with the published package does, each one thing more than the one before. */
const programs = [
  { id: "package", label: "import of the package", text: `${IMPORT}void unix;\n` },
  { id: "first_call", label: "import, first call", text: CALL + CLOSE },
  { id: "first_wait", label: "import, first call, first wait", text: WAIT + CLOSE },
];

const others = [
  { id: "import", label: "import of the sources" },
  { id: "deno_wait", label: "Deno's own, first wait" },
];

/** Whole runs of small programs: what each step adds. */
export const startup: Work = {
  name: "startup",
  title: "whole run of a program: empty, importing the package, calling it once, waiting once",
  measure: milliseconds,
  baseline: "empty",
  targets: [
    { subject: "package", against: "empty", by: "difference", atMost: 4 },
    { subject: "first_call", against: "package", by: "difference", atMost: 3 },
    { subject: "first_wait", against: "first_call", by: "difference", atMost: 2 },
  ],
  chart: "bars",
  // A round is one start of a few dozen milliseconds.
  roundsFactor: 3,
  enter: () =>
    Promise.resolve({
      contenders: [
        source({ id: "empty", label: "empty program" }),
        ...programs.map(packaged),
        ...others.map(source),
      ],
      absent: [] as Absence[],
    }),
};

function source({ id, label }: { id: string; label: string }): Contender {
  const path = new URL(`./peers/startup/${id}.ts`, import.meta.url).pathname;
  return { id, label, start: () => wholeRuns(denoRun(path)) };
}

function packaged({ id, label, text }: { id: string; label: string; text: string }): Contender {
  return { id, label, start: () => startPackaged(text) };
}

async function startPackaged(text: string): Promise<Runner> {
  const program = await withPackage(text);
  return {
    ...await wholeRuns(denoRun(program.path)),
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}
