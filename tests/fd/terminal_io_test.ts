/** Reads and writes of terminals. */

import { assert, assertEquals } from "@std/assert";
import { libc, replaceLibc } from "../../ffi/libc.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { bytes, isPending, linuxTest, text, turn } from "../util/cases.ts";
import { openTerminal, readUntil } from "../util/terminal.ts";

linuxTest("read() of a terminal's master ends when all have closed its other side", async () => {
  using terminal = openTerminal();
  const { master, slave, path } = terminal;
  slave.writeSync(bytes("hello\n"));
  const chunk = new Uint8Array(64);
  assertEquals(await readUntil(master, "\n"), "hello\r\n");
  const read = master.read(chunk);
  assertEquals(await isPending(read), true);
  slave.writeSync(bytes("x"));
  slave.close();
  assertEquals(await read, 1);
  assertEquals({ async: await master.read(chunk), sync: master.readSync(chunk) }, {
    async: null,
    sync: null,
  });
  using again = OwnedFd.open(path, { read: true, write: true });
  const next = master.read(chunk);
  assertEquals(await isPending(next), true, "a new program has opened it");
  again.writeSync(bytes("y"));
  assertEquals(await next, 1);
});

linuxTest("readable of a terminal's master ends when all have closed its other side", async () => {
  using terminal = openTerminal();
  terminal.slave.writeSync(bytes("hello\n"));
  const content = new Response(terminal.master.readable).text();
  await turn();
  terminal.slave.close();
  assertEquals(await content, "hello\r\n");
});

linuxTest("read() that failed on a thread waits without blocking the event loop", async () => {
  using terminal = openTerminal();
  const { master, slave } = terminal;
  const original = libc();
  const { promise: failed, resolve: fail } = Promise.withResolvers<void>();
  const readInPool: typeof original.readInPool = (fd, buffer, size) => {
    original.read(fd, buffer, size); // another reader takes what there is
    replaceLibc(original);
    fail();
    return Promise.resolve(-1n);
  };
  replaceLibc(Object.create(original, { readInPool: { value: readInPool } }));
  const read = master.read(new Uint8Array(8));
  slave.writeSync(bytes("x\n"));
  await failed;
  assertEquals(await isPending(read), true);
  slave.writeSync(bytes("y\n"));
  assertEquals(await read, 3);
});

/** Bytes that a terminal gives as it got them, in no regular order. */
function letters(count: number): Uint8Array {
  return new Uint8Array(count).map((_, i) => 97 + (i * i + (i >> 7)) % 26);
}

linuxTest("write() to a terminal without a reader waits, and loses nothing", async () => {
  using terminal = openTerminal();
  terminal.slave.setRaw(true);
  const sent = letters(1 << 16);
  const writing = (async () => {
    for (let i = 0; i < 16; i++) {
      for (let done = 0; done < sent.length;) {
        done += await terminal.slave.write(sent.subarray(done));
      }
    }
  })();
  assertEquals(await isPending(writing), true);
  const received = new Uint8Array(sent.length * 16);
  for (let at = 0; at < received.length;) {
    at += await terminal.master.read(received.subarray(at)) ?? 0;
  }
  await writing;
  assert(text(received) === text(sent).repeat(16));
});

linuxTest(
  "write() to a terminal's master waits for its program without blocking the event loop",
  async () => {
    using terminal = openTerminal();
    terminal.slave.setRaw(true);
    const sent = letters(1 << 17);
    const writing = (async () => {
      for (let done = 0; done < sent.length;) {
        done += await terminal.master.write(sent.subarray(done));
      }
    })();
    assertEquals(await isPending(writing), true);
    const received = new Uint8Array(sent.length);
    for (let at = 0; at < received.length;) {
      at += await terminal.slave.read(received.subarray(at)) ?? 0;
    }
    await writing;
    assert(text(received) === text(sent));
  },
);
