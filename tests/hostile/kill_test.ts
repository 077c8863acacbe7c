/**
 * Either side of a conversation is killed at any moment: the other sees an end or an error, nothing hangs,
 * nothing leaks, and what a killed server leaves behind is replaced, but nothing else ever is.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Listener, OwnedFd, type Socket, unix } from "../../mod.ts";
import { pattern } from "../interop/peer.ts";
import { noLeaks } from "../util/descriptors.ts";
import { testUnless, testWith } from "../util/peers.ts";
import type { LineProcess } from "../util/process.ts";
import { tempDir } from "../util/tempdir.ts";
import { chosenCount, chosenSeed, Random } from "./random.ts";
import { openReactor } from "../util/reactor.ts";
import type { Part } from "./victim.ts";
import { playInC, Victims } from "./victims.ts";
import { TYPES } from "../util/cases.ts";
import { ask } from "../util/sockets.ts";

const KILLS = chosenCount("KILLS", 60);
const seed = chosenSeed();
const IN_C = Math.ceil(KILLS / 2);
const IN_DENO = KILLS - IN_C;
/** Successions, in each of which one or two more are killed. */
const IN_PAIRS = Math.ceil(KILLS / 10);

const DATA = pattern(60_000);

/** What may be thrown when a peer is gone. */
const ENDS: readonly unknown[] = ["EPIPE", "ECONNRESET", "ECONNREFUSED", "ENOENT"];

/** So much later something hangs. */
const TIME_LIMIT = 60_000;

/** Start a part, in C or with this module. */
type Start = (part: Part) => Promise<LineProcess>;

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : error;
}

/** Wait for an operation on a peer that is killed: it ends in a way that is documented. */
async function endOf(operation: Promise<unknown>): Promise<void> {
  try {
    await operation;
  } catch (error) {
    assert(ENDS.includes(codeOf(error)), `Not an end: ${error}`);
  }
}

async function flood(socket: Socket, random: Random): Promise<void> {
  using file = OwnedFd.memfd("passed", pattern(3));
  for (;;) {
    const data = DATA.subarray(0, 1 + random.below(random.once(4) ? DATA.byteLength : 200));
    await socket.send({ data, files: random.once(2) ? [file] : [] });
  }
}

async function drain(socket: Socket, signal: AbortSignal): Promise<void> {
  try {
    for await (const message of socket.messages({ files: 1, signal })) message[Symbol.dispose]();
  } catch (error) {
    if (error !== signal.reason) throw error;
  }
}

/** Exchange messages with the victim until it is killed. A datagram socket notices that by its sends only. */
async function talk(socket: Socket, random: Random): Promise<void> {
  using _socket = socket;
  const controller = new AbortController();
  const drained = endOf(drain(socket, controller.signal));
  await endOf(flood(socket, random));
  if (socket.type === "dgram") controller.abort();
  await drained;
}

/** Reach a victim that listens, or is about to, or is no more. */
async function visit({ path, type }: Part, random: Random): Promise<void> {
  const local = type === "dgram" ? { localAddress: `${path}.visitor` } : {};
  await endOf((async () => await talk(await unix.connect(path, { type, ...local }), random))());
}

/** Wait for a victim that connects, as long as it lives. */
async function host(listener: Listener, random: Random, victim: LineProcess): Promise<void> {
  const controller = new AbortController();
  victim.status.then(() => controller.abort());
  let socket: Socket;
  try {
    socket = await unix.accept(listener, { signal: controller.signal });
  } catch (error) {
    assertEquals(error, controller.signal.reason);
    return;
  }
  await talk(socket, random);
}

/** Kill it at a moment that chance chooses: before it is ready, right then, or in the middle of its work. */
async function killSometime(victim: LineProcess, random: Random): Promise<void> {
  if (!random.once(4)) assertEquals(await victim.readLine(), "ready");
  const pause = random.pick([0, 0, 1, 2, 5, 12]);
  if (pause > 0) await new Promise((resolve) => setTimeout(resolve, random.below(pause + 1)));
  else if (random.once(2)) await Promise.resolve();
  victim.kill("SIGKILL");
}

async function patiently<T>(what: string, operation: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`It hangs: ${what}, SEED=${seed}`)), TIME_LIMIT);
  });
  try {
    return await Promise.race([operation, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What the killed left is replaced, works, and is gone after. */
async function recover({ path, type }: Part): Promise<void> {
  if (type === "dgram") {
    using inbox = unix.bind(path, { replaceStale: true });
    using sender = await unix.connect(path, { type });
    await sender.send({ data: pattern(2) });
    using message = await inbox.receive();
    assertEquals(message?.data, pattern(2));
  } else {
    using listener = unix.listen(path, { type, replaceStale: true });
    using client = await unix.connect(path, { type });
    using server = await listener.accept();
    assertEquals(client.peerCredentials().pid, Deno.pid);
    assertEquals(server.peerCredentials().pid, Deno.pid);
  }
  await assertRejects(() => Deno.lstat(path), Deno.errors.NotFound);
}

async function killServer(start: Start, part: Part, random: Random): Promise<void> {
  await using victim = await start(part);
  const killed = killSometime(victim, random);
  await patiently(`a visit to a ${part.type} server`, visitUntilDead(part, random, victim));
  await killed;
  assertEquals((await victim.status).signal, "SIGKILL");
}

/** A server may be killed before there is anything to visit, or in the middle of a visit. */
async function visitUntilDead(part: Part, random: Random, victim: LineProcess): Promise<void> {
  let isDead = false;
  victim.status.then(() => isDead = true);
  while (!isDead) {
    await visit(part, random);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

async function killClient(start: Start, part: Part, random: Random): Promise<void> {
  const { path, type } = part;
  using listener = unix.listen(path, { type: type === "dgram" ? "stream" : type });
  await using victim = await start(part);
  const killed = killSometime(victim, random);
  await patiently(`a ${type} client`, host(listener, random, victim));
  await killed;
  assertEquals((await victim.status).signal, "SIGKILL");
}

/** Kill servers and clients. Half of what servers leave behind is left to the next one, if it can replace it. */
async function kill(count: number, start: Start, replacesItself: boolean): Promise<void> {
  const random = new Random(seed);
  using dir = tempDir();
  for (let i = 0; i < count; i++) {
    const type = random.pick(TYPES);
    const role = type === "dgram" || random.once(2) ? "server" : "client";
    const part: Part = { role, path: dir.join(`${role}-${type}`), type };
    if (role === "client") await killClient(start, part, random);
    else await killServer(start, part, random);
    if (role === "server" && (!replacesItself || random.once(2))) await recover(part);
  }
}

/** Descriptors that are opened once stay open: that must be so before they are counted. */
const counted = (fn: () => Promise<void>) => async (t: Deno.TestContext): Promise<void> => {
  await openReactor();
  await noLeaks(fn)(t);
};

const inC = counted(() => kill(IN_C, playInC, false));
const nameInC = `${IN_C} peers in C killed at any moment: an end or an error, SEED=${seed}`;
if (Deno.build.os === "linux") testWith("cc", nameInC, inC);
else testUnless("the peer in C uses what only Linux has", nameInC, inC);

const linuxOnly = Deno.build.os === "linux" ? undefined : "seqpacket is used, which is Linux only";

testUnless(
  linuxOnly,
  `${IN_DENO} processes on this module killed at any moment: an end or an error, SEED=${seed}`,
  counted(async () => {
    await using victims = new Victims();
    await kill(IN_DENO, (part) => victims.play(part), true);
  }),
);

/** Check that a server answers at `path`: its process ID. */
async function serverAt(path: string): Promise<number> {
  using socket = await unix.connect(path);
  assertEquals(await ask(socket, pattern(1)), pattern(1));
  return socket.peerCredentials().pid;
}

/**
 * A server ends, killed or by itself, while two others start in its place. At most one of them wins; that one
 * stays reachable, whatever the others do, until it is killed as well.
 */
async function succeed(victims: Victims, random: Random, path: string): Promise<void> {
  const part: Part = { role: "server", path, type: "stream" };
  await using first = await victims.play(part);
  assertEquals(await first.readLine(), "ready");
  assertEquals(await serverAt(path), first.pid);
  const starting = [victims.play(part), victims.play(part)];
  if (random.once(2)) await new Promise((resolve) => setTimeout(resolve, random.below(8)));
  first.kill(random.once(2) ? "SIGKILL" : "SIGTERM");
  await using one = await starting[0];
  await using other = await starting[1];
  if (one === undefined || other === undefined) throw new Error("There are no rivals");
  const answers = [await one.readLine(), await other.readLine()];
  for (const it of answers) assert(it === "ready" || it === "EADDRINUSE", it);
  assert(answers.includes("EADDRINUSE"), "Both rivals have the address");
  await first.status;
  const winner = answers[0] === "ready" ? one : answers[1] === "ready" ? other : undefined;
  for (const it of [one, other]) if (it !== winner) await it.status;
  if (winner !== undefined) {
    assertEquals(await serverAt(path), winner.pid);
    winner.kill("SIGKILL");
    await winner.status;
  }
  await recover(part);
}

testUnless(
  linuxOnly,
  `of two successors of a killed server one wins, ${IN_PAIRS} times, SEED=${seed}`,
  counted(async () => {
    const random = new Random(seed);
    using dir = tempDir();
    await using victims = new Victims(4);
    for (let i = 0; i < IN_PAIRS; i++) {
      await patiently("a succession", succeed(victims, random, dir.join("s")));
    }
  }),
);
