import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { couldBlock, counterOf, FullCounter, writeUnderWay } from "../../lib/fd/eventfd.ts";
import { Descriptor } from "../../lib/descriptor/descriptor.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { isPending, linuxTest } from "../util/cases.ts";
import { noLeaks } from "../util/descriptors.ts";
import { testWith } from "../util/peers.ts";
import { pollTimeouts } from "../util/poll_timeouts.ts";

const LARGEST = 2n ** 64n - 2n;

function value(number: bigint): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new BigUint64Array([number]).buffer);
}

function counters(initial: number): OwnedFd[] {
  const waiting = OwnedFd.eventfd(initial), asking = OwnedFd.eventfd(initial);
  asking.nonblocking = true;
  return [waiting, asking];
}

linuxTest("counterOf() gives the value of a counter, and undefined for other files", () => {
  using counter = OwnedFd.eventfd(0xabcdef);
  using file = OwnedFd.open("/dev/null");
  assertEquals({ counter: counterOf(counter.fd), file: counterOf(file.fd) }, {
    counter: 0xabcdefn,
    file: undefined,
  });
  counter.writeSync(value(LARGEST - 0xabcdefn));
  assertEquals(counterOf(counter.fd), LARGEST);
  assertEquals(counterOf(0x7ffffffe), undefined);
});

linuxTest("couldBlock() says so of values that do not fit, not of those that are refused", () => {
  using counter = OwnedFd.eventfd(1);
  const { fd } = counter;
  assertEquals(couldBlock(fd, value(LARGEST - 1n)), false);
  assertEquals(couldBlock(fd, value(LARGEST)), true);
  assertEquals(couldBlock(fd, value(LARGEST + 1n)), false, "refused");
  assertEquals(couldBlock(fd, new Uint8Array(7).fill(255)), false, "refused");
  assertEquals(couldBlock(fd, new Uint8Array([...value(LARGEST), 1])), true, "longer");
  assertEquals(couldBlock(fd, value(1n)), false);
  counter.writeSync(value(LARGEST - 1n));
  assertEquals([0n, 1n, 2n].map((it) => couldBlock(fd, value(it))), [false, true, true]);
});

linuxTest("write() of a value that does not fit ends by close() and by its signal", async () => {
  for (const counter of counters(1)) {
    const signal = AbortSignal.timeout(20);
    await assertRejects(() => counter.write(value(LARGEST), { signal }), DOMException);
    assertEquals(counterOf(counter.fd), 1n);
    const write = counter.write(value(LARGEST));
    assertEquals(await isPending(write), true);
    counter.close();
    await assertRejects(() => write, Deno.errors.BadResource, "it is closed");
  }
});

linuxTest("write() of a value that does not fit continues when the counter was read", async () => {
  for (const counter of counters(1)) {
    using other = counter.dup();
    const write = counter.write(value(LARGEST));
    assertEquals(await isPending(write), true);
    assertEquals(await other.read(new Uint8Array(8)), 8);
    assertEquals({ write: await write, counter: counterOf(counter.fd) }, {
      write: 8,
      counter: LARGEST,
    });
    const one = counter.write(value(1n));
    assertEquals(await isPending(one), true);
    assertEquals(await other.read(new Uint8Array(8)), 8);
    assertEquals({ one: await one, counter: counterOf(counter.fd) }, { one: 8, counter: 1n });
    counter.close();
  }
});

linuxTest("write() and writeSync() of an eventfd report what the kernel refuses", async () => {
  for (const counter of counters(1)) {
    await assertRejects(() => counter.write(value(LARGEST + 1n)), Error, "EINVAL");
    await assertRejects(() => counter.write(new Uint8Array(7)), Error, "EINVAL");
    assertThrows(() => counter.writeSync(value(LARGEST + 1n)), Error, "EINVAL");
    counter.close();
  }
});

linuxTest("an abort of writable ends the write of a value that does not fit", async () => {
  const counter = OwnedFd.eventfd(1);
  const writer = counter.writable.getWriter();
  const write = writer.write(value(LARGEST));
  assertEquals(await isPending(write), true);
  const ended = assertRejects(() => write, Error, "enough");
  await writer.abort(new Error("enough"));
  await ended;
});

linuxTest("writeUnderWay() keeps its value reserved until the write is over", async () => {
  using counter = OwnedFd.eventfd(1);
  const { promise, resolve } = Promise.withResolvers<number>();
  const rest = LARGEST - 2n;
  const writes = [writeUnderWay(value(rest), () => promise)];
  writes.push(writeUnderWay(value(LARGEST + 1n), () => Promise.resolve(-1)));
  assertEquals([1n, 2n].map((it) => couldBlock(counter.fd, value(it))), [false, true]);
  resolve(8);
  assertEquals(await Promise.all(writes), [8, -1]);
  assertEquals(couldBlock(counter.fd, value(2n)), false);
});

linuxTest(
  "write() at the same time through two descriptors of a counter blocks no thread",
  async () => {
    for (let i = 0; i < 50; i++) {
      using first = OwnedFd.eventfd(1);
      using second = first.dup();
      using third = first.dup();
      const half = value(2n ** 63n);
      const writes = [first.write(half), second.write(half)];
      const ended = Promise.allSettled(writes);
      await Promise.race(writes);
      first.close();
      second.close();
      // A thread that is blocked would keep this from its end.
      await ended;
      assertEquals(counterOf(third.fd), 2n ** 63n + 1n);
    }
  },
);

testWith(
  "python3-linux",
  "writeSync() of a value that does not fit waits for a read",
  noLeaks(async () => {
    for (const counter of counters(1)) {
      counter.closeOnExec = false;
      const source =
        "import os, sys, time; time.sleep(0.2); print(os.read(int(sys.argv[1]), 8)[0])";
      const child = new Deno.Command("python3", {
        args: ["-c", source, `${counter.fd}`],
        stdout: "piped",
      }).spawn();
      assertEquals(counter.writeSync(value(LARGEST)), 8);
      assertEquals(counterOf(counter.fd), LARGEST);
      const { stdout } = await child.output();
      assertEquals(new TextDecoder().decode(stdout), "1\n");
      counter.close();
    }
  }),
);

linuxTest("FullCounter pauses, and ends with its descriptor", async () => {
  const descriptor = new Descriptor(OwnedFd.eventfd(1).detach(), "Test");
  const results = [-1, 8];
  const full = new FullCounter(descriptor, {
    inPool: () => Promise.resolve(0),
    here: () => results.shift() ?? 0,
  });
  assertEquals(full.result, undefined);
  full.waitSync();
  assertEquals(full.result, -1);
  full.waitSync();
  assertEquals(full.result, 8);
  await full.wait();
  const wait = full.wait();
  descriptor.close();
  await assertRejects(() => wait, Deno.errors.BadResource);
});

linuxTest("FullCounter leaves the processor to others, longer each time up to a bound", () => {
  const descriptor = new Descriptor(OwnedFd.eventfd(1).detach(), "Test");
  const full = new FullCounter(descriptor, { inPool: () => Promise.resolve(0), here: () => 0 });
  const waits = pollTimeouts(() => {
    for (let n = 0; n < 8; n++) full.waitSync();
  });
  assertEquals(waits, [1, 2, 4, 8, 16, 32, 32, 32]);
  descriptor.close();
});

linuxTest("a program ends whose write of a value that does not fit was ended", async () => {
  const source = `
    import { OwnedFd } from "${new URL("../../mod.ts", import.meta.url)}";
    const counter = OwnedFd.eventfd(1);
    const write = counter.write(new Uint8Array(new BigUint64Array([${LARGEST}n]).buffer));
    await new Promise((resolve) => setTimeout(resolve, 5));
    counter.close();
    await write.catch((error) => console.log(error.name));
  `;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--allow-ffi", `--config=${config}`, "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  await new Blob([source]).stream().pipeTo(child.stdin);
  const { success, stdout } = await child.output();
  assertEquals({ success, stdout: new TextDecoder().decode(stdout) }, {
    success: true,
    stdout: "BadResource\n",
  });
});
