/**
 * Sockets and listeners that move between Workers, or that several Workers share.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Listener, OwnedFd, Socket, unix } from "../../mod.ts";
import { noLeaks } from "../util/descriptors.ts";
import { tempDir } from "../util/tempdir.ts";
import { pattern } from "./peer.ts";
import type { Order, Result } from "./worker.ts";

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

Deno.test(
  "detach() and adopt() move a socket into a Worker",
  noLeaks(async () => {
    using helper = new Helper();
    const [ours, theirs] = unix.socketpair();
    using socket = ours;
    const echoed = helper.follow({ do: "echo", fd: theirs.detach() });
    const data = pattern(300_001);
    const sent = socket.send({ data }).then(() => socket.shutdown("write"));
    assertEquals(new Uint8Array(await new Response(socket.readable).arrayBuffer()), data);
    await sent;
    await echoed;
  }),
);

Deno.test(
  "detach() and adopt() move a socket from Worker to Worker, and back",
  noLeaks(async () => {
    using first = new Helper();
    using second = new Helper();
    const [ours, theirs] = unix.socketpair();
    using socket = ours;
    let fd = theirs.detach();
    for (const [i, helper] of [first, second, first, second].entries()) {
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
  }),
);

Deno.test(
  "a Worker passes its socket to another thread through a socket",
  noLeaks(async () => {
    using dir = tempDir();
    using helper = new Helper();
    using listener = unix.listen(dir.join("s"));
    const [ours, theirs] = unix.socketpair();
    using socket = ours;
    const passed = helper.follow({ do: "pass", fd: theirs.detach(), path: dir.join("s") });
    using channel = await listener.accept();
    using message = await channel.receive({ files: 1 });
    await passed;
    using other = message?.files[0]?.asSocket();
    assert(other);
    await socket.send({ data: pattern(5) });
    using received = await other.receive();
    assertEquals(received?.data, pattern(5));
  }),
);

const WORKERS = 3;
const CONNECTIONS = 1500;

/** A number of its own for the same listener: who serves it closes that. */
function shared(listener: Listener): number {
  using whole = OwnedFd.adopt(listener.detach());
  const again = Listener.adopt(whole.dup().detach());
  return again.detach();
}

async function ask(path: string, byte: number): Promise<Uint8Array | undefined> {
  using socket = await unix.connect(path);
  await socket.send({ data: Uint8Array.of(byte) });
  using message = await socket.receive();
  return message?.data;
}

for (const [name, sync] of [["accept()", false], ["acceptSync()", true]] as const) {
  Deno.test(
    `${name} in several Workers serves one listener, each connection once`,
    noLeaks(async () => {
      using dir = tempDir();
      const path = dir.join("s");
      const fd = shared(unix.listen(path, { backlog: 64 }));
      using whole = OwnedFd.adopt(fd);
      const helpers = Array.from({ length: WORKERS }, () => new Helper());
      const served = helpers.map((it) =>
        it.follow({ do: "serve", fd: whole.dup().detach(), sync })
      );
      let next = 0;
      const clients = Array.from({ length: 8 }, async () => {
        while (next < CONNECTIONS) {
          const byte = 1 + next++ % 255;
          assertEquals(await ask(path, byte), Uint8Array.of(byte));
        }
      });
      await Promise.all(clients);
      // One goodbye for each Worker; it is only read by those that are not stuck in accept.
      for (let i = 0; i < WORKERS; i++) assertEquals(await ask(path, 0), undefined);
      const counts = (await Promise.all(served)).map((it) => it.count ?? 0);
      assertEquals(counts.reduce((sum, it) => sum + it), CONNECTIONS);
      for (const it of helpers) it[Symbol.dispose]();
    }),
  );
}
