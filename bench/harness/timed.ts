import { cpuTimeOf } from "./cpu.ts";
import { type Launch, PeerProcess } from "./process.ts";
import type { Runner, Sample } from "./types.ts";

/** How a timed contender's processes are started. */
export interface TimedPlan {
  /** Started first; it only answers the client. */
  server?: Launch;
  /** Runs the operations and takes the time. */
  client: Launch;
  roundTime: number;
  /** Called once before the first round, with the client's process. */
  prepare?: (client: PeerProcess) => Promise<void>;
  /** Released with the processes. */
  cleanup: AsyncDisposableStack;
}

/** Starts the processes, warms them up and finds how many operations fill one round. */
export async function startTimed(plan: TimedPlan): Promise<Runner> {
  await using stack = new AsyncDisposableStack();
  stack.use(plan.cleanup);
  const pids: number[] = [];
  if (plan.server) {
    const server = stack.use(await PeerProcess.start(plan.server));
    pids.push(server.pid);
  }
  const client = stack.use(await PeerProcess.start(plan.client));
  pids.push(client.pid);
  await plan.prepare?.(client);
  const operations = await calibrate(client, plan.roundTime);
  const owned = stack.move();
  return {
    round: () => timedRound(client, pids, operations),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

// Just-in-time compilers need some hundred milliseconds before they show their final speed.
async function calibrate(client: PeerProcess, roundTime: number): Promise<number> {
  let operations = 8;
  let spent = 0;
  for (;;) {
    const { wall } = await client.run(operations);
    spent += wall;
    if (spent >= 3 * roundTime && wall >= roundTime / 4) {
      return Math.max(1, Math.round(operations * roundTime / wall));
    }
    const growth = Math.min(4, Math.max(1, roundTime / Math.max(wall, 1)));
    operations = Math.ceil(operations * growth);
  }
}

async function timedRound(
  client: PeerProcess,
  pids: readonly number[],
  operations: number,
): Promise<Sample> {
  const before = cpuTimeOf(pids);
  const { wall } = await client.run(operations);
  const after = cpuTimeOf(pids);
  const sample: Sample = { value: wall / operations };
  if (before !== undefined && after !== undefined) sample.cpu = (after - before) / operations;
  return sample;
}
