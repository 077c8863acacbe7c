import { connect, listen } from "@denet/unix/unix";
import type { Socket } from "@denet/unix";
import { anonymousMemory } from "./harness/cpu.ts";
import { bytes, microseconds, throughput } from "./harness/measures.ts";
import { type Answer, PeerProcess } from "./harness/process.ts";
import {
  type Contender,
  type Runner,
  type Sample,
  type Settings,
  Unable,
  type Work,
} from "./harness/types.ts";
import { c } from "./peers/c.ts";
import { prepare } from "./peers/mod.ts";
import { startProxy, type Way, WAYS } from "./proxies.ts";

/** Messages in one round. */
const MESSAGES = 100_000;

/** One operation of `throughput`, and as many of them as make one GiB, in bytes. */
const PIECE = 1 << 16;
const PIECES = (1 << 30) / PIECE;

const CONNECTIONS = 1000;

/** What two programs of C say to each other. */
interface Conversation {
  readonly program: string;
  readonly variant: string;
  readonly operations: number;
  /** Of a round's answer. */
  value(answer: Answer, operations: number): number;
}

const meanTime = ({ wall }: Answer, operations: number): number => wall / operations;

/** Small messages and their answers. */
export const relaySmall: Work = work({
  name: "relay-small",
  title: "64 bytes to a server in C and back, 100,000 in a row, with and without a program between",
  measure: microseconds,
  targets: [{ subject: "unixtap", against: "socat", by: "ratio", atMost: 1.2 }],
}, { program: "roundtrip", variant: "timed", operations: MESSAGES, value: meanTime });

/** What one in a hundred of them takes longer than. */
export const relaySmallP99: Work = work({
  name: "relay-small-p99",
  title: "the 99th percentile of that",
  measure: microseconds,
  targets: [{ subject: "unixtap", against: "socat", by: "ratio", atMost: 2 }],
}, {
  program: "roundtrip",
  variant: "timed",
  operations: MESSAGES,
  value: ({ p99 }) => p99 ?? NaN,
});

/** Much data in one direction. */
export const relayBulk: Work = work({
  name: "relay-bulk",
  title: "one GiB to a server in C, with and without a program between",
  measure: throughput(PIECE),
  targets: [{ subject: "unixtap", against: "socat", by: "ratio", atLeast: 2 }],
}, { program: "throughput", variant: "", operations: PIECES, value: meanTime });

function work(
  parts: Pick<Work, "name" | "title" | "measure" | "targets">,
  conversation: Conversation,
): Work {
  return {
    ...parts,
    baseline: "socat",
    chart: "bars",
    roundsFactor: 1 / 3,
    enter: async (settings) => {
      try {
        const { command } = await prepare(c);
        const start = (way: Way) => converse(way, command, conversation, settings);
        return { contenders: eachWay(start), absent: [] };
      } catch (error) {
        if (!(error instanceof Unable)) throw error;
        return { contenders: [], absent: [{ ...c, kind: error.kind, reason: error.message }] };
      }
    },
  };
}

function eachWay(start: (way: Way) => Promise<Runner>): Contender[] {
  return WAYS.map((way) => ({ id: way.id, label: way.label, start: () => start(way) }));
}

async function converse(
  way: Way,
  program: readonly string[],
  conversation: Conversation,
  settings: Settings,
): Promise<Runner> {
  await using stack = new AsyncDisposableStack();
  const folder = await temporaryFolder(stack);
  const [target, tapped] = [`${folder}/target`, `${folder}/tapped`];
  const launch = (role: string, path: string) =>
    PeerProcess.start({
      command: [...program, conversation.program, role, path, conversation.variant],
    });
  stack.use(await launch("server", target));
  const { path } = await startProxy(way, tapped, target, stack);
  const client = stack.use(await launch("client", path));
  const operations = settings.quick ? 1000 : conversation.operations;
  // Compiles the code of the program between.
  await client.run(Math.ceil(operations / 10));
  const owned = stack.move();
  return {
    round: async () => ({ value: conversation.value(await client.run(operations), operations) }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** What a connection costs the program between. */
export const relayMemory: Work = {
  name: "relay-memory",
  title: "anonymous memory of the program between, per connection of 1,000 that have been used",
  measure: bytes,
  baseline: "socat",
  targets: [{ subject: "unixtap", against: "socat", by: "ratio", atMost: 1 }],
  chart: "bars",
  roundsFactor: 1 / 3,
  enter: (settings) =>
    Promise.resolve({
      contenders: eachWay((way) => Promise.resolve(growing(way, settings)))
        .filter(({ id }) => id !== "direct"),
      absent: [],
    }),
};

function growing(way: Way, settings: Settings): Runner {
  return {
    round: () => growth(way, settings.quick ? 100 : CONNECTIONS),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function growth(way: Way, count: number): Promise<Sample> {
  await using stack = new AsyncDisposableStack();
  const folder = await temporaryFolder(stack);
  const [target, tapped] = [`${folder}/target`, `${folder}/tapped`];
  const listener = stack.use(listen(target));
  void (async () => {
    for await (const it of listener) it.readable.pipeTo(it.writable).catch(() => {});
  })();
  const { path, pid = 0 } = await startProxy(way, tapped, target, stack);
  const clients = new DisposableStack();
  stack.defer(() => clients.dispose());
  const grow = async (by: number): Promise<void> => {
    for (let i = 0; i < by; i++) await useOnce(clients.use(await connect(path)));
  };
  // The first code that is loaded and the first pools are not for one connection.
  await grow(100);
  const before = memoryOf(pid);
  await grow(count);
  return { value: (memoryOf(pid) - before) / count };
}

async function useOnce(socket: Socket): Promise<void> {
  const message = new Uint8Array(64);
  await socket.send({ data: message });
  if (await socket.read(message) === null) throw new Unable("failed", "a connection has ended");
}

/** The memory of a process and its children. */
function memoryOf(pid: number): number {
  const children = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).split(" ");
  return [pid, ...children.filter((it) => it !== "").map(Number)]
    .reduce((sum, it) => sum + (anonymousMemory(it) ?? 0), 0);
}

async function temporaryFolder(stack: AsyncDisposableStack): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "unix-bench-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  return folder;
}
