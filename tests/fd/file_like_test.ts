import { assert, assertEquals, assertObjectMatch, assertThrows } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { closeFd, fcntl } from "../../ffi/syscalls/files.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import {
  duplicate,
  type FileLike,
  fileNumber,
  fileNumbers,
  MAX_FILES,
  requireOpen,
} from "../../lib/fd/file_like.ts";
import { isOpen, test } from "../util/cases.ts";

Deno.test("fileNumber() takes a number, or an object with one as fd", () => {
  assertEquals([0, 2, 0x7fffffff].map(fileNumber), [0, 2, 0x7fffffff]);
  assertEquals(fileNumber({ fd: 7 }), 7);
});

Deno.test("fileNumber() refuses what is no descriptor number", () => {
  const wrong = [-1, 1.5, NaN, Infinity, 2 ** 31, "1", null, undefined, {}, { fd: "1" }, [], 1n];
  for (const file of [...wrong, { fd: -1 }, { fd: undefined }]) {
    assertThrows(() => fileNumber(file as unknown as FileLike), TypeError, "as a descriptor");
  }
});

Deno.test("fileNumber() reads fd once", () => {
  let reads = 0;
  const file = {
    get fd(): number {
      return ++reads;
    },
  };
  assertEquals({ fileNumber: fileNumber(file), reads }, { fileNumber: 1, reads: 1 });
});

test("fileNumber() throws BadResource for a closed OwnedFd", () => {
  const file = OwnedFd.open("/dev/null");
  file.close();
  assertThrows(() => fileNumber(file), Deno.errors.BadResource);
});

Deno.test("fileNumbers() takes 253 files, and refuses one more", () => {
  assertEquals(MAX_FILES, 253);
  assertEquals(fileNumbers(Array(253).fill(1)).length, 253);
  assertThrows(() => fileNumbers(Array(254).fill(1)), RangeError, "at most 253");
  assertThrows(() => fileNumbers(Array(1)), TypeError);
});

test("duplicate() makes a close-on-exec descriptor for the same file", () => {
  using file = OwnedFd.open("/dev/null");
  fcntl(file.fd, platform.F_SETFD, 0);
  const fd = duplicate(file.fd);
  assert(fd !== file.fd);
  assertEquals(fcntl(fd, platform.F_GETFD, 0), platform.FD_CLOEXEC);
  closeFd(fd);
});

Deno.test("duplicate() throws BadResource for a number that is no descriptor", () => {
  const error = assertThrows(() => duplicate(0x7ffffffe), Deno.errors.BadResource);
  assert("code" in error && "syscall" in error);
  assertObjectMatch(error, { code: "EBADF", syscall: "dup" });
});

test("requireOpen() throws TypeError for what is not open", () => {
  using file = OwnedFd.open("/dev/null");
  requireOpen(file.fd);
  assertEquals(isOpen(file.fd), true);
  for (const fd of [-1, 1.5, 0x7ffffffe, NaN, "1" as unknown as number]) {
    assertThrows(() => requireOpen(fd), TypeError, "descriptor");
  }
  assertThrows(() => requireOpen(1.5), TypeError, "Cannot use 1.5 as a descriptor");
  const error = assertThrows(() => requireOpen(0x7ffffffe), TypeError, "not an open descriptor");
  assertEquals("code" in error && error.code, "EBADF");
});
