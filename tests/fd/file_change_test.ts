import { assert, assertEquals, assertObjectMatch, assertRejects, assertThrows } from "@std/assert";
import { Descriptor } from "../../lib/descriptor/descriptor.ts";
import {
  checkedLength,
  checkedOffset,
  seek,
  setTimes,
  sync,
  syncSync,
  truncate,
  truncateSync,
} from "../../lib/fd/file_change.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { collectUntil, gcTest, test } from "../util/cases.ts";
import { type TempDir, tempDir } from "../util/tempdir.ts";

function opened(dir: TempDir, text = "hello"): { path: string; file: OwnedFd } {
  const path = dir.join("a");
  Deno.writeTextFileSync(path, text);
  return { path, file: OwnedFd.open(path, { read: true, write: true }) };
}

Deno.test("checkedOffset() takes numbers and bigints from 0 to the largest off_t", () => {
  assertEquals([0, 5n, Number.MAX_SAFE_INTEGER, 2n ** 63n - 1n].map(checkedOffset), [
    0n,
    5n,
    2n ** 53n - 1n,
    2n ** 63n - 1n,
  ]);
  for (const offset of [-1, -1n, 0.5, NaN, 2 ** 53, 2n ** 63n, "1", null, undefined]) {
    assertThrows(() => checkedOffset(offset as number), RangeError, "as an offset in a file");
  }
});

Deno.test("checkedLength() takes integers from 0 on", () => {
  assertEquals([0, 2 ** 40].map(checkedLength), [0, 2 ** 40]);
  for (const length of [-1, 0.5, NaN, Infinity, 2 ** 53, "1", null]) {
    assertThrows(() => checkedLength(length as number), RangeError, "a length of");
  }
});

test("truncate() cuts and lengthens a file", async () => {
  using dir = tempDir();
  const { path, file } = opened(dir);
  using descriptor = disposable(file);
  await truncate(descriptor, 2);
  assertEquals(Deno.readTextFileSync(path), "he");
  truncateSync(descriptor.fd, 5 * 2 ** 30);
  assertEquals(Deno.statSync(path).size, 5 * 2 ** 30);
  await truncate(descriptor, 0);
  assertEquals(Deno.statSync(path).size, 0);
});

/** The descriptor behind a file, which is closed at the end of a block. */
function disposable(file: OwnedFd): Descriptor & Disposable {
  const descriptor = new Descriptor(file.detach(), "Test");
  return Object.assign(descriptor, { [Symbol.dispose]: () => descriptor.close() });
}

test("truncate() of a file that is not open for writing says so", async () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("a"), "hello");
  using descriptor = disposable(OwnedFd.open(dir.join("a")));
  const error = await assertRejects(() => truncate(descriptor, 0), Error, "open for writing");
  assert("code" in error && "syscall" in error);
  assertObjectMatch(error, { code: "EINVAL", syscall: "ftruncate" });
  assertThrows(() => truncateSync(descriptor.fd, 0), Error, "open for writing");
});

test("seek() moves from the start, the position and the end", () => {
  using dir = tempDir();
  using file = opened(dir).file;
  assertEquals(seek(file.fd, 2, Deno.SeekMode.Start), 2);
  assertEquals(seek(file.fd, 1n, Deno.SeekMode.Current), 3);
  assertEquals(seek(file.fd, -1, Deno.SeekMode.End), 4);
  assertEquals(seek(file.fd, 2n ** 40n, Deno.SeekMode.Start), 2 ** 40);
  for (const whence of [3, -1, "0", null, undefined]) {
    assertThrows(() => seek(file.fd, 0, whence as number), TypeError, "Deno.SeekMode");
  }
  for (const offset of [0.5, NaN, 2 ** 53, 2n ** 63n, "1"]) {
    assertThrows(() => seek(file.fd, offset as number, 0), RangeError, "give an integer");
  }
  const error = assertThrows(() => seek(file.fd, -1, Deno.SeekMode.Start));
  assertEquals(error instanceof Error && "code" in error && error.code, "EINVAL");
});

test("seek() of a pipe says that it has no position", () => {
  const [reader, writer] = OwnedFd.pipe();
  using _writer = writer;
  using _reader = reader;
  assertThrows(() => seek(reader.fd, 0, 0), Error, "has no file position (ESPIPE)");
});

test("sync() writes to the disk, and says what cannot be", async () => {
  using dir = tempDir();
  using descriptor = disposable(opened(dir).file);
  await sync(descriptor, true);
  await sync(descriptor, false);
  syncSync(descriptor.fd, true);
  syncSync(descriptor.fd, false);
  const [reader, writer] = OwnedFd.pipe();
  using _writer = writer;
  using pipe = disposable(reader);
  for (const all of [true, false]) {
    const error = await assertRejects(() => sync(pipe, all));
    assertEquals(error instanceof Error && "code" in error && error.code, "EINVAL");
    assertThrows(() => syncSync(pipe.fd, all));
  }
  pipe.close();
  await assertRejects(() => sync(pipe, true), Deno.errors.BadResource);
});

test("setTimes() does what Deno.utimeSync() does", () => {
  using dir = tempDir();
  const { path, file } = opened(dir);
  using _file = file;
  const other = dir.join("b");
  Deno.writeTextFileSync(other, "");
  const cases: [number | Date, number | Date][] = [
    [0, 1],
    [1_600_000_000, 946_684_799],
    // Deno before 2.9 takes no part of a second before 1970.
    [new Date(1_600_000_000_123), new Date(-2000)],
    [-86400, new Date(2 ** 42)],
  ];
  for (const [accessed, modified] of cases) {
    setTimes(file.fd, accessed, modified);
    Deno.utimeSync(other, accessed, modified);
    const [ours, theirs] = [Deno.statSync(path), Deno.statSync(other)];
    assertEquals({ atime: ours.atime, mtime: ours.mtime }, {
      atime: theirs.atime,
      mtime: theirs.mtime,
    }, `${modified}`);
  }
  for (const wrong of [NaN, Infinity, new Date(NaN)]) {
    assertThrows(() => setTimes(file.fd, wrong, 0), RangeError, "give seconds since 1970");
    assertThrows(() => setTimes(file.fd, 0, wrong), RangeError, "give seconds since 1970");
  }
});

gcTest(
  "what a thread does to a file ends well although nothing else refers to the file",
  async () => {
    using dir = tempDir();
    const path = dir.join("a");
    Deno.writeTextFileSync(path, "");
    const changes: ((file: OwnedFd) => Promise<void>)[] = [
      (file) => file.sync(),
      (file) => file.syncData(),
      (file) => file.truncate(1),
    ];
    for (const change of changes) {
      let ended = 0;
      const many = Array.from({ length: 300 }, async () => {
        await change(OwnedFd.open(path, { write: true }));
        ended++;
      });
      await Promise.all([...many, collectUntil(() => ended === many.length)]);
    }
  },
);
