import { assertEquals, assertRejects } from "@std/assert";
import { platform, replacePlatform } from "../../ffi/platform/mod.ts";
import { Descriptor } from "../../lib/descriptor/descriptor.ts";
import { controlNeedsByte, FullQueue, isFullQueue } from "../../lib/socket/full_queue.ts";
import { destinationOf } from "../../lib/address/destination.ts";
import { unix } from "../../mod.ts";
import { fill, isPending, linuxTest, test, turn } from "../util/cases.ts";
import { countDescriptors } from "../util/descriptors.ts";
import { lifetime } from "../util/lifetime.ts";
import { pollTimeouts } from "../util/poll_timeouts.ts";
import { tempDir } from "../util/tempdir.ts";

const { EAGAIN, ENOBUFS, EPIPE } = platform;

Deno.test("isFullQueue() distinguishes a refusal for now from a failure", () => {
  assertEquals([-EAGAIN, -EPIPE, 0, 7].map((it) => isFullQueue(it, "stream")), [
    true,
    false,
    false,
    false,
  ]);
  assertEquals(isFullQueue(-ENOBUFS, "dgram"), platform.fullQueueIsNobufs);
  assertEquals(isFullQueue(-ENOBUFS, "stream"), false);
});

Deno.test("isFullQueue() takes ENOBUFS for a full queue where the system says so, but for streams", () => {
  const previous = replacePlatform({ ...platform, fullQueueIsNobufs: true });
  try {
    assertEquals(isFullQueue(-ENOBUFS, "dgram"), true);
    assertEquals(isFullQueue(-ENOBUFS, "stream"), false);
  } finally {
    replacePlatform(previous);
  }
});

Deno.test("controlNeedsByte() says what to do", () => {
  assertEquals(controlNeedsByte("descriptors").message.includes("at least one byte"), true);
});

/** A receiver whose queue is full, and an unconnected sender. */
function fullReceiver(dir: string): Disposable & { receiver: unix.Socket; sender: Descriptor } {
  const receiver = unix.bind(`${dir}/to`);
  const filler = unix.connectSync(`${dir}/to`, { type: "dgram" });
  fill(filler, 1);
  filler.close();
  const sender = new Descriptor(unix.bind(`${dir}/from`).detach(), "Socket");
  return {
    receiver,
    sender,
    [Symbol.dispose](): void {
      receiver.close();
      sender.close();
    },
  };
}

linuxTest(
  "FullQueue.wait() ends when the receiver has space again, and closes its probe",
  async () => {
    using dir = tempDir();
    using made = fullReceiver(dir.path);
    const before = countDescriptors();
    {
      using queue = new FullQueue(made.sender, destinationOf(dir.join("to")));
      const wait = queue.wait();
      assertEquals(await isPending(wait), true);
      // The event may come late: what is not there is not waited for.
      while (await isPending(wait)) {
        if (made.receiver.bytesAvailable > 0) made.receiver.readSync(new Uint8Array(1));
      }
      await wait;
    }
    assertEquals(countDescriptors() <= before + 2, true, "the reactor may open its own");
  },
);

for (const order of ["before", "after"] as const) {
  linuxTest(`unref() ${order} a send to a full queue lets the program end`, async () => {
    const program = `
      const receiver = unix.bind(dir + "/to");
      const filler = unix.connectSync(dir + "/to", { type: "dgram" });
      filler.sendTimeout = 1;
      try { for (;;) filler.writeSync(new Uint8Array(1)); } catch { /* it is full */ }
      const sender = unix.socket({ type: "dgram" });
      const send = () => sender.send({ data: new Uint8Array(1), to: dir + "/to" });
      if (${order === "before"}) sender.unref();
      send();
      setTimeout(() => ${order === "after"} && sender.unref(), 20);
      console.log("end");`;
    assertEquals(await lifetime(program), "end\n");
  });
}

linuxTest("FullQueue.wait() ends with the signal's reason", async () => {
  using dir = tempDir();
  using made = fullReceiver(dir.path);
  using queue = new FullQueue(made.sender, destinationOf(dir.join("to")));
  const abort = new AbortController();
  const wait = queue.wait(abort.signal);
  await turn();
  abort.abort("enough");
  assertEquals(await assertRejects(() => wait), "enough");
});

linuxTest("FullQueue.wait() ends with BadResource when the sender is closed", async () => {
  using dir = tempDir();
  using made = fullReceiver(dir.path);
  using queue = new FullQueue(made.sender, destinationOf(dir.join("to")));
  const wait = queue.wait();
  await turn();
  made.sender.close();
  await assertRejects(() => wait, Deno.errors.BadResource, "Cannot use the Socket: it is closed");
});

test("a sender keeps no reference to the full queues that it has waited for", () => {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error("Run with --v8-flags=--expose-gc");
  using dir = tempDir();
  using _receiver = unix.bind(dir.join("to"));
  const sender = new Descriptor(unix.bind(dir.join("from")).detach(), "Socket");
  const use = (count: number): number => {
    for (let n = 0; n < count; n++) {
      using _queue = new FullQueue(sender, destinationOf(dir.join("to")));
    }
    gc();
    return Deno.memoryUsage().heapUsed;
  };
  const before = use(100);
  assertEquals(Math.max(0, use(10_000) - before) < 500_000, true);
  sender.close();
});

linuxTest("FullQueue.waitSync() comes back after its time limit", () => {
  using dir = tempDir();
  using made = fullReceiver(dir.path);
  using queue = new FullQueue(made.sender, destinationOf(dir.join("to")));
  for (let n = 0; n < 3; n++) queue.waitSync(1);
});

test("FullQueue.wait() without a destination returns after a pause", async () => {
  using dir = tempDir();
  using socket = unix.bind(dir.join("a"));
  const sender = new Descriptor(socket.detach(), "Socket");
  using queue = new FullQueue(sender, undefined);
  await queue.wait();
  queue.waitSync(-1);
  sender.close();
});

linuxTest(
  "FullQueue.wait() pauses where the probe is writable and sends still fail",
  async () => {
    using dir = tempDir();
    using receiver = unix.bind(dir.join("to"));
    using socket = unix.bind(dir.join("from"));
    const sender = new Descriptor(socket.detach(), "Socket");
    using queue = new FullQueue(sender, destinationOf(dir.join("to")));
    for (let n = 0; n < 4; n++) await queue.wait();
    // Every other wait asks no probe, but pauses for a millisecond.
    const waits = pollTimeouts(() => {
      for (let n = 0; n < 4; n++) queue.waitSync(50);
    });
    assertEquals(waits, [50, 1, 50, 1]);
    assertEquals(receiver.bytesAvailable, 0);
    sender.close();
  },
);

test("FullQueue.waitSync() without a probe leaves the processor to others", () => {
  const sender = new Descriptor(unix.socket({ type: "dgram" }).detach(), "Socket");
  using queue = new FullQueue(sender, undefined);
  const end = performance.now() + 50;
  let waits = 0;
  for (; performance.now() < end; waits++) queue.waitSync(-1);
  // Each takes a millisecond or more.
  assertEquals(waits <= 51, true, `${waits} waits`);
  sender.close();
});
