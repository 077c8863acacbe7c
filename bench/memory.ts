import { anonymousMemory } from "./harness/cpu.ts";
import { enter, type Entered } from "./harness/entries.ts";
import { holdIdle } from "./harness/holder.ts";
import { planEntry } from "./harness/launch.ts";
import { bytes } from "./harness/measures.ts";
import { PeerProcess } from "./harness/process.ts";
import { plain } from "./harness/timed_work.ts";
import { type Runner, type Sample, Unable, type Work } from "./harness/types.ts";

const layout = { program: "idle", processes: 1 } as const;
const names = ["module", "deno", "deno-node", "node", "bun", "python", "go", "c"];

/** Growth of a process' memory with accepted sockets on which it waits. */
export const memory: Work = {
  name: "memory",
  title: "anonymous memory per idle waiting socket, outside the kernel",
  measure: bytes,
  baseline: "deno",
  targets: [{ subject: "module", against: "deno", by: "ratio", atMost: 0.6 }],
  chart: "bars",
  // Each round starts processes of its own, and memory varies little.
  roundsFactor: 1 / 3,
  enter: (settings) =>
    enter("memory", plain(...names), settings, (entered) => Promise.resolve(runner(entered))),
};

function runner(entered: Entered): Runner {
  const count = entered.settings.quick ? 100 : 9000;
  return {
    round: () => growth(entered, count),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function growth(entered: Entered, count: number): Promise<Sample> {
  await using stack = new AsyncDisposableStack();
  const { plan, path } = await planEntry(layout, entered);
  stack.use(plan.cleanup);
  const peer = stack.use(await PeerProcess.start(plan.client));
  // The first hundred load code and grow pools that do not grow again.
  stack.use(await holdIdle(peer, path, 100));
  await peer.run(1000);
  const before = await settled(peer);
  stack.use(await holdIdle(peer, path, count));
  return { value: (await settled(peer) - before) / count };
}

async function settled(peer: PeerProcess): Promise<number> {
  await peer.command("settle", 1);
  const size = anonymousMemory(peer.pid);
  if (size === undefined) throw new Unable("missing", "There is no /proc to read memory from");
  return size;
}
