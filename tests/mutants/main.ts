/**
 * Changes the program, a statement at a time, and looks whether a test notices:
 *
 *     deno task mutants [--count 40] [--seed N] [--jobs N] [--all] [--at-least 0] [FILE|FOLDER…]
 *
 * Each change is made in a copy of the project, which then runs the tests of the same name, and those of
 * the folders around those, up to the first that fails. With `--all`, what these let pass goes through
 * all other tests as well. The last lines are the score and the changes that no test noticed; some of them
 * change nothing that could be seen.
 *
 * Without folders, the changes are drawn from all of `lib/` and `ffi/`. The same seed draws the same changes
 * from the same sources.
 *
 * @module
 */

import { dirname } from "@std/path/posix/dirname";
import { parseArgs } from "node:util";
import { chosenSeed, Random } from "../hostile/random.ts";
import { filesIn, publishedFiles, read, ROOT } from "../util/project.ts";
import { endAll, runTestFile } from "../util/test_file.ts";
import { apply, type Change, changesOf } from "./changes.ts";

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    count: { type: "string", default: "40" },
    seed: { type: "string" },
    jobs: { type: "string", default: `${navigator.hardwareConcurrency}` },
    all: { type: "boolean", default: false },
    "at-least": { type: "string", default: "0" },
  },
});

/** Tests that say nothing of a change, or take too long for what they say. */
const NOT_ASKED =
  /^tests\/(?:hostile|load|links|mutants|bench_test|jsr_test|pack_test|util_test|architecture_test)/;
const TESTS = filesIn("tests").filter((it) => it.endsWith("_test.ts") && !NOT_ASKED.test(it));

/** Tables are compared with the headers of the system, which is another task's work. */
const NOT_CHANGED =
  /^(?:mod\.ts|ffi\/platform\/|ffi\/symbols\.ts|lib\/unix\/constants\.ts|.*\/types\.ts)/;

/** How long a changed program may take for the tests of a file, compared with the usual limit. */
const PATIENCE = 1 / 3;

interface Outcome {
  readonly change: Change;
  /** The test file that noticed. */
  readonly by: string | undefined;
}

/** A copy of the project that changes are made in. */
class Copy implements Disposable {
  readonly path = Deno.makeTempDirSync({ dir: "/tmp", prefix: "denet-" });

  constructor() {
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
    const text = read(change.file);
    Deno.writeTextFileSync(path, apply(text, change));
    try {
      for (const by of testsFor(change.file)) if (!await this.passes(by)) return { change, by };
      return { change, by: undefined };
    } finally {
      Deno.writeTextFileSync(path, text);
    }
  }

  /** Whether the tests of a file pass. */
  async passes(file: string): Promise<boolean> {
    const { counts } = await runTestFile(file, {
      args: ["--v8-flags=--expose-gc", "--fail-fast"],
      temporary: `${this.path}/t`,
      slower: PATIENCE,
      root: new URL(`file://${this.path}/`),
    });
    return counts.failed === 0;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** The tests of the same name, of the folders around it, inner ones first, and, if asked for, all others. */
function testsFor(file: string): string[] {
  const own = `tests/${file.replace(/^lib\//, "").replace(/\.ts$/, "_test.ts")}`;
  const tests = new Set([own]);
  for (let folder = dirname(own); folder !== "tests"; folder = dirname(folder)) {
    for (const it of TESTS) if (it.startsWith(`${folder}/`)) tests.add(it);
  }
  if (values.all) { for (const it of TESTS) tests.add(it); }
  return [...tests].filter((it) => TESTS.includes(it) && !unusable.has(it));
}

/** Test files that fail without any change. */
const unusable = new Set<string>();

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

/** Work through a queue with every copy. */
async function each<T>(
  copies: Copy[],
  items: readonly T[],
  work: (copy: Copy, item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  await Promise.all(copies.map(async (copy) => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(copy, item);
  }));
}

const random = new Random(values.seed === undefined ? chosenSeed() : Number(values.seed));
const changes = draw(candidates(), Number(values.count), random);
if (changes.length === 0) {
  console.error(
    `Cannot change anything in ${positionals.join(", ")}: give files or folders of lib or ffi`,
  );
  Deno.exit(2);
}
console.log(`${changes.length} changes, seed ${random.seed}`);

using stack = new DisposableStack();
const copies = Array.from({ length: Number(values.jobs) }, () => stack.use(new Copy()));
const interrupted = (): never => {
  endAll();
  stack.dispose();
  Deno.exit(130);
};
Deno.addSignalListener("SIGINT", interrupted);
Deno.addSignalListener("SIGTERM", interrupted);

await each(
  copies,
  [...new Set(changes.flatMap(({ file }) => testsFor(file)))],
  async (copy, file) => {
    if (await copy.passes(file)) return;
    unusable.add(file);
    console.log(`not asked: ${file} fails without a change`);
  },
);
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
Deno.removeSignalListener("SIGINT", interrupted);
Deno.removeSignalListener("SIGTERM", interrupted);

const unseen = outcomes.filter((it) => it.by === undefined);
const score = (outcomes.length - unseen.length) / outcomes.length * 100;
if (unseen.length > 0) console.log(`\nNo test noticed:`);
for (const { change } of unseen) console.log(`  ${describe(change)}`);
const failed = score < Number(values["at-least"]) ? 1 : 0;
console.log(`\nscore: ${score.toFixed(0)} percent, seed ${random.seed}`);
console.log(
  `${failed ? "FAILED" : "ok"} | ${outcomes.length - unseen.length} passed | ${failed} failed`,
);
Deno.exitCode = failed;
