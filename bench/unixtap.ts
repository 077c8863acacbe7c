import { connect } from "@denet/unix/unix";
import { Bus, DAEMON } from "../examples/dbus/bus.ts";
import { cpuTimeOf } from "./harness/cpu.ts";
import { microseconds, milliseconds } from "./harness/measures.ts";
import { spawn, start, startProxy, WAYS } from "./proxies.ts";
import {
  type Contender,
  type Runner,
  type Sample,
  type Settings,
  Unable,
  type Work,
} from "./harness/types.ts";

/** A method of the daemon's own. */
const METHOD = "GetId";

// Before the first round, so that the code of the program between the two is compiled by then.
const WARM_UP_CALLS = 500;
const WARM_UP_PROGRAMS = 10;

/** One call and its answer. */
export const unixtap: Work = {
  name: "unixtap",
  title: "a D-Bus method call and its answer, with and without a program in between",
  measure: microseconds,
  baseline: "direct",
  targets: [{ subject: "unixtap", against: "direct", by: "ratio", atMost: 2.5 }],
  chart: "bars",
  enter: (settings) => Promise.resolve({ contenders: contenders(calls, settings), absent: [] }),
};

/** A whole program. */
export const unixtapProgram: Work = {
  name: "unixtap-program",
  title: "a whole run of busctl, which asks the bus for all names, with and without unixtap",
  measure: milliseconds,
  baseline: "direct",
  targets: [{ subject: "unixtap", against: "direct", by: "ratio", atMost: 1.25 }],
  chart: "bars",
  roundsFactor: 2,
  enter: (settings) => Promise.resolve({ contenders: contenders(programs, settings), absent: [] }),
};

/** Where a measurement takes place: what it connects to, and the other processes it needs. */
interface Place {
  readonly path: string;
  /** `undefined` where a process of theirs does the work. */
  readonly pids: readonly number[] | undefined;
  readonly settings: Settings;
  readonly stack: AsyncDisposableStack;
}

type Round = () => Promise<Sample>;

function contenders(measuring: (place: Place) => Promise<Round>, settings: Settings): Contender[] {
  return WAYS.map((way) => ({
    id: way.id,
    label: way.proxy ? way.label : "straight to dbus-daemon",
    start: async () => {
      await using stack = new AsyncDisposableStack();
      const folder = await Deno.makeTempDir({ prefix: "unix-bench-" });
      stack.defer(() => Deno.remove(folder, { recursive: true }));
      const [bus, tapped] = [`${folder}/bus`, `${folder}/tapped`];
      const daemon = ["dbus-daemon", "--session", "--nofork", "--nopidfile"];
      const server = await start([...daemon, `--address=unix:path=${bus}`], bus, stack);
      const { path, pid } = await startProxy(way, tapped, bus, stack);
      const pids = way.forks ? undefined : [server, ...(pid === undefined ? [] : [pid])];
      const round = await measuring({ path, pids, settings, stack });
      const owned = stack.move();
      const runner: Runner = { round, [Symbol.asyncDispose]: () => owned.disposeAsync() };
      return runner;
    },
  }));
}

async function calls({ path, pids, settings, stack }: Place): Promise<Round> {
  const { bus } = await Bus.open(stack.use(await connect(path)));
  for (let i = 0; i < WARM_UP_CALLS; i++) await bus.call(DAEMON, METHOD);
  return async () => {
    const before = pids && cpuTimeOf([Deno.pid, ...pids]);
    const start = performance.now();
    const end = start + settings.roundTime / 1e6;
    let count = 0;
    for (; performance.now() < end; count++) await bus.call(DAEMON, METHOD);
    const value = (performance.now() - start) * 1e6 / count;
    const after = pids && cpuTimeOf([Deno.pid, ...pids]);
    if (before === undefined || after === undefined) return { value };
    return { value, cpu: (after - before) / count };
  };
}

async function programs({ path }: Place): Promise<Round> {
  const args = [`--address=unix:path=${path}`, "--no-pager", "list"];
  const round = async () => {
    const start = performance.now();
    const { success } = await spawn("busctl", args).status;
    if (!success) throw new Unable("failed", "busctl cannot ask the bus");
    return { value: (performance.now() - start) * 1e6 };
  };
  for (let i = 0; i < WARM_UP_PROGRAMS; i++) await round();
  return round;
}
