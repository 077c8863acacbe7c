/**
 * Measures this module beside other runtimes and languages. `bench/README.md` says how to read
 * the figures.
 *
 * @module
 */

import { parse, type Request, usage } from "./harness/arguments.ts";
import { chart } from "./harness/chart.ts";
import { computing } from "./harness/computing.ts";
import { type Machine, machine } from "./harness/machine.ts";
import { Progress } from "./harness/progress.ts";
import { type Report, report, type WorkReport } from "./harness/report.ts";
import { measure } from "./harness/rounds.ts";
import { table } from "./harness/table.ts";
import type { Settings, Work } from "./harness/types.ts";
import { reasonOf } from "../tests/util/arguments.ts";
import { taskTempDir } from "../tests/util/tempdir.ts";
import { peers } from "./peers/mod.ts";
import { works } from "./works.ts";

/** Runs one work from the preparation of its peers to its report. */
async function runWork(work: Work, settings: Settings, place: string): Promise<WorkReport> {
  const progress = new Progress(`${place} ${work.name}`);
  progress.step("preparing the peers");
  const { contenders, absent } = await work.enter(settings);
  const rounds = Math.max(1, Math.round(settings.rounds * (work.roundsFactor ?? 1)));
  const { measured, failed } = await measure(contenders, rounds, progress, work.startsAnew);
  progress.end();
  return report(work, measured, [...absent, ...failed]);
}

function chosen(names: readonly string[]): Work[] {
  if (names.length === 0) return [...works];
  return names.map((name) => {
    const found = works.find((work) => work.name === name);
    if (found) return found;
    const list = works.map((work) => work.name).join(", ");
    throw new TypeError(`Cannot run "${name}": the works are ${list}`);
  });
}

async function write(result: Report, request: Request): Promise<void> {
  if (request.json !== undefined) {
    await Deno.writeTextFile(request.json, JSON.stringify(result, null, 2) + "\n");
  }
  if (request.svg === undefined) return;
  await Deno.mkdir(request.svg, { recursive: true });
  for (const work of result.works) {
    await Deno.writeTextFile(`${request.svg}/${work.name}.svg`, chart(work, result));
  }
}

async function run(request: Request): Promise<void> {
  const { settings } = request;
  const where: Machine = machine();
  const selected = chosen(request.works);
  const result: Report = {
    machine: where,
    rounds: settings.rounds,
    roundTime: settings.roundTime / 1e6,
    works: [],
  };
  // What the peers make goes there as well.
  using temporary = taskTempDir();
  Deno.env.set("TMPDIR", temporary.path);
  await using _ = computing(settings.beside);
  for (const [i, work] of selected.entries()) {
    const one = await runWork(work, settings, `[${i + 1}/${selected.length}]`);
    result.works.push(one);
    console.log(table(one));
  }
  await write(result, request);
}

function list(): void {
  for (const work of works) console.log(`${work.name.padEnd(18)}${work.title}`);
  console.log(`\npeers: ${[...peers.keys()].join(", ")}`);
}

async function main(args: readonly string[]): Promise<number> {
  let request: Request;
  try {
    request = parse(args);
    chosen(request.works);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    console.error(`${reasonOf(error)}\n\n${usage}`);
    return 2;
  }
  if (request.list) list();
  else await run(request);
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
