/**
 * The two loads: many connections at once, and many messages.
 *
 * @module
 */

import { type Socket, unix } from "../../mod.ts";
import { countDescriptors } from "../util/descriptors.ts";
import { exchange, finish, send, Server } from "./client.ts";
import { taskTempDir } from "../util/tempdir.ts";

/** Says how far a load is. */
export type Progress = (text: string) => void;

function requireEqual(what: string, got: number, due: number): void {
  if (got !== due) throw new Error(`${what}: ${got}, not ${due}`);
}

/** The most descriptors that this process may have. */
function limit(): number {
  const limits = Deno.readTextFileSync("/proc/self/limits");
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Infinity);
}

/** Do something with each, with some at a time. */
async function inParts<T, R>(all: T[], work: (it: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  while (results.length < all.length) {
    const start = results.length;
    const part = all.slice(start, start + 100);
    results.push(...await Promise.all(part.map((it, i) => work(it, start + i))));
  }
  return results;
}

/** The reactor opens descriptors of its own at the first wait, and keeps them. */
const OWN_DESCRIPTORS = 4;

function requireFlat(where: string, before: number, after: number): void {
  if (after > before + OWN_DESCRIPTORS) {
    throw new Error(`Descriptors stay open ${where}: ${before} before, ${after} after`);
  }
}

/** Have so many connections open at once, all of them in use. */
export async function manyConnections(count: number, progress: Progress): Promise<void> {
  if (limit() < count + 200) {
    throw new Error(
      `Cannot open ${count} connections: at most ${limit()} descriptors are allowed; raise it with "ulimit -n"`,
    );
  }
  using dir = taskTempDir();
  await using server = await Server.start(dir.join("s"), "stream");
  const before = { here: countDescriptors(), there: (await server.state()).descriptors };
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const some = Array.from(
      { length: Math.min(500, count - sockets.length) },
      () => unix.connect(server.path),
    );
    sockets.push(...await Promise.all(some));
  }
  // A connection is there before it is accepted.
  while ((await server.state()).open < count);
  const traffic = { messages: 5, filesEvery: 5 };
  // In parts, as each has a file open besides; every connection stays open until all were in use.
  const sent = await inParts(sockets, (socket, i) => send(socket, i, traffic));
  await inParts(sockets, (socket, i) => finish(socket, traffic.messages, sent[i] ?? 0));
  const state = await server.settled();
  requireEqual("connections open at once", state.mostOpen, count);
  requireEqual("messages", state.messages, count * traffic.messages);
  requireEqual("descriptors", state.files, count);
  requireFlat("here", before.here, countDescriptors());
  requireFlat("in the server", before.there, state.descriptors);
  progress(
    `${count} connections at once, ${state.messages} messages and ${state.files} descriptors: nothing lost`,
  );
}

/** Send so many messages and descriptors through one listener. */
export async function manyMessages(
  type: "stream" | "seqpacket",
  messages: number,
  descriptors: number,
  progress: Progress,
): Promise<void> {
  const CONNECTIONS = 20;
  using dir = taskTempDir();
  await using server = await Server.start(dir.join("s"), type);
  const traffic = {
    messages: Math.ceil(messages / CONNECTIONS),
    filesEvery: Math.round(messages / descriptors),
  };
  // The first round opens and compiles everything.
  await exchange(server, 0, { messages: 2000, filesEvery: 10 });
  const warm = await server.settled();
  const sent = await Promise.all(
    Array.from({ length: CONNECTIONS }, (_, i) => exchange(server, i + 1, traffic)),
  );
  const state = await server.settled();
  requireEqual("messages", state.messages - warm.messages, traffic.messages * CONNECTIONS);
  requireEqual("descriptors", state.files - warm.files, sent.reduce((sum, it) => sum + it));
  requireFlat("in the server", warm.descriptors, state.descriptors);
  progress(
    `${type}: ${state.messages - warm.messages} messages and ${
      state.files - warm.files
    } descriptors on ${CONNECTIONS} connections, in order, none lost, none doubled, none left open`,
  );
}
