/**
 * A program for the tests of the reactor: what it does is in its first argument.
 *
 * @module
 */

import { closeFd } from "../../ffi/syscalls/files.ts";
import { recv, send, socketpair } from "../../ffi/syscalls/sockets.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { backend, READABLE, register } from "../../lib/reactor/mod.ts";

function pair(): [number, number] {
  const fds = socketpair(platform.SOCK_STREAM, { cloexec: true, nonblocking: false });
  if (typeof fds === "number") throw new Error(`socketpair: ${fds}`);
  return fds;
}

const byte = new Uint8Array(1);

/** One pool thread more or less has a descriptor of its own open at any time. */
const MARGIN = 3;

/** Send a byte to oneself, now or a little later, and wait for it. */
async function roundTrip(delay: number): Promise<void> {
  const [mine, other] = pair();
  const registration = register(mine);
  if (delay > 0) setTimeout(() => send(other, byte, 0), delay);
  else send(other, byte, 0);
  while (recv(mine, byte, platform.MSG_DONTWAIT) < 0) await registration.wait(READABLE);
  registration.cancel(new Error("closed"));
  closeFd(mine);
  closeFd(other);
}

const programs: Record<string, () => Promise<void> | void> = {
  /** Name the backend and use it. */
  async name(): Promise<void> {
    const name = backend();
    await roundTrip(0);
    await roundTrip(20);
    console.log(name);
  },

  /** Name the backend and be done. */
  opened(): void {
    console.log(backend());
  },

  /** Wait for what never comes, without keeping the process. */
  unheld(): void {
    const [mine] = pair();
    const registration = register(mine);
    registration.unref();
    registration.wait(READABLE).then(() => console.log("woken"));
    console.log("end");
  },

  /** Wait for what never comes, let go of it later. */
  released(): void {
    const [mine] = pair();
    const registration = register(mine);
    registration.wait(READABLE).then(() => console.log("woken"));
    setTimeout(() => registration.unref(), 50);
    console.log("end");
  },

  /** Wait for something while nothing else keeps the process. */
  async held(): Promise<void> {
    const [mine, other] = pair();
    new Worker(new URL("sender.ts", import.meta.url), { type: "module" }).postMessage(other);
    await register(mine).wait(READABLE);
    console.log("woken");
    Deno.exit();
  },

  /** Use the reactor and be done. */
  async idle(): Promise<void> {
    await roundTrip(10);
    console.log("end");
  },

  /** Abort the only wait. */
  async aborted(): Promise<void> {
    const [mine] = pair();
    const signal = AbortSignal.timeout(30);
    await register(mine).wait(READABLE, signal).catch((error) => console.log(error.name));
  },

  /** Count the descriptors before and after many Workers that wait. */
  async workers(): Promise<void> {
    const count = (): number => [...Deno.readDirSync("/proc/self/fd")].length;
    const run = async (how: string, workers: number): Promise<void> => {
      for (let i = 0; i < workers; i++) {
        const worker = new Worker(new URL("waiter.ts", import.meta.url), { type: "module" });
        const said = new Promise<string>((resolve, reject) => {
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = reject;
        });
        worker.postMessage(how);
        await said;
        if (how === "terminate") worker.terminate();
      }
    };
    for (const how of ["close", "terminate"] as const) {
      await run(how, 3);
      const before = count();
      await run(how, 8);
      // In the pool, a call that nothing wakes any more ends by itself after two seconds.
      for (let i = 0; i < 300 && count() > before + MARGIN; i++) {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      console.log(how, count() - before <= MARGIN ? "nothing left" : count() - before);
    }
    Deno.exit();
  },
};

const program = programs[Deno.args[0] ?? ""];
if (!program) throw new Error(`unknown program "${Deno.args[0]}"`);
await program();
