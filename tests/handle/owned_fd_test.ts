import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { fcntl, lseek } from "../../ffi/syscalls/files.ts";
import { OwnedFd, ownFd } from "../../lib/handle/owned_fd.ts";
import { listen } from "../../lib/unix/listen.ts";
import {
  bytes,
  collectUntil,
  gcTest,
  isOpen,
  isPending,
  linuxTest,
  test,
  text,
  turn,
} from "../util/cases.ts";
import { noLeaks } from "../util/descriptors.ts";
import { testWith } from "../util/peers.ts";
import { tempDir } from "../util/tempdir.ts";

test("adopt() takes over an open descriptor", () => {
  const fd = OwnedFd.open("/dev/null").detach();
  const file = OwnedFd.adopt(fd);
  assertEquals(file.fd, fd);
  file.close();
  assertEquals(isOpen(fd), false);
});

Deno.test("adopt() refuses what is no open descriptor", () => {
  for (const fd of [-1, 0.5, NaN, 0x7ffffffe, "0", null]) {
    assertThrows(() => OwnedFd.adopt(fd as number), TypeError);
  }
});

test("close() is idempotent, and use after it throws BadResource", async () => {
  using file = OwnedFd.open("/dev/null", { read: true, write: true });
  const { fd } = file;
  file.close();
  file.close();
  file[Symbol.dispose]();
  assertEquals(isOpen(fd), false);
  const one = new Uint8Array(1);
  const uses: (() => unknown)[] = [
    () => file.fd,
    () => file.detach(),
    () => file.dup(),
    () => file.kind(),
    () => file.statSync(),
    () => file.readSync(one),
    () => file.writeSync(one),
    () => file.readAtSync(one, 0),
    () => file.writeAtSync(one, 0),
    () => file.seekSync(0, Deno.SeekMode.Start),
    () => file.truncateSync(),
    () => file.syncSync(),
    () => file.syncDataSync(),
    () => file.utimeSync(0, 0),
    () => file.lockSync(),
    () => file.tryLockSync(),
    () => file.unlockSync(),
    () => file.isTerminal(),
    () => file.setRaw(true),
    () => file.seals(),
    () => file.addSeals("grow"),
    () => file.map(),
    () => file.closeOnExec,
    () => file.closeOnExec = true,
    () => file.nonblocking,
    () => file.nonblocking = true,
    () => file.asSocket(),
    () => file.asListener(),
  ];
  for (const use of uses) {
    assertThrows(
      use,
      Deno.errors.BadResource,
      "Cannot use the OwnedFd: it is closed",
      use.toString(),
    );
  }
  const waits: (() => Promise<unknown>)[] = [
    () => file.read(one),
    () => file.write(one),
    () => file.readAt(one, 0),
    () => file.writeAt(one, 0),
    () => file.seek(0, Deno.SeekMode.Start),
    () => file.truncate(),
    () => file.stat(),
    () => file.sync(),
    () => file.syncData(),
    () => file.utime(0, 0),
    () => file.lock(),
    () => file.tryLock(),
    () => file.unlock(),
    () => file.ready("read"),
  ];
  for (const use of waits) {
    await assertRejects(
      use,
      Deno.errors.BadResource,
      "Cannot use the OwnedFd: it is closed",
      use.toString(),
    );
  }
});

test("detach() gives the number up without closing it", () => {
  const file = OwnedFd.open("/dev/null");
  const fd = file.detach();
  file.close();
  assertEquals(isOpen(fd), true);
  assertThrows(() => file.detach(), Deno.errors.BadResource);
  OwnedFd.adopt(fd).close();
});

test("dup() makes a second, close-on-exec descriptor that shares the file position", () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("a"), "abcdef");
  using file = OwnedFd.open(dir.join("a"));
  fcntl(file.fd, platform.F_SETFD, 0);
  using copy = file.dup();
  assert(copy.fd !== file.fd);
  assertEquals(fcntl(copy.fd, platform.F_GETFD, 0), platform.FD_CLOEXEC);
  const chunk = new Uint8Array(3);
  file.readSync(chunk);
  copy.readSync(chunk);
  assertEquals(text(chunk), "def");
  file.close();
  assertEquals(isOpen(copy.fd), true);
});

linuxTest("memfd() makes a file in memory, with the position at its start", () => {
  using empty = OwnedFd.memfd("nothing");
  assertEquals({ kind: empty.kind(), size: empty.statSync().size }, { kind: "memfd", size: 0 });
  using file = OwnedFd.memfd("some", bytes("hello"));
  assertEquals({ size: file.statSync().size, lseek: lseek(file.fd, 0, platform.SEEK_CUR) }, {
    size: 5,
    lseek: 0,
  });
  assertEquals(fcntl(file.fd, platform.F_GETFD, 0), platform.FD_CLOEXEC);
  assertEquals(Deno.readLinkSync(`/proc/self/fd/${file.fd}`), "/memfd:some (deleted)");
});

linuxTest("memfd() seals size and content on request", () => {
  using file = OwnedFd.memfd("fixed", bytes("hello"), { seal: true });
  const { F_GET_SEALS, F_SEAL_GROW, F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_WRITE } = platform;
  assertEquals(
    fcntl(file.fd, F_GET_SEALS, 0),
    F_SEAL_GROW | F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_WRITE,
  );
  assertThrows(() => file.writeSync(bytes("J")), Deno.errors.PermissionDenied);
  assertThrows(() => Deno.truncateSync(`/proc/self/fd/${file.fd}`, 0));
  const chunk = new Uint8Array(8);
  assertEquals({ read: file.readSync(chunk), chunk: text(chunk.subarray(0, 5)) }, {
    read: 5,
    chunk: "hello",
  });
});

linuxTest("memfd() leaves the file open to change without seals", () => {
  using file = OwnedFd.memfd("open", bytes("hello"));
  file.writeSync(bytes("J"));
  const chunk = new Uint8Array(4);
  assertEquals({ read: file.readSync(chunk), chunk: text(chunk) }, { read: 4, chunk: "ello" });
});

linuxTest("memfd() refuses a name that cannot be", () => {
  assertThrows(() => OwnedFd.memfd(3 as unknown as string), TypeError, "its name is no string");
  assertThrows(() => OwnedFd.memfd("a\0b"), TypeError, "NUL");
  assertThrows(
    () => OwnedFd.memfd("a".repeat(250)),
    RangeError,
    "the name has 250 bytes, at most 249 fit",
  );
  assertThrows(() => OwnedFd.memfd("é".repeat(125)), RangeError, "at most 249");
  OwnedFd.memfd("a".repeat(249)).close();
  const wrong = "text" as unknown as Uint8Array;
  assertThrows(() => OwnedFd.memfd("a", wrong), TypeError, "Uint8Array");
});

test("readable gives the content from the file position on, and its end closes the descriptor", async () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("a"), "hello");
  using file = OwnedFd.open(dir.join("a"));
  const { fd } = file;
  file.readSync(new Uint8Array(1));
  assertStrictEquals(file.readable, file.readable);
  assertEquals(await new Response(file.readable).text(), "ello");
  assertEquals(isOpen(fd), false);
});

test("writable writes in order, and its close closes the descriptor", async () => {
  using dir = tempDir();
  using file = OwnedFd.open(dir.join("a"), { write: true, create: true });
  const { fd } = file;
  assertStrictEquals(file.writable, file.writable);
  await new Response("hello").body?.pipeTo(file.writable);
  assertEquals({ content: Deno.readTextFileSync(dir.join("a")), isOpen: isOpen(fd) }, {
    content: "hello",
    isOpen: false,
  });
});

const ENDINGS: Record<string, (file: OwnedFd) => Promise<unknown>> = {
  "a cancel of readable": (file) => file.readable.cancel(),
  "an error of readable": (file) => file.readable.getReader().read(),
  "an abort of writable": (file) => file.writable.abort(),
  "an error of writable": (file) => file.writable.getWriter().write(bytes("x")),
};
for (const [how, end] of Object.entries(ENDINGS)) {
  test(`${how} closes the descriptor`, async () => {
    using dir = tempDir();
    // A directory can be neither read nor written.
    using file = OwnedFd.open(dir.path);
    const { fd } = file;
    assertEquals(isOpen(fd), true);
    file.writable;
    await end(file).catch(() => {});
    assertEquals(isOpen(fd), false);
  });
}

linuxTest("cancelling readable ends its pending read, which takes nothing", async () => {
  using dir = tempDir();
  new Deno.Command("mkfifo", { args: [dir.join("fifo")] }).outputSync();
  using other = OwnedFd.open(dir.join("fifo"), { read: true, write: true });
  const fifo = OwnedFd.open(dir.join("fifo"), { read: true, write: true });
  const reader = fifo.readable.getReader();
  const pending = reader.read();
  assertEquals(await isPending(pending), true);
  await reader.cancel("enough");
  assertEquals((await pending).done, true);
  other.writeSync(bytes("hello"));
  await turn();
  assertEquals(await other.read(new Uint8Array(8)), 5);
});

test("Deno.inspect() shows the number", () => {
  const file = OwnedFd.open("/dev/null");
  assertEquals(Deno.inspect(file), `OwnedFd { fd: ${file.fd} }`);
  file.close();
  assertEquals(Deno.inspect(file), "OwnedFd (closed)");
});

gcTest("an OwnedFd that becomes garbage is closed", async () => {
  const numbers = (() => {
    const files = Array.from({ length: 10 }, () => OwnedFd.open("/dev/null"));
    return files.map(({ fd }) => fd);
  })();
  assertEquals(numbers.every(isOpen), true);
  await collectUntil(() => !numbers.some(isOpen));
  assertEquals(numbers.filter(isOpen), []);
});

gcTest("what was detached is not closed when it becomes garbage", async () => {
  const numbers = (() => Array.from({ length: 10 }, () => OwnedFd.open("/dev/null").detach()))();
  let rounds = 0;
  await collectUntil(() => ++rounds > 10);
  assertEquals(numbers.every(isOpen), true);
  for (const fd of numbers) ownFd(fd).close();
});

test("pipe() makes two close-on-exec ends that block", async () => {
  const [reader, writer] = OwnedFd.pipe();
  using _reader = reader;
  using _writer = writer;
  const ends = [reader, writer];
  assertEquals(ends.map((it) => [it.kind(), it.closeOnExec, it.nonblocking]), [
    ["pipe", true, false],
    ["pipe", true, false],
  ]);
  assertEquals(await writer.write(bytes("abc")), 3);
  const chunk = new Uint8Array(8);
  assertEquals({ read: await reader.read(chunk), chunk: text(chunk.subarray(0, 3)) }, {
    read: 3,
    chunk: "abc",
  });
});

linuxTest("eventfd() makes a counter", async () => {
  using counter = OwnedFd.eventfd(5);
  assertEquals({
    kind: counter.kind(),
    closeOnExec: counter.closeOnExec,
    nonblocking: counter.nonblocking,
  }, { kind: "eventfd", closeOnExec: true, nonblocking: false });
  const value = new BigUint64Array(1);
  assertEquals({ read: await counter.read(new Uint8Array(value.buffer)), value: value[0] }, {
    read: 8,
    value: 5n,
  });
  OwnedFd.eventfd(0xffffffff).close();
  for (const initial of [-1, 0.5, 2 ** 32, NaN, "1" as unknown as number]) {
    assertThrows(() => OwnedFd.eventfd(initial), RangeError, "from 0 to 4294967295");
  }
});

test("closeOnExec and nonblocking are read and set", async () => {
  const [reader, writer] = OwnedFd.pipe();
  using _reader = reader;
  using _writer = writer;
  using copy = reader.dup();
  reader.closeOnExec = false;
  reader.nonblocking = true;
  assertEquals({ closeOnExec: reader.closeOnExec, nonblocking: reader.nonblocking }, {
    closeOnExec: false,
    nonblocking: true,
  });
  assertEquals({ closeOnExec: copy.closeOnExec, nonblocking: copy.nonblocking }, {
    closeOnExec: true,
    nonblocking: true,
  }, "one belongs to the open file");
  const args = [
    "-c",
    `cat /dev/fd/${reader.fd}; cat /dev/fd/${copy.fd} 2>/dev/null || echo closed`,
  ];
  writer.writeSync(bytes("given "));
  writer.close();
  reader.nonblocking = false;
  const { stdout } = await new Deno.Command("sh", { args }).output();
  assertEquals(text(stdout), "given closed\n");
  reader.closeOnExec = true;
  assertEquals({ closeOnExec: reader.closeOnExec, nonblocking: reader.nonblocking }, {
    closeOnExec: true,
    nonblocking: false,
  });
});

test("closeOnExec and nonblocking refuse what is no boolean, and stay as they are", () => {
  using file = OwnedFd.open("/dev/null");
  for (const wrong of ["no", 1, 0, null, undefined, {}]) {
    const value = wrong as unknown as boolean;
    assertThrows(() => file.closeOnExec = value, TypeError, "Cannot set `closeOnExec` to ");
    assertThrows(() => file.nonblocking = value, TypeError, "Cannot set `nonblocking` to ");
  }
  assertEquals({ closeOnExec: file.closeOnExec, nonblocking: file.nonblocking }, {
    closeOnExec: true,
    nonblocking: false,
  });
});

testWith(
  "python3-linux",
  "ready() of a process descriptor waits for the end of the process",
  noLeaks(async () => {
    using dir = tempDir();
    using listener = listen(dir.join("a"));
    const source =
      "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.recv(1)";
    const child = new Deno.Command("python3", { args: ["-c", source, dir.join("a")] }).spawn();
    using socket = await listener.accept();
    using pidfd = socket.peerPidfd();
    const ended = pidfd.ready("read");
    assertEquals(await isPending(ended), true);
    await socket.write(bytes("x"));
    await ended;
    await child.status;
  }),
);
