/** No descriptor of the module gets into a process that another thread starts, at whatever moment. */

import { assert, assertEquals } from "@std/assert";
import { Msghdr, OwnedFd, recvmsgSync, unix } from "../../mod.ts";
import { testUnless } from "../util/peers.ts";
import { tempDir } from "../util/tempdir.ts";

/** Make descriptors in every way that there is, and close them. */
async function makeAll(path: string): Promise<number> {
  using listener = unix.listen(path);
  using client = await unix.connect(path);
  using server = await listener.accept();
  using early = unix.connectSync(path);
  using late = unix.acceptSync(listener);
  using file = OwnedFd.memfd("inherited", new Uint8Array(3));
  using copy = file.dup();
  using opened = OwnedFd.open("/dev/null");
  using pidfd = server.peerPidfd();
  using inbox = unix.bind("");
  await client.send({ data: new Uint8Array(1), files: [file, server, listener] });
  using message = await server.receive({ files: 3 });
  early.sendSync({ data: new Uint8Array(1), files: [copy, opened, pidfd, inbox] });
  using raw = new Msghdr();
  raw.addVector(new Uint8Array(1));
  unix.allocFiles(raw, 4);
  recvmsgSync(late, raw);
  const files = unix.recvFiles(raw);
  for (const it of files) it.close();
  return files.length + (message?.files.length ?? 0);
}

function answer(worker: Worker): Promise<string[]> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }): void => resolve(data);
    worker.onerror = (event): void => reject(new Error(event.message));
  });
}

testUnless(
  Deno.build.os === "linux" ? undefined : "there is no /proc",
  "what is made or received is close-on-exec in processes that start meanwhile",
  async () => {
    using dir = tempDir();
    const url = new URL("./starter.ts", import.meta.url);
    const starter = new Worker(url, { type: "module" });
    try {
      await answer(starter);
      let inherited: string[] | undefined;
      const done = answer(starter).then((it) => inherited = it);
      starter.postMessage(150);
      let rounds = 0;
      for (; inherited === undefined; rounds++) {
        assertEquals(await makeAll(dir.join("s")), 7);
        if (rounds % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
      }
      await done;
      assertEquals(inherited, []);
      assert(rounds > 0);
    } finally {
      starter.terminate();
    }
  },
);
