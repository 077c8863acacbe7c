/**
 * Changes the program, a statement at a time, and looks whether a test notices:
 *
 *     deno task mutants [--count 40] [--seed N] [--jobs N] [--all] [--at-least 0] [--minutes N] [FILE|FOLDER…]
 *
 * Each change is made in a copy of the project, which then runs the test files that run the changed line
 * (`deno task coverage` has measured which those are, or does so now), up to the first that fails: the one of
 * the same name first, then those of the same folder, then all others, quick ones first, a hundred
 * seconds' worth (with `--all`, each of them). The last lines are the score and the changes that no test noticed.
 * Changes that no test could notice are not made; they are listed with the reasons in `equivalent.ts` and `places.ts`.
 *
 * Without folders, the changes are drawn from all of `lib/` and `ffi/`. The same seed draws the same changes
 * from the same sources.
 *
 * @module
 */

import { kept, type Run, type RunLines } from "../coverage/lines.ts";
import { chosenSeed, Random } from "../hostile/random.ts";
import { publishedFiles, read, ROOT } from "../util/project.ts";
import { countOption, numberOption, refuse, taskArguments } from "../util/arguments.ts";
import { run } from "../util/stop.ts";
import { taskTempDir } from "../util/tempdir.ts";
import { runTestFile } from "../util/test_file.ts";
import { apply, type Change, changesOf } from "./changes.ts";
import { Choice } from "./choice.ts";
import { whyNot } from "./equivalent.ts";

const { values, positionals } = taskArguments({
  options: {
    count: { type: "string", default: "40" },
    seed: { type: "string" },
    jobs: { type: "string", default: `${navigator.hardwareConcurrency}` },
    all: { type: "boolean", default: false },
    "at-least": { type: "string", default: "0" },
    minutes: { type: "string", default: "Infinity" },
  },
});

const strange = positionals.find((it) => !/^(?:lib|ffi)(?:\/|$)/.test(it));
if (strange !== undefined) {
  refuse(`Cannot change "${strange}": give files or folders of lib or ffi`);
}
const count = countOption("count", values.count);
const jobs = countOption("jobs", values.jobs);
const seed = values.seed === undefined ? chosenSeed() : countOption("seed", values.seed, 0);
const atLeast = numberOption("at-least", values["at-least"], 0);

/** Tables are compared with the headers of the system, which is another task's work. */
const NOT_CHANGED =
  /^(?:mod\.ts|ffi\/platform\/|ffi\/symbols\.ts|lib\/unix\/constants\.ts|.*\/types\.ts)/;

/** How long a changed program may take for the tests of a file, compared with the usual limit. */
const SLOWER = 1 / 3;

/** How many seconds of tests a change is tried with. */
const ENOUGH = 100;

interface Outcome {
  readonly change: Change;
  /** The test file that noticed. */
  readonly by: string | undefined;
}

const coverage = await measured();

/** A copy of the project that changes are made in. */
class Copy {
  constructor(readonly path: string) {
    Deno.mkdirSync(path, { mode: 0o755 });
    const script = "git ls-files -z --cached --others --exclude-standard | " +
      'tar --create --null --ignore-failed-read --files-from=- | tar --extract --directory="$1"';
    const { success } = new Deno.Command("sh", { args: ["-c", script, "sh", this.path], cwd: ROOT })
      .outputSync();
    if (!success) throw new Error("Cannot copy the project");
    for (const it of ["tests/.build", "ffi/abi/target", "ffi/abi/bindings"]) this.#link(it);
    Deno.mkdirSync(`${this.path}/t`, { mode: 0o755 });
    Deno.chmodSync(this.path, 0o755);
  }

  /** What is built once serves all copies. */
  #link(path: string): void {
    Deno.mkdirSync(new URL(path, ROOT), { recursive: true });
    Deno.symlinkSync(new URL(path, ROOT).pathname, `${this.path}/${path}`);
  }

  /** Make a change and run test files, up to the first that fails. */
  async try(change: Change): Promise<Outcome> {
    const path = `${this.path}/${change.file}`;
    const text = Deno.readTextFileSync(path);
    try {
      for (const run of asked.get(change) ?? []) {
        if (usable.get(run) === false) continue;
        Deno.writeTextFileSync(path, apply(text, change));
        if (await this.#passes(run)) continue;
        Deno.writeTextFileSync(path, text);
        if (await this.#passesUnchanged(run)) return { change, by: run.test };
      }
      return { change, by: undefined };
    } finally {
      Deno.writeTextFileSync(path, text);
    }
  }

  /** Whether a run that fails with a change passes without: looked at once for each. */
  async #passesUnchanged(run: RunLines): Promise<boolean> {
    const known = usable.get(run) ?? await this.#passes(run);
    usable.set(run, known);
    if (!known) console.log(`not asked: ${run.test} fails without a change`);
    return known;
  }

  /** Whether the tests of a file pass. */
  async #passes({ test, preload }: Run): Promise<boolean> {
    const { counts } = await runTestFile(test, {
      args: [
        "--v8-flags=--expose-gc",
        "--fail-fast",
        ...preload === undefined ? [] : [`--preload=${preload}`],
      ],
      temporary: `${this.path}/t`,
      slower: SLOWER,
      root: new URL(`file://${this.path}/`),
    });
    return counts.failed === 0;
  }
}

/** Whether the runs that failed with a change pass without one. */
const usable = new Map<RunLines, boolean>();

/** What was measured last, or, without that, what is measured now. */
async function measured(): Promise<Choice> {
  if (kept() === undefined) {
    console.log("Looking which test runs which lines: `deno task coverage`");
    const args = ["run", "--allow-all", "tests/coverage/main.ts"];
    await run(Deno.execPath(), { args, cwd: ROOT, stdout: "null" });
  }
  const found = kept();
  if (found === undefined) throw new Error("Cannot choose tests: nothing was measured");
  return new Choice(found, read);
}

function candidates(): Change[] {
  const inside = (file: string): boolean =>
    positionals.length === 0 || positionals.some((it) => file === it || file.startsWith(`${it}/`));
  return publishedFiles().filter((it) => !NOT_CHANGED.test(it) && inside(it))
    .flatMap((it) => changesOf(it, read(it)));
}

function draw(from: Change[], count: number, random: Random): Change[] {
  const rest = [...from];
  return Array.from({ length: Math.min(count, rest.length) }, () => {
    const [change] = rest.splice(random.below(rest.length), 1);
    if (change === undefined) throw new RangeError("There is nothing to draw from");
    return change;
  });
}

function describe({ file, line, was, text }: Change): string {
  const short = (it: string): string => it.length > 60 ? `${it.slice(0, 57)}...` : it;
  return `${file}:${line}: ${short(was)}  →  ${text === ";" ? "(nothing)" : short(text)}`;
}

/** From the start of the program on: choosing the tests counts, too. */
const deadline = Number(values.minutes) * 60_000;

/** Work through a queue with every copy, until the time is over. */
async function each<T>(
  copies: Copy[],
  items: readonly T[],
  work: (copy: Copy, item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  await Promise.all(copies.map(async (copy) => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      if (performance.now() > deadline) return;
      await work(copy, item);
    }
  }));
}

/** The tests that are asked about each change: chosen before the files may change. */
const asked = new Map<Change, RunLines[]>();

const random = new Random(seed);
const drawn = draw(candidates(), count, random);
const changes = drawn.filter((it) => whyNot(it) === undefined);
for (const it of changes) asked.set(it, coverage.runsFor(it, values.all ? Infinity : ENOUGH));
if (changes.length === 0) {
  console.error(
    `Cannot change anything in ${positionals.join(", ")}: give files or folders of lib or ffi`,
  );
  Deno.exit(2);
}
console.log(
  `${drawn.length} changes, seed ${random.seed}; ${drawn.length - changes.length} of them ` +
    "could not be seen (tests/mutants/places.ts says why)",
);

using temporary = taskTempDir();
Deno.chmodSync(temporary.path, 0o755);
const copies = Array.from({ length: jobs }, (_, i) => new Copy(temporary.join(`${i}`)));

const outcomes: Outcome[] = [];
await each(copies, changes, async (copy, change) => {
  const outcome = await copy.try(change);
  outcomes.push(outcome);
  console.log(
    `${outcome.by ? "seen  " : "UNSEEN"} ${describe(change)}${
      outcome.by ? `  (${outcome.by})` : ""
    }`,
  );
});

const unseen = outcomes.filter((it) => it.by === undefined);
const score = (outcomes.length - unseen.length) / outcomes.length * 100;
if (unseen.length > 0) console.log(`\nNo test noticed:`);
for (const { change } of unseen) console.log(`  ${describe(change)}`);
const failed = score < atLeast ? 1 : 0;
console.log(`\nscore: ${score.toFixed(0)} percent, seed ${random.seed}`);
console.log(
  `${failed ? "FAILED" : "ok"} | ${outcomes.length - unseen.length} passed | ${failed} failed`,
);
Deno.exitCode = failed;
