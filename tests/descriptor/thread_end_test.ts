/** What becomes of a Worker's descriptors when it ends. */
// A process of its own, because it says by the environment which backend new threads have.

import { assertEquals } from "@std/assert";
import { Worker as NodeWorker } from "node:worker_threads";
import { libc } from "../../ffi/libc.ts";
import { closeFd } from "../../ffi/syscalls/files.ts";
import { unix } from "../../mod.ts";
import { whyMissing } from "../reactor/backends.ts";
import { turn } from "../util/cases.ts";
import { testUnless } from "../util/peers.ts";
import { tempDir } from "../util/tempdir.ts";
import type { Order } from "./thread_end_worker.ts";

const WORKER = new URL("./thread_end_worker.ts", import.meta.url).href;
const VARIABLE = "DENET_UNIX_REACTOR";

/** A Worker of either sort. */
interface Thread {
  postMessage(order: Order): void;
  terminate(): unknown;
}

/** A Worker's program that runs `code` with `follow`. */
function program(code: string): string {
  const source = `import { follow } from ${JSON.stringify(WORKER)}; ${code}`;
  return `data:text/javascript,${encodeURIComponent(source)}`;
}

const sorts: Record<string, () => Thread> = {
  "a Worker": () => {
    const worker = new Worker(program("self.onmessage = ({ data }) => follow(data)"), {
      type: "module",
    });
    worker.onerror = (event) => event.preventDefault();
    return worker;
  },
  "a Worker of node:worker_threads": () => {
    const code =
      'import { parentPort } from "node:worker_threads"; parentPort.on("message", follow)';
    const worker = new NodeWorker(new URL(program(code)));
    worker.on("error", () => {});
    return worker;
  },
};

/** The numbers in this process of descriptors for a file. */
function numbersOf(file: string): number[] {
  return [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => Number(name)).filter((fd) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${fd}`) === file;
    } catch {
      return false;
    }
  });
}

async function isAnswered(path: string): Promise<boolean> {
  try {
    using _ = await unix.connect(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}

function whyNever(): string | undefined {
  if (Deno.build.os !== "linux") return "there is no /proc";
  if (libc().__cxa_thread_atexit_impl === null) return "glibc alone has such destructors";
  return undefined;
}

function why(backend: string): string | undefined {
  return whyNever() ?? whyMissing(backend);
}

for (const backend of ["io_uring", "aio", "pool"]) {
  for (const [sort, start] of Object.entries(sorts)) {
    for (const end of ["terminate()", "self.close()", "an error"]) {
      testUnless(
        why(backend),
        `${sort} that ends by ${end} leaves nothing open (${backend})`,
        async () => {
          const forced = Deno.env.get(VARIABLE);
          Deno.env.set(VARIABLE, backend);
          using dir = tempDir();
          const file = dir.join("file");
          Deno.writeTextFileSync(file, "");
          const folder = dir.join("d".repeat(100));
          Deno.mkdirSync(folder);
          const far = `${folder}/inbox`;
          const input = Deno.readLinkSync("/proc/self/fd/0");
          const [a, b] = unix.socketpair();
          using ours = a;
          const thread = start();
          thread.postMessage({ path: dir.join("s"), far, file, given: b.detach(), end });
          assertEquals(await ours.read(new Uint8Array(1)), 1);
          if (end === "terminate()") thread.terminate();
          assertEquals(await ours.read(new Uint8Array(1)), null);
          // One after the other is closed: the given socket need not be the last.
          while (numbersOf(file).length > 1 || numbersOf(far).length > 0) await turn();
          while (await isAnswered(dir.join("s"))) await turn();
          // A detached descriptor has no owner, and stays open.
          for (const detached of numbersOf(file)) closeFd(detached);
          assertEquals(Deno.readLinkSync("/proc/self/fd/0"), input);
          thread.terminate();
          if (forced === undefined) Deno.env.delete(VARIABLE);
          else Deno.env.set(VARIABLE, forced);
        },
      );
    }
  }
}

testUnless(
  whyNever(),
  "a detached descriptor stays open when a Worker ends, whatever its number is",
  async () => {
    using dir = tempDir();
    const file = dir.join("file");
    Deno.writeTextFileSync(file, "");
    // The first one is owned to the end, and closed after all others.
    const numbers = [128, 256, 319, 320, 321, 322, 383, 384, 255, 257];
    const code = `import { ownFirstOf } from ${JSON.stringify(WORKER)};
      self.onmessage = ({ data }) => self.postMessage(ownFirstOf(data.numbers, data.file));`;
    const worker = new Worker(`data:text/javascript,${encodeURIComponent(code)}`, {
      type: "module",
    });
    worker.postMessage({ numbers, file });
    await new Promise((resolve) => worker.onmessage = resolve);
    worker.terminate();
    while (numbersOf(file).includes(128)) await turn();
    const open = numbersOf(file);
    for (const fd of open) closeFd(fd);
    assertEquals(open.sort((a, b) => a - b), numbers.slice(1).sort((a, b) => a - b));
  },
);
