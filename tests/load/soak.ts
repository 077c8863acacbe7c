/**
 * Mixed work for a long time: connections that come, exchange messages and descriptors, break off and are
 * given up, on streams and seqpacket sockets. Descriptors and memory must be as flat at the end as they
 * were after the first rounds.
 *
 *     deno task soak [--minutes 60] [--seed N] [--share 100]
 *
 * With a `share` below 100, it rests after each round, so that it works for so many percent of the time.
 *
 * @module
 */

import { unix } from "../../mod.ts";
import { countOption, numberOption, taskArguments } from "../util/arguments.ts";
import { countDescriptors } from "../util/descriptors.ts";
import { taskTempDir } from "../util/tempdir.ts";
import { exchange, Server } from "./client.ts";
import { LONGEST, tagged, writeFrame } from "./frames.ts";

const { values } = taskArguments({
  options: {
    minutes: { type: "string", default: "60" },
    seed: { type: "string", default: `${Date.now() % 1_000_000}` },
    share: { type: "string", default: "100" },
  },
}, 0);
const minutes = numberOption("minutes", values.minutes, 0);
const seed = countOption("seed", values.seed, 0);
const share = numberOption("share", values.share) / 100;

/** How much more memory than after the first rounds may be in use, in bytes. */
const MEMORY_MARGIN = 64 << 20;
/** The reactor and the thread pool open some descriptors later than others. */
const DESCRIPTOR_MARGIN = 8;

/** A small generator of numbers from 0 to `limit` - 1: with a seed, so that a failure comes again. */
let state = seed | 1;
function random(limit: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % limit;
}

const totals = { rounds: 0, connections: 0, messages: 0, descriptors: 0, broken: 0 };
let nextConnection = 1;

/** The usual case: everything arrives. */
async function whole(server: Server): Promise<void> {
  const traffic = { messages: 1 + random(400), filesEvery: 1 + random(20) };
  totals.descriptors += await exchange(server, nextConnection++, traffic);
  totals.messages += traffic.messages;
  totals.connections++;
}

/** A client that breaks off, with data on the way or half a message. */
async function broken(server: Server): Promise<void> {
  const connection = nextConnection++;
  const socket = await unix.connect(server.path, { type: server.type });
  const memory = new Uint8Array(LONGEST);
  const count = random(10);
  for (let i = 0; i < count; i++) {
    using file = tagged(connection, i);
    await socket.send({ data: writeFrame(memory, connection, i, true), files: [file] });
  }
  if (server.type === "stream") {
    await socket.send({ data: writeFrame(memory, connection, count, false).subarray(0, 20) });
  }
  if (random(2) === 0) socket.close(); // or it is left to the garbage collector
  totals.broken++;
}

/** Operations that are aborted, or end with their socket. */
async function aborted(server: Server): Promise<void> {
  using socket = await unix.connect(server.path, { type: server.type });
  const abort = new AbortController();
  const waits = Array.from(
    { length: 1 + random(5) },
    () => socket.receive({ files: 1, signal: abort.signal }).catch(() => {}),
  );
  if (random(2) === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  if (random(2) === 0) abort.abort();
  else socket.close();
  await Promise.all(waits);
  totals.broken++;
}

/** Descriptors that are not taken. */
async function untaken(): Promise<void> {
  const [a, b] = unix.socketpair({ type: random(2) === 0 ? "stream" : "dgram" });
  using file = tagged(0, 0);
  for (let i = 0; i < 20; i++) await a.send({ data: new Uint8Array(9), files: [file, file] });
  for (let i = 0; i < 5; i++) await b.receive({ files: 1 }).catch(() => {});
  await b.receive({ files: 2 }); // forgotten, as are the sockets
  if (random(2) === 0) b.close();
  a.close();
}

async function round(servers: readonly Server[]): Promise<void> {
  const works = Array.from({ length: 10 }, () => {
    const server = servers[random(servers.length)];
    if (server === undefined) return untaken();
    const work = [whole, whole, whole, broken, aborted][random(5)] ?? whole;
    return random(20) === 0 ? untaken() : work(server);
  });
  await Promise.all(works);
  totals.rounds++;
}

interface Usage {
  descriptors: number[];
  memory: number[];
}

/** Descriptors and memory, here and in each server, when everything has ended. */
async function usage(servers: readonly Server[]): Promise<Usage> {
  const states = await Promise.all(servers.map((server) => server.settled()));
  for (let i = 0; i < 5; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return {
    descriptors: [countDescriptors(), ...states.map((it) => it.descriptors)],
    memory: [Deno.memoryUsage().rss, ...states.map((it) => it.memory)],
  };
}

function show({ descriptors, memory }: Usage): string {
  const megabytes = memory.map((it) => Math.round(it / 2 ** 20));
  return `descriptors ${descriptors.join("/")}, memory ${megabytes.join("/")} MiB`;
}

const started = performance.now();
const elapsed = (): number => (performance.now() - started) / 60_000;

function log(text: string): void {
  const { connections, messages, descriptors, broken } = totals;
  console.log(
    `${elapsed().toFixed(1).padStart(5)} min  ${connections} connections, ${messages} messages, ` +
      `${descriptors} descriptors, ${broken} broken off; ${text}`,
  );
}

if (Deno.build.os !== "linux") {
  console.log("Nothing to soak: it uses seqpacket sockets, as on Linux");
  Deno.exit();
}
console.log(`Soaking for ${minutes} minutes with --seed ${seed}`);
using dir = taskTempDir();
await using streams = await Server.start(dir.join("stream"), "stream");
await using packets = await Server.start(dir.join("seqpacket"), "seqpacket");
const servers = [streams, packets];

const WARM_UP = Math.min(2, minutes / 4);
while (elapsed() < WARM_UP) await round(servers);
const first = await usage(servers);
log(`at the start: ${show(first)}`);

const INTERVAL = Math.min(1, minutes / 6);
for (let next = elapsed() + INTERVAL; elapsed() < minutes;) {
  const begun = performance.now();
  await round(servers);
  const rest = (performance.now() - begun) * (1 / share - 1);
  if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
  if (elapsed() < next) continue;
  log(show(await usage(servers)));
  next += INTERVAL;
}

const last = await usage(servers);
log(`at the end: ${show(last)}`);
for (const [i, count] of last.descriptors.entries()) {
  const before = first.descriptors[i] ?? 0;
  if (count > before + DESCRIPTOR_MARGIN) {
    throw new Error(`Descriptors stay open: ${before} at the start, ${count} at the end`);
  }
}
for (const [i, bytes] of last.memory.entries()) {
  const before = first.memory[i] ?? 0;
  if (bytes > before + MEMORY_MARGIN) {
    throw new Error(`Memory grows: ${before} bytes at the start, ${bytes} at the end`);
  }
}
console.log("Nothing lost, nothing left open, memory flat");
console.log("ok | 1 passed | 0 failed");
