/**
 * Every test here would hang where a call blocked: the event loop would stand still.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { platform } from "../../ffi/platform/mod.ts";
import { fcntl } from "../../ffi/syscalls/files.ts";
import { readNowait, writeNowait } from "../../ffi/syscalls/file_io.ts";
import { NEEDS_THREAD, NonblockingIo } from "../../lib/fd/nonblocking_io.ts";
import { Descriptor } from "../../lib/descriptor/descriptor.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { bytes, connected, isPending, linuxTest, test, text, turn } from "../util/cases.ts";
import { testWith } from "../util/peers.ts";
import { noLeaks } from "../util/descriptors.ts";
import { startProcess } from "../util/process.ts";
import { tempDir } from "../util/tempdir.ts";
import { openFifo, openTerminal, statusFlags } from "../util/terminal.ts";

const ONE = new Uint8Array(1);

linuxTest("repeatRead() of what has nothing to read any more does not wait for more", () => {
  using terminal = openTerminal();
  const [reader, writer] = OwnedFd.pipe();
  for (const [end, other] of [[terminal.master, terminal.slave], [reader, writer]] as const) {
    const descriptor = new Descriptor(end.dup().detach(), "Test");
    const io = new NonblockingIo(descriptor);
    assertEquals(io.repeatRead(descriptor.fd, ONE), -platform.EAGAIN);
    other.close();
    assertEquals(io.repeatRead(descriptor.fd, ONE), 0);
    descriptor.close();
  }
  reader.close();
});

/** The two ends of something that is read and written, in the sides that share it. */
interface Shared extends Disposable {
  readonly readers: readonly [OwnedFd, OwnedFd];
  readonly writers: readonly [OwnedFd, OwnedFd];
  /** More than fits it, in bytes. */
  readonly tooMuch: number;
}

function shared(read: OwnedFd, write: OwnedFd, tooMuch: number, ...rest: Disposable[]): Shared {
  const readers = [read, read.dup()] as const;
  const writers = [write, write.dup()] as const;
  return {
    readers,
    writers,
    tooMuch,
    [Symbol.dispose](): void {
      for (const it of [...readers, ...writers, ...rest]) it[Symbol.dispose]();
    },
  };
}

const KINDS = {
  "a pipe": () => shared(...OwnedFd.pipe(), 1 << 17),
  "a named pipe": () => {
    using dir = tempDir();
    const fifo = openFifo(dir.join("fifo"));
    return shared(fifo, fifo.dup(), 1 << 17);
  },
  "a terminal's program": () => {
    const terminal = openTerminal();
    terminal.slave.setRaw(true);
    return shared(terminal.slave, terminal.master, 4096, terminal);
  },
  "a terminal's master": () => {
    const terminal = openTerminal();
    terminal.slave.setRaw(true);
    return shared(terminal.master, terminal.slave, 1 << 20, terminal);
  },
} satisfies Record<string, () => Shared>;

for (const [name, open] of Object.entries(KINDS)) {
  linuxTest(
    `read() waits for its byte, and takes one, where others read ${name} as well`,
    async () => {
      using it = open();
      const flags = [...it.readers, ...it.writers].map(({ fd }) => statusFlags(fd));
      const taken: number[] = [];
      const reads = it.readers.map((reader, i) =>
        reader.read(new Uint8Array(1)).then(() => taken.push(i))
      );
      assertEquals(await isPending(Promise.race(reads)), true);
      assertEquals(await it.writers[0].write(bytes("a")), 1);
      await Promise.race(reads);
      for (let i = 0; i < 5; i++) await turn();
      assertEquals(taken.length, 1, "the other one waits on");
      assertEquals(await it.writers[1].write(bytes("b")), 1);
      await Promise.all(reads);
      assertEquals([...it.readers, ...it.writers].map(({ fd }) => statusFlags(fd)), flags);
    },
  );

  linuxTest(`readSync() and writeSync() work on ${name}`, () => {
    using it = open();
    const chunk = new Uint8Array(8);
    assertEquals(it.writers[0].writeSync(bytes("abc")), 3);
    assertEquals({ read: it.readers[0].readSync(chunk), chunk: text(chunk.subarray(0, 3)) }, {
      read: 3,
      chunk: "abc",
    });
  });
}

for (const name of ["a pipe", "a named pipe"] as const) {
  const open = KINDS[name];

  linuxTest(`write() waits for space where others write to ${name} as well`, async () => {
    using it = open();
    const flags = statusFlags(it.writers[0].fd);
    while (await it.writers[0].write(new Uint8Array(it.tooMuch)) === it.tooMuch);
    const writes = it.writers.map((writer) => writer.write(new Uint8Array(4096)));
    assertEquals(await isPending(Promise.race(writes)), true);
    await it.readers[0].read(new Uint8Array(4096));
    await Promise.race(writes);
    assertEquals(await isPending(Promise.all(writes)), true, "the other one waits on");
    await it.readers[1].read(new Uint8Array(4096));
    assertEquals(await Promise.all(writes), [4096, 4096]);
    assertEquals(statusFlags(it.writers[0].fd), flags);
  });
}

/** A pipe of its own for each end: the reader of a named pipe may be opened on its own. */
const ENDS: Record<string, () => [OwnedFd, OwnedFd]> = {
  "pipe": () => OwnedFd.pipe(),
  "named pipe": () => {
    using dir = tempDir();
    using both = openFifo(dir.join("fifo"));
    const path = dir.join("fifo");
    assert(both.fd >= 0);
    return [OwnedFd.open(path), OwnedFd.open(path, { write: true })];
  },
};

for (const [name, open] of Object.entries(ENDS)) {
  linuxTest(`write() ends with BrokenPipe when the reader of a full ${name} closes`, async () => {
    const [reader, writer] = open();
    using _reader = reader;
    using _writer = writer;
    while (await writer.write(new Uint8Array(1 << 17)) === 1 << 17);
    const write = writer.write(new Uint8Array(4096));
    assertEquals(await isPending(write), true);
    reader.close();
    await assertRejects(() => write, Deno.errors.BrokenPipe);
    await assertRejects(() => writer.write(ONE), Deno.errors.BrokenPipe);
    assertThrows(() => writer.writeSync(ONE), Deno.errors.BrokenPipe);
  });

  linuxTest(`read() ends when the writer of an empty ${name} closes`, async () => {
    const [reader, writer] = open();
    using _reader = reader;
    using _writer = writer;
    const read = reader.read(new Uint8Array(1));
    assertEquals(await isPending(read), true);
    writer.close();
    assertEquals({ read: await read, readerRead: reader.readSync(new Uint8Array(1)) }, {
      read: null,
      readerRead: null,
    });
  });

  linuxTest(
    `read() and write() of a ${name} end with the signal's reason, and take nothing`,
    async () => {
      const [reader, writer] = open();
      using _reader = reader;
      using _writer = writer;
      const stop = new AbortController();
      const read = reader.read(new Uint8Array(8), { signal: stop.signal });
      assertEquals(await isPending(read), true);
      assertEquals(await writer.write(bytes("abc")), 3);
      stop.abort(new RangeError("enough"));
      await assertRejects(() => read, RangeError, "enough");
      assertEquals(await reader.read(new Uint8Array(8)), 3);
      while (await writer.write(new Uint8Array(1 << 17)) === 1 << 17);
      const again = new AbortController();
      const write = writer.write(new Uint8Array(4096), { signal: again.signal });
      assertEquals(await isPending(write), true);
      again.abort(new RangeError("enough"));
      await assertRejects(() => write, RangeError, "enough");
    },
  );
}

linuxTest(
  "write() of a pipe refuses memory that was taken away meanwhile, and writes none of it",
  async () => {
    const [reader, writer] = OwnedFd.pipe();
    using _reader = reader;
    using _writer = writer;
    while (await writer.write(new Uint8Array(1 << 17)) === 1 << 17);
    const memory = new Uint8Array(4096);
    const write = writer.write(memory);
    await turn();
    memory.buffer.transfer();
    await reader.read(new Uint8Array(1 << 17));
    await assertRejects(() => write, TypeError, "was detached");
  },
);

test("write() of a file takes a copy of a Buffer, whose slice() is none", async () => {
  using dir = tempDir();
  using file = OwnedFd.open(dir.join("a"), { write: true, create: true });
  const data = Buffer.from("before");
  // The second waits for its turn: no thread has it before the memory is used again.
  const writes = [file.write(data), file.write(data), file.writeAt(data, 12)];
  data.fill(0);
  await Promise.all(writes);
  assertEquals(Deno.readTextFileSync(dir.join("a")), "before".repeat(3));
});

linuxTest("NonblockingIo leaves files without non-blocking calls to a thread", () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("a"), "x");
  const cases: [OwnedFd, readable: boolean, writable: boolean][] = [
    [OwnedFd.open(dir.join("a"), { read: true, write: true }), true, true],
    [OwnedFd.memfd("a"), true, true],
    [OwnedFd.open(dir.path), true, true],
    [OwnedFd.eventfd(1), false, true],
    [OwnedFd.open("/dev/full", { read: true, write: true }), true, true],
    [OwnedFd.open("/dev/null", { read: true, write: true }), false, false],
    [OwnedFd.open("/dev/zero", { read: true, write: true }), false, false],
  ];
  for (const [file, reads, writes] of cases) {
    const kind = `${file.kind()} ${Deno.readLinkSync(`/proc/self/fd/${file.fd}`)}`;
    const descriptor = new Descriptor(file.detach(), "Test");
    const io = new NonblockingIo(descriptor);
    assertEquals(io.read(new Uint8Array(8)) === NEEDS_THREAD, reads, kind);
    assertEquals(io.write(new Uint8Array(8)) === NEEDS_THREAD, writes, kind);
    descriptor.close();
  }
});

linuxTest("NonblockingIo asks the kernel at once where the open file has O_NONBLOCK", () => {
  using counter = OwnedFd.eventfd();
  const descriptor = new Descriptor(counter.dup().detach(), "Test");
  const io = new NonblockingIo(descriptor);
  const one = new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]);
  assertEquals({ read: io.read(new Uint8Array(8)), written: io.write(one) }, {
    read: -platform.EAGAIN,
    written: NEEDS_THREAD,
  });
  counter.nonblocking = true;
  assertEquals({ written: io.write(one), read: io.read(new Uint8Array(8)) }, {
    written: 8,
    read: 8,
  });
  descriptor.close();
});

linuxTest("write() of an eventfd waits where it would exceed the largest value", async () => {
  using counter = OwnedFd.eventfd();
  using other = counter.dup();
  const value = (n: bigint) => new Uint8Array(new BigUint64Array([n]).buffer);
  counter.nonblocking = true;
  await counter.write(value(2n ** 64n - 2n));
  const write = counter.write(value(1n));
  assertEquals(await isPending(write), true);
  await other.read(new Uint8Array(8));
  assertEquals(await write, 8);
});

linuxTest("write() of a device says why it failed, although it failed in a thread", async () => {
  using full = OwnedFd.open("/dev/full", { write: true });
  for (const size of [1, 8000]) {
    const error = await assertRejects(() => full.write(new Uint8Array(size)), Error, "ENOSPC");
    assertEquals("syscall" in error && error.syscall, "write");
    assertThrows(() => full.writeSync(new Uint8Array(size)), Error, "ENOSPC");
  }
});

linuxTest("write() does not wait for devices that never say they are ready", async () => {
  // poll(2) of it reports POLLOUT only while the kernel lacks randomness.
  using random = OwnedFd.open("/dev/random", { write: true });
  assertEquals({ async: await random.write(bytes("abc")), sync: random.writeSync(bytes("abc")) }, {
    async: 3,
    sync: 3,
  });
});

linuxTest("read() of a terminal's master that does not block ends as well", async () => {
  using terminal = openTerminal();
  const { master, slave } = terminal;
  master.nonblocking = true;
  slave.writeSync(bytes("x"));
  slave.close();
  const chunk = new Uint8Array(8);
  const read = [await master.read(chunk), await master.read(chunk), master.readSync(chunk)];
  assertEquals(read, [1, null, null]);
});

test("read() and write() of a socket that blocks do not block", async () => {
  using pair = connected();
  using file = OwnedFd.adopt(pair.a.detach());
  file.nonblocking = false;
  const read = file.read(new Uint8Array(8));
  assertEquals(await isPending(read), true);
  pair.b.writeSync(ONE);
  assertEquals({ read: await read, nonblocking: file.nonblocking }, {
    read: 1,
    nonblocking: false,
  });
  let written = 0;
  while (!await isPending(file.write(new Uint8Array(1 << 20)).then((n) => written += n)));
  assert(written > 0);
});

linuxTest("readNowait() and writeNowait() never wait, and say so", () => {
  const [reader, writer] = OwnedFd.pipe();
  using _reader = reader;
  using _writer = writer;
  assertEquals(readNowait(reader.fd, new Uint8Array(8)), -platform.EAGAIN);
  assertEquals(writeNowait(writer.fd, bytes("abc")), 3);
  const chunk = new Uint8Array(8);
  assertEquals({ readNowait: readNowait(reader.fd, chunk), chunk: text(chunk.subarray(0, 3)) }, {
    readNowait: 3,
    chunk: "abc",
  });
  while (writeNowait(writer.fd, new Uint8Array(4096)) > 0);
  assertEquals(writeNowait(writer.fd, ONE), -platform.EAGAIN);
  assertEquals(readNowait(-1, ONE), -platform.EBADF);
  assertEquals(statusFlags(reader.fd) & platform.O_NONBLOCK, 0);
});

/** Takes tokens and gives them back, as make's jobs do: https://www.gnu.org/software/make/manual/html_node/POSIX-Jobserver.html */
const WORKER = `
import os, sys, random, time
r = os.open(sys.argv[1], os.O_RDONLY); w = os.open(sys.argv[1], os.O_WRONLY)
for i in range(300):
    token = os.read(r, 1)
    if random.random() < 0.3: time.sleep(0.0005)
    os.write(w, token)
print("done")
`;

testWith(
  "python3",
  "read() and write() share the tokens of a jobserver with another process",
  noLeaks(async () => {
    using dir = tempDir();
    using fifo = openFifo(dir.join("jobserver"));
    fifo.writeSync(bytes("abc"));
    const args = ["-c", WORKER, dir.join("jobserver")];
    await using one = startProcess("python3", { args });
    await using two = startProcess("python3", { args });
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const work = async () => {
      using mine = fifo.dup();
      for (let i = 0; i < 300; i++) {
        const token = new Uint8Array(1);
        assertEquals(await mine.read(token), 1);
        if (i % 3 === 0) await turn();
        assertEquals(await mine.write(token), 1);
      }
    };
    await Promise.all([work(), work(), work()]);
    assertEquals({ oneLine: await one.readLine(), twoLine: await two.readLine() }, {
      oneLine: "done",
      twoLine: "done",
    });
    clearInterval(timer);
    const rest = new Uint8Array(8);
    assertEquals(await fifo.read(rest), 3);
    assertEquals([...text(rest.subarray(0, 3))].sort(), ["a", "b", "c"]);
    assert(ticks > 10);
    assertEquals(fcntl(fifo.fd, platform.F_GETFL, 0) & platform.O_NONBLOCK, 0);
  }),
);
