import { connect } from "@denet/unix/unix";
import { Bus, DAEMON } from "../examples/dbus/bus.ts";
import { entryOf, TOOLS } from "../tools/permissions.ts";
import { cpuTimeOf } from "./harness/cpu.ts";
import { microseconds, milliseconds } from "./harness/measures.ts";
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

/** What a client's messages go through, if anything; `socat` passes bytes only. */
const ways: readonly {
  id: string;
  label: string;
  proxy?: (from: string, to: string) => string[];
}[] = [
  { id: "direct", label: "straight to dbus-daemon" },
  {
    id: "unixtap",
    label: "through unixtap, all printed",
    proxy: (from, to) => [
      ...[Deno.execPath(), "run", "--no-prompt", ...TOOLS.unixtap, entryOf("unixtap").pathname],
      ...["--type", "stream", "--output", "/dev/null", from, to],
    ],
  },
  {
    id: "socat",
    label: "through socat, nothing printed",
    proxy: (from, to) => ["socat", `UNIX-LISTEN:${from},fork`, `UNIX-CONNECT:${to}`],
  },
];

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
  return ways.map(({ id, label, proxy }) => ({
    id,
    label,
    start: async () => {
      await using stack = new AsyncDisposableStack();
      const folder = await Deno.makeTempDir({ prefix: "unix-bench-" });
      stack.defer(() => Deno.remove(folder, { recursive: true }));
      const [bus, tapped] = [`${folder}/bus`, `${folder}/tapped`];
      const daemon = ["dbus-daemon", "--session", "--nofork", "--nopidfile"];
      const started = [await start([...daemon, `--address=unix:path=${bus}`], bus, stack)];
      if (proxy) started.push(await start(proxy(tapped, bus), tapped, stack));
      const pids = id === "socat" ? undefined : started;
      const path = proxy ? tapped : bus;
      const round = await measuring({ path, pids, settings, stack });
      const owned = stack.move();
      const runner: Runner = { round, [Symbol.asyncDispose]: () => owned.disposeAsync() };
      return runner;
    },
  }));
}

/** Start a program and wait until it listens; its process id. */
async function start(
  [command = "", ...args]: string[],
  socket: string,
  stack: AsyncDisposableStack,
): Promise<number> {
  const child = spawn(command, args);
  stack.defer(async () => {
    child.kill();
    await child.status;
  });
  let ended = false;
  child.status.then(() => ended = true);
  while (!await listens(socket)) {
    if (ended) throw new Unable("failed", `${command} has ended`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return child.pid;
}

/** The file of the socket is there a little earlier. */
async function listens(socket: string): Promise<boolean> {
  try {
    (await connect(socket)).close();
    return true;
  } catch (error) {
    const { NotFound, ConnectionRefused } = Deno.errors;
    if (error instanceof NotFound || error instanceof ConnectionRefused) return false;
    throw error;
  }
}

function spawn(command: string, args: string[]): Deno.ChildProcess {
  try {
    // Deno looks for a newer version soon after its start: not in the middle of a measurement.
    const env = { DENO_NO_UPDATE_CHECK: "1" };
    return new Deno.Command(command, { args, env, stdin: "null", stdout: "null", stderr: "null" })
      .spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Unable("missing", `${command} is not installed`);
  }
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
