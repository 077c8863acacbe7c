// `OwnedFd.open()`: what `Deno.open` does, and what it refuses.

import { assert, assertEquals, assertObjectMatch, assertThrows } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { fcntl } from "../../ffi/syscalls/files.ts";
import type { OpenOptions } from "../../lib/fd/open.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { bytes, test } from "../util/cases.ts";
import { tempDir } from "../util/tempdir.ts";

test("open() opens close-on-exec", () => {
  using file = OwnedFd.open("/dev/null");
  assertEquals(fcntl(file.fd, platform.F_GETFD, 0), platform.FD_CLOEXEC);
});

test("open() opens for reading, writing or both as Deno.open does", () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("a"), "");
  const { O_RDONLY, O_WRONLY, O_RDWR, O_ACCMODE } = platform;
  const table: readonly [OpenOptions, number][] = [
    [{}, O_RDONLY],
    [{ read: true }, O_RDONLY],
    [{ write: true }, O_WRONLY],
    [{ append: true }, O_WRONLY],
    [{ read: true, write: true }, O_RDWR],
    [{ read: true, append: true }, O_RDWR],
    [{ read: false, write: true }, O_WRONLY],
  ];
  for (const [options, access] of table) {
    using file = OwnedFd.open(dir.join("a"), options);
    assertEquals(fcntl(file.fd, platform.F_GETFL, 0) & O_ACCMODE, access, Deno.inspect(options));
  }
});

test("open() creates, truncates and appends as its options say", () => {
  using dir = tempDir();
  const path = dir.join("a");
  const put = (data: string, options: OpenOptions): void => {
    using file = OwnedFd.open(path, options);
    file.writeSync(bytes(data));
  };
  put("hello", { write: true, create: true });
  put("J", { write: true });
  assertEquals(Deno.readTextFileSync(path), "Jello");
  put("!", { append: true });
  assertEquals(Deno.readTextFileSync(path), "Jello!");
  put("x", { write: true, truncate: true });
  assertEquals(Deno.readTextFileSync(path), "x");
  assertThrows(
    () => OwnedFd.open(path, { write: true, createNew: true }),
    Deno.errors.AlreadyExists,
  );
});

test("open() creates with the mode that the umask leaves", () => {
  using dir = tempDir();
  const previous = Deno.umask(0o027);
  try {
    OwnedFd.open(dir.join("a"), { write: true, create: true }).close();
    OwnedFd.open(dir.join("b"), { write: true, createNew: true, mode: 0o700 }).close();
  } finally {
    Deno.umask(previous);
  }
  const modes = ["a", "b"].map((it) => (Deno.statSync(dir.join(it)).mode ?? 0) & 0o777);
  assertEquals(modes, [0o640, 0o700]);
});

Deno.test("open() refuses options that contradict each other", () => {
  for (
    const options of [
      { read: false },
      { truncate: true },
      { create: true },
      { createNew: true },
      { read: true, create: true },
    ]
  ) {
    assertThrows(
      () => OwnedFd.open("/dev/null", options),
      TypeError,
      "Cannot",
      Deno.inspect(options),
    );
  }
});

test("open() takes a file: URL, and no other", () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("a b%"), "x");
  using file = OwnedFd.open(new URL(`file://${dir.join("a%20b%25")}`));
  assertEquals(file.statSync().size, 1);
  Deno.writeTextFileSync(dir.join("%zz"), "");
  OwnedFd.open(new URL(`file://${dir.join("%zz")}`)).close();
  const wrong = [
    ["http://localhost/a", "file: URL"],
    ["file://host/dev/null", 'write "file:///dev/null"'],
    ["file:///%ff", "UTF-8"],
    ["file:///a%00b", "NUL"],
  ];
  for (const [url = "", why] of wrong) {
    assertThrows(() => OwnedFd.open(new URL(url)), TypeError, why);
  }
});

test("open() says what is wrong with a path", () => {
  using dir = tempDir();
  const error = assertThrows(() => OwnedFd.open(dir.join("none")), Deno.errors.NotFound);
  assert("code" in error && "address" in error && "syscall" in error);
  assertObjectMatch(error, { code: "ENOENT", address: dir.join("none"), syscall: "open" });
  assertThrows(() => OwnedFd.open("a\0b"), TypeError, "NUL");
  assertThrows(() => OwnedFd.open("a\udc00"), TypeError, "half a surrogate pair");
  Deno.writeTextFileSync(dir.join("a"), "");
  assertThrows(() => OwnedFd.open(dir.join("a", "b")), Deno.errors.NotADirectory);
  assertThrows(() => OwnedFd.open(dir.path, { write: true }), Deno.errors.IsADirectory);
  Deno.symlinkSync("loop", dir.join("loop"));
  assertThrows(() => OwnedFd.open(dir.join("loop")), Deno.errors.FilesystemLoop);
});

test("open() refuses a path and a mode that cannot be, before any call", () => {
  for (const path of [3, null, undefined, {}] as unknown as string[]) {
    assertThrows(() => OwnedFd.open(path), TypeError, "its path is no string");
  }
  const options = { write: true, create: true };
  for (const mode of [-1, 0.5, 0o10000, "600" as unknown as number]) {
    assertThrows(() => OwnedFd.open("/dev/null", { ...options, mode }), RangeError, "the mode");
  }
});
