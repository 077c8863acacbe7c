/** How long programs live that use sockets, and what many messages leave behind. */

import { assert, assertEquals } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { whyMissing } from "../reactor/backends.ts";
import { connected, linuxTest, test } from "../util/cases.ts";
import { countDescriptors } from "../util/descriptors.ts";
import { lifetime } from "../util/lifetime.ts";

Deno.test("a program with idle sockets ends by itself", async () => {
  const program = `
    const [a, b] = unix.socketpair();
    await a.write(new Uint8Array(1));
    await b.read(new Uint8Array(1));
    console.log("end");
  `;
  assertEquals(await lifetime(program), "end\n");
});

Deno.test("a pending read lets the program end after unref()", async () => {
  for (const order of ["before", "after"]) {
    const program = `
      const [a, b] = unix.socketpair();
      ${order === "before" ? "a.unref();" : ""}
      a.read(new Uint8Array(1));
      ${order === "after" ? "setTimeout(() => a.unref(), 10);" : ""}
      console.log("end");
    `;
    assertEquals(await lifetime(program), "end\n");
  }
});

Deno.test("a pending read keeps the program alive, also after unref() and ref()", async () => {
  const program = `
    const [a, b] = unix.socketpair({ cloexec: false });
    a.unref();
    a.read(new Uint8Array(8)).then((count) => console.log("read", count));
    a.ref();
    // Another process writes, as a timer here would keep this one alive.
    const script = "sleep 0.3; printf abc >&" + b.fd;
    new Deno.Command("/bin/bash", { args: ["-c", script], stdout: "null" }).spawn().unref();
  `;
  assertEquals(await lifetime(program), "read 3\n");
});

const LAST_WRITES: Readonly<Record<string, string>> = {
  "writeSync()": "a.writeSync(data)",
  "write()": "a.write(data)",
  "sendSync()": "a.sendSync({ data })",
  "send()": "a.send({ data })",
  "sendmsgSync()": "sendmsgSync(a, message)",
  "sendmsg()": "sendmsg(a, message)",
  "sendmsg() with MSG_DONTWAIT": `sendmsg(a, message, { flags: ${platform.MSG_DONTWAIT} })`,
  "shutdown()": 'a.shutdown("write")',
  "closeWrite()": "a.closeWrite()",
  "close()": "a.close()",
};

/** Run a program with a backend that a thread does not begin with, unless one is forced: what it printed. */
function withBackend(program: string): Promise<string | undefined> {
  const backend = Deno.env.get("DENET_UNIX_REACTOR") ?? "aio";
  const isThere = whyMissing(backend) === undefined;
  return lifetime(program, isThere ? { env: { DENET_UNIX_REACTOR: backend } } : {});
}

for (const [way, write] of Object.entries(LAST_WRITES)) {
  Deno.test(`a read that keeps nothing alive sees what ${way} does last`, async () => {
    const program = `
      const [a, b] = unix.socketpair();
      const data = new Uint8Array(3);
      const message = new Msghdr();
      message.addVector(data);
      b.unref();
      setTimeout(() => ${write}, 20);
      console.log(await b.read(new Uint8Array(8)));`;
    const count = /shut|close/.test(way) ? "null\n" : "3\n";
    assertEquals(await withBackend(program), count);
  });
}

const LAST_READS: Readonly<Record<string, string>> = {
  "readSync()": "b.readSync(bytes)",
  "read()": "b.read(bytes)",
  "receiveSync()": "b.receiveSync({ buffer: bytes })",
  "receive()": "b.receive({ buffer: bytes })",
  "recvmsgSync()": "recvmsgSync(b, message)",
  "recvmsg()": "recvmsg(b, message)",
  "recvmsg() with MSG_DONTWAIT": `recvmsg(b, message, { flags: ${platform.MSG_DONTWAIT} })`,
};
for (const [way, read] of Object.entries(LAST_READS)) {
  Deno.test(`a write that keeps nothing alive sees what ${way} does last`, async () => {
    const program = `
      unix.reactorBackend(); // until then a timer polls now and then
      const [a, b] = unix.socketpair();
      const bytes = new Uint8Array(1 << 20);
      const message = new Msghdr();
      message.addVector(bytes);
      a.unref();
      await a.write(bytes);
      setTimeout(() => ${read}, 20);
      console.log(await a.write(new Uint8Array(3)));`;
    assertEquals(await lifetime(program), "3\n");
  });
}

Deno.test("an accept() that keeps nothing alive sees the last connection", async () => {
  for (const connect of ["connectSync", "connect"]) {
    const program = `
      const listener = unix.listen(dir + "/s");
      listener.unref();
      setTimeout(() => unix.${connect}(dir + "/s"), 20);
      console.log((await listener.accept()).type);`;
    assertEquals(await withBackend(program), "stream\n", connect);
  }
});

/** The memory this process has in use, in bytes. */
function residentMemory(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return Deno.memoryUsage().rss;
}

test("100,000 passes of a descriptor leave the number of descriptors and the memory flat", async () => {
  using pair = connected();
  using file = OwnedFd.open("/dev/null");
  const message = { data: new Uint8Array(1), files: [file] };
  const options = { files: 1 };
  const passes = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) {
      if (n % 100 === 0) {
        await pair.a.send(message);
        using _received = await pair.b.receive(options);
      } else {
        pair.a.sendSync(message);
        using _received = pair.b.receiveSync(options);
      }
    }
  };
  await passes(10_000);
  const [descriptors, memory] = [countDescriptors(), residentMemory()];
  await passes(100_000);
  assertEquals(countDescriptors(), descriptors);
  const grown = residentMemory() - memory;
  assert(grown < 32 << 20, `the memory has grown by ${grown} bytes`);
});

linuxTest(
  "OwnedFd does not make a terminal that it opens, or reads, the controlling one",
  async () => {
    const program = `
    const { ioctl } = await import("${new URL("../../ffi/syscalls/files.ts", import.meta.url)}");
    const primary = OwnedFd.open("/dev/ptmx", { read: true, write: true });
    const number = new Uint8Array(4);
    ioctl(primary.fd, 0x40045431, number); // TIOCSPTLCK: unlock
    ioctl(primary.fd, 0x80045430, number); // TIOCGPTN
    const name = "/dev/pts/" + new DataView(number.buffer).getUint32(0, true);
    const terminal = OwnedFd.open(name, { read: true, write: true });
    primary.writeSync(new TextEncoder().encode("a\\n"));
    await terminal.ready("read");
    await terminal.read(new Uint8Array(2));
    await terminal.write(new Uint8Array(1));
    const controlling = Deno.readTextFileSync("/proc/self/stat").split(") ")[1].split(" ")[4];
    primary.close(); // which hangs the terminal up
    console.log(terminal.kind(), controlling);
  `;
    assertEquals(await lifetime(program, { detached: true }), "character 0\n");
  },
);

linuxTest(
  "a send that waits for a receiver's queue lets the program end after unref(), not after ref()",
  async () => {
    const start = `
      const receiver = unix.bind(dir + "/to", { cloexec: false });
      const filler = unix.connectSync(dir + "/to", { type: "dgram" });
      filler.sendTimeout = 1;
      let count = 0;
      try {
        for (;; count++) filler.writeSync(new Uint8Array(1));
      } catch {}
      const sender = unix.bind(dir + "/from");
      sender.unref();
      sender.send({ data: new Uint8Array(1), to: dir + "/to" }).then(() => console.log("sent"));`;
    assertEquals(await lifetime(start), "");
    const end = `
      setTimeout(() => {
        sender.ref();
        // Another process makes space, as a timer here would keep this one alive.
        const script = "sleep 0.3; exec dd bs=64 count=" + count + " status=none <&" + receiver.fd;
        new Deno.Command("/bin/bash", { args: ["-c", script], stdout: "null" }).spawn().unref();
      }, 10);`;
    assertEquals(await lifetime(start + end), "sent\n");
  },
);
