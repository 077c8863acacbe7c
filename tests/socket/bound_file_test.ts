import { assertEquals, assertThrows } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { socket } from "../../ffi/syscalls/sockets.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { parseAddress } from "../../lib/address/sockaddr.ts";
import { bindTo } from "../../lib/address/destination.ts";
import { BoundFile } from "../../lib/socket/bound_file.ts";
import { bytes, linuxTest, test } from "../util/cases.ts";
import { namesIn, tempDir } from "../util/tempdir.ts";

/** A socket bound to a path. */
function bound(path: string | Uint8Array): OwnedFd {
  const made = OwnedFd.adopt(socket(platform.SOCK_STREAM, { cloexec: true, nonblocking: false }));
  assertEquals(bindTo(made.fd, parseAddress(path, platform)), 0);
  return made;
}

function fileOf(path: string | Uint8Array): BoundFile {
  return BoundFile.named(parseAddress(path, platform));
}

test("remove() removes the very file that was bound", () => {
  using dir = tempDir();
  using _socket = bound(dir.join("a"));
  fileOf(dir.join("a")).remove();
  assertEquals(namesIn(dir.path), []);
});

test("remove() leaves what took the file's place", () => {
  using dir = tempDir();
  using _socket = bound(dir.join("a"));
  const file = fileOf(dir.join("a"));
  Deno.removeSync(dir.join("a"));
  using _successor = bound(dir.join("a"));
  file.remove();
  assertEquals(namesIn(dir.path), ["a"]);
});

test("remove() follows no symbolic link, and ignores a missing file", () => {
  using dir = tempDir();
  using _socket = bound(dir.join("a"));
  const file = fileOf(dir.join("a"));
  Deno.renameSync(dir.join("a"), dir.join("b"));
  file.remove();
  Deno.symlinkSync("b", dir.join("a"));
  file.remove();
  assertEquals(namesIn(dir.path), ["a", "b"]);
});

test("remove() finds a relative path although the working directory has changed", () => {
  using dir = tempDir();
  using elsewhere = tempDir();
  const previous = Deno.cwd();
  try {
    Deno.chdir(dir.path);
    using _socket = bound("a");
    const file = fileOf("a");
    Deno.chdir(elsewhere.path);
    Deno.writeTextFileSync("a", "");
    file.remove();
    assertEquals({ dir: namesIn(dir.path), elsewhere: namesIn(elsewhere.path) }, {
      dir: [],
      elsewhere: ["a"],
    });
  } finally {
    Deno.chdir(previous);
  }
});

linuxTest("remove() finds a name that is not UTF-8", () => {
  using dir = tempDir();
  const path = new Uint8Array([...bytes(`${dir.path}/`), 0xff, 0xfe]);
  using _socket = bound(path);
  fileOf(path).remove();
  assertEquals(namesIn(dir.path), []);
});

test("setMode() gives the file the mode in full", () => {
  using dir = tempDir();
  using _socket = bound(dir.join("a"));
  const file = fileOf(dir.join("a"));
  for (const mode of [0o600, 0o777, 0o000, 0o640]) {
    file.setMode(mode);
    assertEquals((Deno.statSync(dir.join("a")).mode ?? 0) & 0o7777, mode);
  }
});

test("setMode() has nothing to do where the file was made with the mode", () => {
  using dir = tempDir();
  using _socket = bound(dir.join("a"));
  const file = fileOf(dir.join("a"));
  const mode = (Deno.statSync(dir.join("a")).mode ?? 0) & 0o7777;
  Deno.removeSync(dir.join("a"));
  file.setMode(mode);
  assertThrows(() => file.setMode(mode ^ 0o100), Deno.errors.NotFound);
});

linuxTest("setMode() leaves what took the file's place as it is", () => {
  using dir = tempDir();
  using _socket = bound(dir.join("a"));
  const file = fileOf(dir.join("a"));
  Deno.removeSync(dir.join("a"));
  Deno.writeTextFileSync(dir.join("b"), "", { mode: 0o600 });
  Deno.symlinkSync("b", dir.join("a"));
  file.setMode(0o777);
  assertEquals((Deno.statSync(dir.join("b")).mode ?? 0) & 0o777, 0o600);
});

test("new BoundFile() says that the file is gone already", () => {
  using dir = tempDir();
  const error = assertThrows(() => fileOf(dir.join("a")), Deno.errors.NotFound);
  assertEquals("address" in error && error.address, dir.join("a"));
});

linuxTest("ofSocket() finds the file of a socket that was bound elsewhere", () => {
  using dir = tempDir();
  using socket = bound(dir.join("a"));
  const file = BoundFile.ofSocket(socket.fd, parseAddress(dir.join("a"), platform));
  Deno.renameSync(dir.join("a"), dir.join("b"));
  using _other = bound(dir.join("a"));
  file.remove();
  assertEquals(namesIn(dir.path), ["a", "b"], "another socket has the path");
  Deno.renameSync(dir.join("b"), dir.join("a"));
  file.remove();
  assertEquals(namesIn(dir.path), []);
});

linuxTest("ofSocket() says so where the system does not report it", () => {
  using file = OwnedFd.open("/dev/null");
  const name = parseAddress("/run/a", platform);
  assertThrows(
    () => BoundFile.ofSocket(file.fd, name),
    Deno.errors.NotSupported,
    "remove it yourself",
  );
});

linuxTest("a relative path has no file to remove once the working directory is gone", () => {
  using dir = tempDir();
  const before = Deno.cwd();
  Deno.mkdirSync(dir.join("gone"));
  Deno.chdir(dir.join("gone"));
  try {
    Deno.removeSync(dir.join("gone"));
    assertThrows(() => fileOf("a"), Deno.errors.NotFound, "getcwd");
  } finally {
    Deno.chdir(before);
  }
});
