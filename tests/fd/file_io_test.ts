import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ioctl, setNonblocking } from "../../ffi/syscalls/files.ts";
import { eventfd, pipe } from "../../ffi/syscalls/readiness.ts";
import { Descriptor } from "../../lib/descriptor/descriptor.ts";
import { FileIo } from "../../lib/fd/file_io.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { bytes, connected, isPending, linuxTest, test, text, turn } from "../util/cases.ts";
import { tempDir } from "../util/tempdir.ts";
import { readUntil } from "../util/terminal.ts";

/** A pipe whose ends block, as those of other programs do. */
function blockingPipe(): [OwnedFd, OwnedFd] {
  const ends = pipe();
  if (typeof ends === "number") throw new Error(`pipe: ${ends}`);
  for (const fd of ends) setNonblocking(fd, false);
  return [OwnedFd.adopt(ends[0]), OwnedFd.adopt(ends[1])];
}

async function contentOf(file: OwnedFd): Promise<string> {
  const chunk = new Uint8Array(64);
  let all = "";
  for (let count = await file.read(chunk); count !== null; count = await file.read(chunk)) {
    all += text(chunk.subarray(0, count));
  }
  return all;
}

test("read() and write() work on regular files, at the file position", async () => {
  using dir = tempDir();
  using file = OwnedFd.open(dir.join("a"), { read: true, write: true, create: true });
  assertEquals(await file.write(bytes("hello ")), 6);
  assertEquals(file.writeSync(bytes("world")), 5);
  assertEquals(await file.read(new Uint8Array(4)), null);
  assertEquals(Deno.readTextFileSync(dir.join("a")), "hello world");
  using again = OwnedFd.open(dir.join("a"));
  const part = new Uint8Array(6);
  assertEquals({ read: again.readSync(part), part: text(part) }, { read: 6, part: "hello " });
  assertEquals(await contentOf(again), "world");
  assertEquals({ sync: again.readSync(part), async: await again.read(part) }, {
    sync: null,
    async: null,
  });
});

test("read() and write() of nothing are no end", async () => {
  using dir = tempDir();
  using file = OwnedFd.open(dir.join("a"), { read: true, write: true, create: true });
  const nothing = new Uint8Array(0);
  assertEquals({ async: await file.write(nothing), sync: file.writeSync(nothing) }, {
    async: 0,
    sync: 0,
  });
  assertEquals({ async: await file.read(nothing), sync: file.readSync(nothing) }, {
    async: 0,
    sync: 0,
  });
  const [reader, writer] = blockingPipe();
  using _writer = writer;
  using _reader = reader;
  assertEquals({ async: await reader.read(nothing), sync: reader.readSync(nothing) }, {
    async: 0,
    sync: 0,
  }, "an empty pipe");
  using pair = connected();
  using socket = OwnedFd.adopt(pair.a.detach());
  assertEquals({ async: await socket.read(nothing), sync: socket.readSync(nothing) }, {
    async: 0,
    sync: 0,
  }, "a socket");
});

test("read() of a file lets timers continue", async () => {
  using dir = tempDir();
  Deno.writeFileSync(dir.join("a"), new Uint8Array(1 << 20));
  using file = OwnedFd.open(dir.join("a"));
  let ticks = 0;
  const timer = setInterval(() => ticks++, 0);
  const chunk = new Uint8Array(4096);
  while (await file.read(chunk) !== null);
  clearInterval(timer);
  assert(ticks > 0);
});

test("read() of a file fails with the error of the call, although that ran in a thread", async () => {
  using dir = tempDir();
  using directory = OwnedFd.open(dir.path);
  const chunk = new Uint8Array(8);
  const error = await assertRejects(() => directory.read(chunk), Deno.errors.IsADirectory);
  assertEquals("syscall" in error && error.syscall, "read");
  assertThrows(() => directory.readSync(chunk), Deno.errors.IsADirectory);
});

test("write() of a file fails with the error of the call", async () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("a"), "");
  using file = OwnedFd.open(dir.join("a"));
  const error = await assertRejects(() => file.write(bytes("a")), Deno.errors.BadResource);
  assertEquals("syscall" in error && error.syscall, "write");
});

test("read() and write() of a file run one after the other, in the order they were started", async () => {
  using dir = tempDir();
  using file = OwnedFd.open(dir.join("a"), { write: true, create: true });
  await Promise.all(["a", "b", "c", "d"].map((it) => file.write(bytes(it))));
  assertEquals(Deno.readTextFileSync(dir.join("a")), "abcd");
});

test("read() of a file ends with BadResource when it is closed meanwhile", async () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("a"), "x");
  const file = OwnedFd.open(dir.join("a"));
  const reads = [file.read(new Uint8Array(1)), file.read(new Uint8Array(1))];
  file.close();
  await Promise.all(reads.map((read) => assertRejects(() => read, Deno.errors.BadResource)));
});

test("read() of a file refuses memory that was taken away meanwhile, and touches none of it", async () => {
  using dir = tempDir();
  Deno.writeFileSync(dir.join("a"), new Uint8Array(1 << 16).fill(1));
  using file = OwnedFd.open(dir.join("a"));
  const memory = new Uint8Array(1 << 16);
  const read = file.read(memory);
  const moved = new Uint8Array(memory.buffer.transfer());
  await assertRejects(() => read, TypeError, "detached or resized");
  assertEquals(moved.includes(1), false);
});

test("write() of a file writes what the memory held at the call", async () => {
  using dir = tempDir();
  using file = OwnedFd.open(dir.join("a"), { write: true, create: true });
  const memory = bytes("before");
  // The second waits for its turn: no thread has its bytes before the memory is gone.
  const writes = [file.write(memory), file.write(memory)];
  memory.fill(0);
  memory.buffer.transfer();
  assertEquals(await Promise.all(writes), [6, 6]);
  assertEquals(Deno.readTextFileSync(dir.join("a")), "beforebefore");
});

test("read() of a pipe refuses memory that was taken away meanwhile, and loses nothing", async () => {
  const [reader, writer] = blockingPipe();
  using _reader = reader;
  using _writer = writer;
  const memory = new Uint8Array(64);
  const read = reader.read(memory);
  await turn();
  memory.buffer.transfer();
  writer.writeSync(bytes("abc"));
  await assertRejects(() => read, TypeError, "detached or resized");
  assertEquals(await reader.read(new Uint8Array(8)), 3);
});

test("read() and write() refuse what is no Uint8Array", async () => {
  using file = OwnedFd.open("/dev/null", { read: true, write: true });
  for (const wrong of ["abc", null, undefined, [1], new ArrayBuffer(1)]) {
    const given = wrong as unknown as Uint8Array;
    await assertRejects(() => file.read(given), TypeError, "Uint8Array");
    await assertRejects(() => file.write(given), TypeError, "Uint8Array");
    assertThrows(() => file.readSync(given), TypeError, "Uint8Array");
    assertThrows(() => file.writeSync(given), TypeError, "Uint8Array");
  }
});

test("read() of a blocking pipe waits without blocking the event loop", async () => {
  const [reader, writer] = blockingPipe();
  using _reader = reader;
  using _writer = writer;
  const chunk = new Uint8Array(8);
  const read = reader.read(chunk);
  assertEquals(await isPending(read), true);
  writer.writeSync(bytes("abc"));
  assertEquals({ read: await read, chunk: text(chunk.subarray(0, 3)) }, { read: 3, chunk: "abc" });
  writer.close();
  assertEquals(await reader.read(chunk), null);
});

test("write() to a blocking pipe waits without blocking the event loop", async () => {
  const [reader, writer] = blockingPipe();
  using _reader = reader;
  using _writer = writer;
  const all = new Uint8Array(1 << 20);
  let written = 0;
  const writing = (async () => {
    while (written < all.byteLength) written += await writer.write(all.subarray(written));
  })();
  assertEquals(await isPending(writing), true);
  const chunk = new Uint8Array(1 << 16);
  let read = 0;
  while (read < all.byteLength) read += await reader.read(chunk) ?? 0;
  await writing;
  assertEquals({ read, written }, { read: all.byteLength, written: all.byteLength });
});

test("an abort comes too late for what a thread reads or writes: nothing is lost or written twice", async () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("parts"), "abcdef");
  using file = OwnedFd.open(dir.join("parts"), { read: true, write: true });
  for (const expected of ["ab", "cd"]) {
    const abort = new AbortController();
    const part = new Uint8Array(2);
    const pending = file.read(part, { signal: abort.signal });
    abort.abort();
    assertEquals({ count: await pending, part: text(part) }, { count: 2, part: expected });
  }
  const abort = new AbortController();
  const pending = file.write(bytes("EF"), { signal: abort.signal });
  abort.abort();
  assertEquals(await pending, 2);
  const all = new Uint8Array(8);
  assertEquals(text(all.subarray(0, file.readAtSync(all, 0) ?? 0)), "abcdEF");
});

test("write() to a pipe without a reader throws BrokenPipe, and raises no signal", async () => {
  const [reader, writer] = blockingPipe();
  reader.close();
  using _writer = writer;
  await assertRejects(() => writer.write(bytes("a")), Deno.errors.BrokenPipe);
  assertThrows(() => writer.writeSync(bytes("a")), Deno.errors.BrokenPipe);
});

for (const how of ["close", "detach", Symbol.dispose] as const) {
  test(`read() of a pipe ends with BadResource on ${String(how)}`, async () => {
    const [reader, writer] = blockingPipe();
    using _writer = writer;
    const read = reader.read(new Uint8Array(1));
    await turn();
    using rest = new DisposableStack();
    const fd = reader[how]();
    if (typeof fd === "number") rest.use(OwnedFd.adopt(fd));
    await assertRejects(() => read, Deno.errors.BadResource);
  });
}

test("read() and write() work on a socket", async () => {
  using pair = connected();
  using file = OwnedFd.adopt(pair.a.detach());
  const chunk = new Uint8Array(8);
  const read = file.read(chunk);
  assertEquals(await isPending(read), true);
  pair.b.writeSync(bytes("abc"));
  assertEquals(await read, 3);
  assertEquals(await file.write(bytes("de")), 2);
  assertEquals(file.writeSync(bytes("f")), 1);
  assertEquals({ read: await pair.b.read(chunk), chunk: text(chunk.subarray(0, 3)) }, {
    read: 3,
    chunk: "def",
  });
});

test("readSync() of a socket that does not block waits nevertheless", () => {
  using pair = connected();
  setNonblocking(pair.a.fd, true);
  using file = OwnedFd.adopt(pair.a.detach());
  pair.b.writeSync(bytes("abc"));
  assertEquals(file.readSync(new Uint8Array(8)), 3);
});

test("read() and write() work on character devices", async () => {
  using nothing = OwnedFd.open("/dev/null", { read: true, write: true });
  using zeros = OwnedFd.open("/dev/zero");
  const chunk = new Uint8Array(8).fill(1);
  assertEquals({ read: await nothing.read(chunk), written: await nothing.write(chunk) }, {
    read: null,
    written: 8,
  });
  assertEquals(await zeros.read(chunk), 8);
  assertEquals(chunk, new Uint8Array(8));
});

linuxTest("read() and write() work on a terminal without blocking the event loop", async () => {
  using primary = OwnedFd.open("/dev/ptmx", { read: true, write: true });
  const number = new Uint8Array(4);
  assertEquals(ioctl(primary.fd, 0x40045431, number), 0); // TIOCSPTLCK: unlock
  assertEquals(ioctl(primary.fd, 0x80045430, number), 0); // TIOCGPTN
  const name = `/dev/pts/${new DataView(number.buffer).getUint32(0, true)}`;
  using terminal = OwnedFd.open(name, { read: true, write: true });
  assertEquals({ primaryKind: primary.kind(), terminalKind: terminal.kind() }, {
    primaryKind: "character",
    terminalKind: "character",
  });
  const chunk = new Uint8Array(64);
  const read = terminal.read(chunk);
  assertEquals(await isPending(read), true);
  await primary.write(bytes("typed\n"));
  assertEquals({ read: await read, chunk: text(chunk.subarray(0, 6)) }, {
    read: 6,
    chunk: "typed\n",
  });
  // What was typed is shown as well, before or after this.
  const typed = readUntil(primary, "typed");
  await terminal.write(bytes("shown"));
  await typed;
});

linuxTest("read() of an eventfd waits without blocking the event loop", async () => {
  for (let i = 0; i < 10; i++) {
    using file = OwnedFd.adopt(eventfd());
    const count = new Uint8Array(8);
    const read = file.read(count);
    assertEquals(await isPending(read), true);
    await file.write(new Uint8Array([3, 0, 0, 0, 0, 0, 0, 0]));
    assertEquals({ read: await read, count: count[0] }, { read: 8, count: 3 });
  }
});

linuxTest("read() and write() of a memfd with seals", async () => {
  using file = OwnedFd.memfd("a", bytes("fixed"), { seal: true });
  const chunk = new Uint8Array(8);
  assertEquals({ read: await file.read(chunk), chunk: text(chunk.subarray(0, 5)) }, {
    read: 5,
    chunk: "fixed",
  });
  await assertRejects(() => file.write(bytes("x")), Deno.errors.PermissionDenied);
});

test("FileIo throws BadResource on a descriptor that was closed before", async () => {
  const descriptor = new Descriptor(0x7ffffffe, "Test");
  descriptor.release();
  const io = new FileIo(descriptor);
  await assertRejects(() => io.read(new Uint8Array(1)), Deno.errors.BadResource);
  await assertRejects(() => io.write(new Uint8Array(1)), Deno.errors.BadResource);
  assertThrows(() => io.readSync(new Uint8Array(1)), Deno.errors.BadResource);
  assertThrows(() => io.writeSync(new Uint8Array(1)), Deno.errors.BadResource);
});
