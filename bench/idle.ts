import { enter, type Entered, type Entry } from "./harness/entries.ts";
import { holdIdle } from "./harness/holder.ts";
import { planEntry } from "./harness/launch.ts";
import { microseconds } from "./harness/measures.ts";
import { startTimed } from "./harness/timed.ts";
import type { Absence, Contender, Runner, Settings, Work } from "./harness/types.ts";

const layout = { program: "idle", processes: 1 } as const;
const names = ["module", "deno", "node", "bun", "python", "go", "c"];

/** One active pair in a process in which many other sockets wait. */
export const idle: Work = {
  name: "idle",
  title: "round trip of 64 bytes in a process with N idle waiting sockets",
  measure: microseconds,
  baseline: "deno@0",
  targets: [{ subject: "module@10000", against: "module@0", by: "ratio", atMost: 1.1 }],
  chart: "curve",
  enter: enterAll,
};

async function enterAll(
  settings: Settings,
): Promise<{ contenders: Contender[]; absent: Absence[] }> {
  const counts = settings.quick ? [0, 10] : [0, 10, 100, 1000, 10_000];
  const contenders: Contender[] = [];
  const absent: Absence[] = [];
  for (const count of counts) {
    const entered = await enter("idle", names.map(entry), settings, (one) => start(one, count));
    contenders.push(...entered.contenders.map((contender) => at(contender, count)));
    // The same peers are absent for every count.
    if (absent.length === 0) absent.push(...entered.absent);
  }
  return { contenders, absent };
}

function entry(peer: string): Entry {
  return { peer };
}

function at(contender: Contender, count: number): Contender {
  const shown = count.toLocaleString("en");
  return { ...contender, id: `${contender.id}@${count}`, label: `${contender.label}, ${shown}` };
}

async function start(entered: Entered, count: number): Promise<Runner> {
  const { plan, path } = await planEntry(layout, entered);
  plan.prepare = async (client): Promise<void> => {
    plan.cleanup.use(await holdIdle(client, path, count));
  };
  return await startTimed(plan);
}
