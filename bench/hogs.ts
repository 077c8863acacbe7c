import { computing } from "./harness/computing.ts";
import { enter, type Entered } from "./harness/entries.ts";
import { planEntry } from "./harness/launch.ts";
import { microseconds, milliseconds } from "./harness/measures.ts";
import { type Answer, PeerProcess } from "./harness/process.ts";
import type { Runner, Target, Work } from "./harness/types.ts";

/** Numbers of processes that compute beside. */
const BESIDE = [0, 1, 2, 6];

/** Operations in one round: enough for every turn that is long to show. */
const OPERATIONS = 200;

const entries = BESIDE.flatMap((count) =>
  ["module", "deno"].map((peer) => ({
    peer,
    variant: `${count}`,
    note: `beside ${count}`,
    beside: count,
  }))
);

function targets(by: Target["by"], atMost: number): Target[] {
  return BESIDE.map((count) => ({
    subject: `module:${count}`,
    against: `deno:${count}`,
    by,
    atMost,
  }));
}

/** How long 40 answers take while others compute. */
export const fanOut: Work = work({
  name: "hogs",
  title: "64 bytes to 40 peers and back at once, one process, beside 0, 1, 2 and 6 that compute",
  measure: microseconds,
  targets: targets("ratio", 1),
}, ({ wall }) => wall / OPERATIONS);

/** What one in a hundred takes longer than. */
export const fanOutP99: Work = work({
  name: "hogs-p99",
  title: "the 99th percentile of that",
  measure: microseconds,
  targets: targets("ratio", 1),
}, ({ p99 }) => p99 ?? NaN);

/** For how long the event loop is away meanwhile. */
export const longestTurn: Work = work({
  name: "hogs-turn",
  title: "the longest turn of the event loop in a round of that",
  measure: milliseconds,
  targets: targets("difference", 20),
}, ({ longest }) => longest ?? NaN);

function work(
  parts: Pick<Work, "name" | "title" | "measure" | "targets">,
  value: (answer: Answer) => number,
): Work {
  return {
    ...parts,
    baseline: "deno:0",
    chart: "bars",
    enter: (settings) => enter("hogs", entries, settings, (entered) => start(entered, value)),
  };
}

async function start(entered: Entered, value: (answer: Answer) => number): Promise<Runner> {
  await using stack = new AsyncDisposableStack();
  const { plan } = await planEntry({ program: "hogs", processes: 1 }, entered);
  stack.use(plan.cleanup);
  const client = stack.use(await PeerProcess.start(plan.client));
  await client.run(OPERATIONS);
  const kept = stack.move();
  return {
    round: async () => {
      await using _ = computing(entered.entry.beside ?? 0);
      return { value: value(await client.run(OPERATIONS)) };
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
