import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { cString } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { closeFd, open } from "../../ffi/syscalls/files.ts";
import { FileIo } from "../../lib/fd/file_io.ts";
import { Descriptor } from "../../lib/descriptor/descriptor.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { bytes, isPending, linuxTest, test, text, turn } from "../util/cases.ts";
import { tempDir } from "../util/tempdir.ts";
import { openFifo } from "../util/terminal.ts";

/** What a program that wants a `Deno.FsFile` does with it. */
async function useFile(file: Deno.FsFile): Promise<string> {
  await file.write(bytes("hello"));
  await file.seek(1, Deno.SeekMode.Start);
  await file.truncate(4);
  await file.sync();
  const content = new Uint8Array(8);
  const count = await file.read(content);
  const { size } = await file.stat();
  return `${text(content.subarray(0, count ?? 0))} of ${size}`;
}

test("an OwnedFd is taken for a Deno.FsFile", async () => {
  using dir = tempDir();
  const options = { read: true, write: true, create: true };
  using ours = OwnedFd.open(dir.join("a"), options);
  using theirs = Deno.openSync(dir.join("b"), options);
  assertEquals({ ours: await useFile(ours), theirs: await useFile(theirs) }, {
    ours: "ell of 4",
    theirs: "ell of 4",
  });
});

Deno.test("an OwnedFd has every method of Deno.FsFile", () => {
  const methods = Object.getOwnPropertyNames(Deno.FsFile.prototype);
  assertEquals(methods.filter((it) => !(it in OwnedFd.prototype)), []);
  for (const name of ["read", "write", "stat", "seek", "sync", "utime", "lock", "tryLock"]) {
    assert(`${name}Sync` in OwnedFd.prototype, name);
  }
});

test("readAt() and writeAt() leave the file position alone", async () => {
  using dir = tempDir();
  using file = OwnedFd.open(dir.join("a"), { read: true, write: true, create: true });
  file.writeSync(bytes("hello"));
  assertEquals(await file.writeAt(bytes("J"), 0), 1);
  assertEquals(file.writeAtSync(bytes("y"), 4n), 1);
  const chunk = new Uint8Array(8);
  assertEquals({ read: await file.readAt(chunk, 1), chunk: text(chunk.subarray(0, 4)) }, {
    read: 4,
    chunk: "elly",
  });
  assertEquals({ read: file.readAtSync(chunk, 0n), chunk: text(chunk.subarray(0, 5)) }, {
    read: 5,
    chunk: "Jelly",
  });
  assertEquals({ async: await file.readAt(chunk, 5), sync: file.readAtSync(chunk, 9) }, {
    async: null,
    sync: null,
  });
  assertEquals({
    async: await file.readAt(new Uint8Array(0), 5),
    sync: file.readAtSync(new Uint8Array(0), 5),
  }, { async: 0, sync: 0 });
  assertEquals(file.seekSync(0, Deno.SeekMode.Current), 5);
});

test("readAt() and writeAt() work beyond 4 GiB", async () => {
  using dir = tempDir();
  using file = OwnedFd.open(dir.join("a"), { read: true, write: true, create: true });
  const far = 5 * 2 ** 30;
  assertEquals({
    async: await file.writeAt(bytes("a"), far),
    sync: file.writeAtSync(bytes("b"), far + 1),
  }, { async: 1, sync: 1 });
  const chunk = new Uint8Array(8);
  assertEquals({ read: await file.readAt(chunk, BigInt(far)), chunk: text(chunk.subarray(0, 2)) }, {
    read: 2,
    chunk: "ab",
  });
});

test("readAt() and writeAt() run at once", async () => {
  using dir = tempDir();
  using file = OwnedFd.open(dir.join("a"), { read: true, write: true, create: true });
  await Promise.all(Array.from({ length: 20 }, (_, i) => file.writeAt(bytes(`${i % 10}`), i)));
  const chunks = Array.from({ length: 20 }, () => new Uint8Array(1));
  await Promise.all(chunks.map((chunk, i) => file.readAt(chunk, i)));
  assertEquals(chunks.map(text).join(""), "01234567890123456789");
});

test("readAt() and writeAt() refuse what cannot be, and say what has no position", async () => {
  using dir = tempDir();
  using file = OwnedFd.open(dir.join("a"), { read: true, write: true, create: true });
  const [reader, writer] = OwnedFd.pipe();
  using _reader = reader;
  using _writer = writer;
  const one = new Uint8Array(1);
  await assertRejects(() => file.readAt(one, -1), RangeError);
  await assertRejects(() => file.writeAt(one, 0.5), RangeError);
  assertThrows(() => file.readAtSync(one, NaN), RangeError);
  assertThrows(() => file.writeAtSync(one, -1n), RangeError);
  await assertRejects(() => file.readAt([1] as unknown as Uint8Array, 0), TypeError);
  await assertRejects(() => file.writeAt("a" as unknown as Uint8Array, 0), TypeError);
  await assertRejects(() => reader.readAt(one, 0), Error, "no file position (ESPIPE)");
  await assertRejects(() => writer.writeAt(one, 0), Error, "no file position (ESPIPE)");
  assertThrows(() => reader.readAtSync(one, 0), Error, "no file position (ESPIPE)");
});

test("readAt() refuses memory that was taken away meanwhile", async () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("a"), "hello");
  using file = OwnedFd.open(dir.join("a"));
  const memory = new Uint8Array(5);
  const read = file.readAt(memory, 0);
  memory.buffer.transfer();
  await assertRejects(() => read, TypeError, "was detached");
});

test("read() on a thread ends with BadResource when the file is closed meanwhile", async () => {
  using dir = tempDir();
  Deno.writeFileSync(dir.join("a"), new Uint8Array(1 << 24).fill(1));
  const file = OwnedFd.open(dir.join("a"));
  const memory = new Uint8Array(1 << 24);
  const read = file.read(memory);
  // The call is made before read() returns. Any turn, even of microtasks, could bring its end.
  file.close();
  await assertRejects(() => read, Deno.errors.BadResource);
  assertEquals(memory[0], 0);
});

linuxTest("ready() waits for what has calls of its own", async () => {
  using counter = OwnedFd.eventfd();
  const ready = counter.ready("read");
  assertEquals(await isPending(ready), true);
  assertEquals(await isPending(counter.ready("write")), false);
  await counter.write(new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]));
  await ready;
  await counter.ready("read");
  assertEquals(await counter.read(new Uint8Array(8)), 8);
  const controller = new AbortController();
  const again = counter.ready("read", { signal: controller.signal });
  assertEquals(await isPending(again), true);
  controller.abort(new RangeError("mine"));
  await assertRejects(() => again, RangeError, "mine");
});

linuxTest("ready() is at once what poll(2) says of files", async () => {
  using dir = tempDir();
  using file = OwnedFd.open(dir.join("a"), { read: true, write: true, create: true });
  await file.ready("read");
  await file.ready("write");
});

linuxTest(
  "ready() says what is wrong with an O_PATH descriptor, and with one that foreign code closed",
  async () => {
    for (const path of [".", "/dev/null"]) {
      using file = OwnedFd.adopt(open(cString(path), platform.O_PATH | platform.O_CLOEXEC));
      for (const interest of ["read", "write"] as const) {
        await assertRejects(() => file.ready(interest), Deno.errors.BadResource, "one with O_PATH");
      }
      await assertRejects(() => file.read(new Uint8Array(1)), Deno.errors.BadResource, "EBADF");
      await assertRejects(() => file.write(new Uint8Array(1)), Deno.errors.BadResource, "EBADF");
    }
    const [reader, writer] = OwnedFd.pipe();
    writer.close();
    await reader.ready("read");
    closeFd(reader.fd);
    await assertRejects(() => reader.ready("read"), Deno.errors.BadResource, "it is closed");
    reader.detach();
  },
);

linuxTest("ready() does not wait for a read that waits, nor take what it waits for", async () => {
  using dir = tempDir();
  using fifo = openFifo(dir.join("fifo"));
  using other = fifo.dup();
  const read = other.read(new Uint8Array(8));
  const ready = fifo.ready("read");
  assertEquals(await isPending(Promise.race([read, ready])), true);
  await fifo.write(bytes("abc"));
  assertEquals(await read, 3);
  assertEquals(await isPending(fifo.ready("write")), false);
});

test("ready() ends with the signal's reason", async () => {
  const [reader, writer] = OwnedFd.pipe();
  using _reader = reader;
  using _writer = writer;
  const stop = new AbortController();
  const ready = reader.ready("read", { signal: stop.signal });
  await turn();
  stop.abort(new RangeError("enough"));
  await assertRejects(() => ready, RangeError, "enough");
});

test("writable gives up where nothing is taken", async () => {
  class Stuck extends FileIo {
    override write(): Promise<number> {
      return Promise.resolve(0);
    }
  }
  const [reader, writer] = OwnedFd.pipe();
  using _reader = reader;
  const stream = new Stuck(new Descriptor(writer.detach(), "Test")).writable.getWriter();
  stream.closed.catch(() => {});
  await assertRejects(() => stream.write(new Uint8Array(3)), Deno.errors.WriteZero, "3 bytes");
});
