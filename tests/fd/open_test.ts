import { assertEquals, assertThrows } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { closeFd, fcntl } from "../../ffi/syscalls/files.ts";
import { openFile } from "../../lib/fd/open.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { test } from "../util/cases.ts";
import { tempDir } from "../util/tempdir.ts";
import { outOfDescriptors } from "../util/limits.ts";

test("openFile() returns a close-on-exec number", () => {
  const fd = openFile("/dev/null", {});
  assertEquals(fcntl(fd, platform.F_GETFD, 0), platform.FD_CLOEXEC);
  closeFd(fd);
});

test("openFile() throws what open(2) reports, with the path", () => {
  using dir = tempDir();
  const error = assertThrows(() => openFile(dir.join("none"), {}), Deno.errors.NotFound);
  assertEquals("address" in error && error.address, dir.join("none"));
});

test("pipe() without descriptors throws EMFILE, and leaves nothing", () => {
  using _shortage = outOfDescriptors();
  const error = assertThrows(() => OwnedFd.pipe(), Error, "descriptors");
  assertEquals("code" in error && error.code, "EMFILE");
});
