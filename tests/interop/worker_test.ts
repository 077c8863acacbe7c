/**
 * Sockets and listeners that move between Workers, or that several Workers share.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { OwnedFd, Socket, unix } from "../../mod.ts";
import { noLeaks } from "../util/descriptors.ts";
import { tempDir } from "../util/tempdir.ts";
import { pattern } from "./peer.ts";
import type { Order, Result } from "./worker.ts";
import { ask } from "../util/sockets.ts";

/** A Worker that follows orders. */
class Helper implements Disposable {
  readonly #worker = new Worker(new URL("worker.ts", import.meta.url), { type: "module" });

  follow(order: Order): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }: MessageEvent<Result>) => resolve(data);
      this.#worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
      this.#worker.postMessage(order);
    });
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}

/**
 * Define a test with some Workers. They stay for all runs of the test: one that is terminated cannot close
 * the descriptors of its reactor.
 */
function withWorkers(
  count: number,
  name: string,
  fn: (helpers: readonly Helper[]) => Promise<void>,
): void {
  Deno.test(name, async (t) => {
    const helpers = Array.from({ length: count }, () => new Helper());
    try {
      await noLeaks(() => fn(helpers))(t);
    } finally {
      for (const it of helpers) it[Symbol.dispose]();
    }
  });
}

withWorkers(1, "detach() and adopt() move a socket into a Worker", async ([helper]) => {
  const [ours, theirs] = unix.socketpair();
  using socket = ours;
  const echoed = helper?.follow({ do: "echo", fd: theirs.detach() });
  const data = pattern(300_001);
  const sent = socket.send({ data }).then(() => socket.shutdown("write"));
  assertEquals(new Uint8Array(await new Response(socket.readable).arrayBuffer()), data);
  await sent;
  await echoed;
});

withWorkers(
  2,
  "detach() and adopt() move a socket from Worker to Worker, and back",
  async (helpers) => {
    const [ours, theirs] = unix.socketpair();
    using socket = ours;
    let fd = theirs.detach();
    for (const [i, helper] of [...helpers, ...helpers].entries()) {
      const returned = helper.follow({ do: "return", fd });
      await socket.send({ data: pattern(4, i) });
      using message = await socket.receive();
      assertEquals(message?.data, pattern(4, i).toReversed());
      fd = (await returned).fd ?? -1;
    }
    using back = Socket.adopt(fd);
    await back.send({ data: pattern(2) });
    using message = await socket.receive();
    assertEquals(message?.data, pattern(2));
  },
);

withWorkers(
  1,
  "a Worker passes its socket to another thread through a socket",
  async ([helper]) => {
    using dir = tempDir();
    using listener = unix.listen(dir.join("s"));
    const [ours, theirs] = unix.socketpair();
    using socket = ours;
    const passed = helper?.follow({ do: "pass", fd: theirs.detach(), path: dir.join("s") });
    using channel = await listener.accept();
    using message = await channel.receive({ files: 1 });
    await passed;
    using other = message?.files[0]?.asSocket();
    assert(other);
    await socket.send({ data: pattern(5) });
    using received = await other.receive();
    assertEquals(received?.data, pattern(5));
  },
);

const WORKERS = 3;
const CONNECTIONS = 1500;

async function askAt(path: string, byte: number): Promise<Uint8Array | undefined> {
  using socket = await unix.connect(path);
  return await ask(socket, Uint8Array.of(byte));
}

async function serveTogether(helpers: readonly Helper[], sync: boolean): Promise<void> {
  using dir = tempDir();
  const path = dir.join("s");
  using whole = OwnedFd.adopt(unix.listen(path, { backlog: 64 }).detach());
  const served = helpers.map((it) => it.follow({ do: "serve", fd: whole.dup().detach(), sync }));
  let next = 0;
  const clients = Array.from({ length: 8 }, async () => {
    while (next < CONNECTIONS) {
      const byte = 1 + next++ % 255;
      assertEquals(await askAt(path, byte), Uint8Array.of(byte));
    }
  });
  await Promise.all(clients);
  // One goodbye for each Worker, which then takes no more.
  for (const _ of helpers) assertEquals(await askAt(path, 0), undefined);
  const counts = (await Promise.all(served)).map((it) => it.count ?? 0);
  assertEquals(counts.reduce((sum, it) => sum + it), CONNECTIONS);
}

for (const [name, sync] of [["accept()", false], ["acceptSync()", true]] as const) {
  withWorkers(
    WORKERS,
    `${name} in several Workers serves one listener, each connection once`,
    (helpers) => serveTogether(helpers, sync),
  );
}

withWorkers(
  WORKERS,
  "accept() on a shared listener never blocks a Worker's event loop",
  raceForConnections,
);

/**
 * All Workers wake for each connection, and one gets it. The others must notice that at once, rather than
 * wait inside accept(2): after each burst every Worker has to answer a message, while no client connects.
 */
async function raceForConnections(helpers: readonly Helper[]): Promise<void> {
  using dir = tempDir();
  const path = dir.join("s");
  using whole = OwnedFd.adopt(unix.listen(path, { backlog: 64 }).detach());
  const started = helpers.map((it) => it.follow({ do: "take", fd: whole.dup().detach() }));
  await Promise.all(started);
  for (let burst = 0; burst < 4; burst++) {
    for (let i = 0; i < 200; i++) {
      using _socket = unix.connectSync(path);
      if (i % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    await Promise.all(helpers.map((it) => it.follow({ do: "answer" })));
  }
  await Promise.all(helpers.map((it) => it.follow({ do: "stop" })));
}
