/** No descriptor of the module gets into a process that another thread starts, at whatever moment. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { libc, replaceLibc } from "../../ffi/libc.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { openAio } from "../../lib/reactor/backends/aio.ts";
import { openIoUring } from "../../lib/reactor/backends/io_uring.ts";
import { openPool } from "../../lib/reactor/backends/pool.ts";
import { Msghdr, OwnedFd, recvmsgSync, unix } from "../../mod.ts";
import { Station } from "../reactor/sink.ts";
import { noLeaks } from "../util/descriptors.ts";
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

/** Make what is replaced, looked at or found in another way than usual. */
async function makeMore(path: string, folder: string): Promise<void> {
  unix.listen(path, { unlinkOnClose: false }).close();
  using listener = unix.listen(path, { replaceStale: true });
  using _second = listener.dup();
  using _client = unix.connectSync(path);
  const long = `${folder}/${"d".repeat(100)}`;
  Deno.mkdirSync(long);
  using _far = unix.listen(`${long}/s`);
  using near = await unix.connect(`${long}/s`);
  using _twin = near.dup();
  using events = OwnedFd.eventfd();
  using _copy = events.dup();
  const ends = [...OwnedFd.pipe(), ...unix.socketpair()];
  for (const it of ends) it.close();
  await sendAndWait(`${long}/inbox`);
  for (const open of [openIoUring, openAio, openPool]) {
    try {
      new Station((sink) => open(sink))[Symbol.dispose]();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotSupported)) throw error;
    }
  }
}

/** Send to a full inbox beyond `sun_path`: what waits needs descriptors of its own. */
async function sendAndWait(to: string): Promise<void> {
  using inbox = unix.bind(to);
  using sender = unix.bind("");
  const message = { data: new Uint8Array(1), files: [0], to };
  const isSent = (): boolean => {
    try {
      return sender.sendSync(message, { timeout: 1 }) === 1;
    } catch (error) {
      assert(error instanceof Deno.errors.TimedOut);
      return false;
    }
  };
  while (isSent());
  const waiting = sender.send(message);
  await new Promise((resolve) => setTimeout(resolve, 0));
  sender.close();
  await assertRejects(() => waiting, Deno.errors.BadResource);
  assert(inbox.bytesAvailable > 0);
}

testUnless(
  Deno.build.os === "linux" ? undefined : "some flags need a second call",
  "what is made or received is close-on-exec when the system call returns",
  noLeaks(async () => {
    using dir = tempDir();
    using look = new InheritableLook();
    await makeAll(dir.join("s"));
    await makeMore(dir.join("t"), dir.path);
    assertEquals(look.found, []);
  }),
);

/** Looks after each call of the C library whether it has left a descriptor that a child process would get. */
class InheritableLook implements Disposable {
  /** The calls that did. */
  readonly found: string[] = [];
  readonly #original = libc();
  readonly #before = this.#inheritable();

  constructor() {
    replaceLibc(new Proxy(this.#original, { get: (_, name) => this.#watched(String(name)) }));
  }

  #watched(name: string): unknown {
    const call = Reflect.get(this.#original, name);
    if (typeof call !== "function") return call;
    return (...args: unknown[]): unknown => {
      const result = call(...args);
      // Looking would overwrite the error number of a call that has failed.
      if (typeof result === "number" || typeof result === "bigint" ? result >= 0 : false) {
        const left = this.#inheritable().filter((it) => !this.#before.includes(it));
        if (left.length > 0) this.found.push(`${name}: ${left}`);
      }
      return result;
    };
  }

  #inheritable(): number[] {
    const { F_GETFD, FD_CLOEXEC } = platform;
    const flags = (fd: number): number => this.#original.fcntl(fd, F_GETFD, 0n);
    return Array.from({ length: 256 }, (_, fd) => fd)
      .filter((fd) => {
        const found = flags(fd);
        return found >= 0 && (found & FD_CLOEXEC) === 0;
      });
  }

  [Symbol.dispose](): void {
    replaceLibc(this.#original);
  }
}
