/** Operations that are pending in several threads on one socket. */

import { assertEquals } from "@std/assert";
import { fcntl } from "../../ffi/syscalls/files.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { OwnedFd, unix } from "../../mod.ts";
import { testUnless } from "../util/peers.ts";

function duplicate(fd: number): number {
  return fcntl(fd, platform.F_DUPFD_CLOEXEC, 0);
}

/** Resolves with the next message of a Worker. */
function answer<T>(worker: Worker): Promise<T> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }): void => resolve(data);
    worker.onerror = (event): void => reject(new Error(event.message));
  });
}

const noSeqpacket = Deno.build.os === "linux" ? undefined : "it is made for Linux";

testUnless(noSeqpacket, "receive() in several Workers: each message goes to one", async () => {
  const COUNT = 2000;
  const [a, b] = unix.socketpair({ type: "seqpacket" });
  const url = new URL("./worker.ts", import.meta.url);
  const workers = Array.from({ length: 3 }, () => new Worker(url, { type: "module" }));
  try {
    for (const worker of workers) {
      const ready = answer(worker);
      worker.postMessage(duplicate(b.fd));
      await ready;
    }
    const ends = workers.map((worker) => answer<number[]>(worker));
    const mine: number[] = [];
    const reading = (async (): Promise<void> => {
      for await (using message of b.messages({ files: 1 })) {
        mine.push(new Uint32Array(message.data.slice().buffer)[0] ?? -1);
      }
    })();
    for (let i = 0; i < COUNT; i++) {
      const tag = new Uint8Array(new Uint32Array([i]).buffer);
      using file = OwnedFd.memfd("tag", tag);
      await a.send({ data: tag, files: [file] });
    }
    // Everything that was sent is received before the end is.
    a.shutdown("write");
    await reading;
    const all = [...mine, ...(await Promise.all(ends)).flat()].sort((x, y) => x - y);
    assertEquals(all, Array.from({ length: COUNT }, (_, i) => i));
  } finally {
    for (const worker of workers) worker.terminate();
    a.close();
    b.close();
  }
});

testUnless(
  noSeqpacket,
  "shutdown() ends what is pending in every thread, close() only here",
  async () => {
    const [a, b] = unix.socketpair({ type: "seqpacket" });
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    try {
      const ready = answer(worker);
      const shared = duplicate(b.fd);
      worker.postMessage(shared);
      await ready;
      const end = answer<number[]>(worker);
      const here = b.receive().catch((error) => error);
      b.close();
      assertEquals(await here instanceof Deno.errors.BadResource, true);
      const data = new Uint8Array(new Uint32Array([5]).buffer);
      using file = OwnedFd.memfd("tag", data);
      await a.send({ data, files: [file] }); // for the Worker, which has the socket still
      a.shutdown("both");
      assertEquals(await end, [5]);
    } finally {
      worker.terminate();
      a.close();
    }
  },
);

testUnless(
  noSeqpacket,
  "a Worker that is ended with its operation pending harms no other thread",
  async () => {
    for (let i = 0; i < 5; i++) {
      const [a, b] = unix.socketpair({ type: "seqpacket" });
      const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
      const ready = answer(worker);
      const shared = duplicate(b.fd);
      worker.postMessage(shared);
      await ready;
      if (i % 2 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
      const here = b.receive();
      worker.terminate();
      // Some may go to the Worker, which ends when it gets to it; this thread goes on.
      let ended = false;
      here.then(() => ended = true);
      while (!ended) {
        a.sendSync({ data: new Uint8Array(3) });
        await Promise.race([here, new Promise((resolve) => setTimeout(resolve, 5))]);
      }
      using message = await here;
      assertEquals(message?.data.length, 3);
      a.close();
      b.close();
    }
  },
);
