import { assert, assertEquals, assertThrows } from "@std/assert";
import { cString } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { closeFd, open } from "../../ffi/syscalls/files.ts";
import { epollCreate, eventfd, pipe } from "../../ffi/syscalls/readiness.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import {
  fileInfo,
  type FileKind,
  identityOf,
  identityOfPath,
  isPrivateFile,
  isSameFile,
  isSocket,
  kindOf,
} from "../../lib/fd/stat.ts";
import { bytes, connected, emulated, linuxTest, test } from "../util/cases.ts";
import { testUnless } from "../util/peers.ts";
import { tempDir } from "../util/tempdir.ts";

/** Ask for the kind of a number, and close it. */
function kind(fd: number): FileKind {
  assert(fd >= 0);
  try {
    return kindOf(fd);
  } finally {
    closeFd(fd);
  }
}

function opened(path: string, flags = platform.O_RDONLY): number {
  return open(cString(path), flags | platform.O_CLOEXEC);
}

test("kindOf() recognizes what every system has", () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("a"), "x");
  assertEquals(kind(opened(dir.join("a"))), "file");
  assertEquals(kind(opened(dir.path)), "directory");
  assertEquals(kind(opened("/dev/null")), "character");
  const ends = pipe();
  assert(typeof ends !== "number");
  assertEquals(ends.map(kind), ["pipe", "pipe"]);
  using pair = connected();
  assertEquals(kindOf(pair.a.fd), "socket");
});

linuxTest("kindOf() recognizes what Linux has besides", () => {
  using memfd = OwnedFd.memfd("a");
  using sealed = OwnedFd.memfd("deleted", bytes("x"), { seal: true });
  assertEquals({ memfdKind: memfd.kind(), sealedKind: sealed.kind() }, {
    memfdKind: "memfd",
    sealedKind: "memfd",
  });
  assertEquals(kind(eventfd()), "eventfd");
  assertEquals(kind(epollCreate()), "other");
  using pair = connected();
  using pidfd = pair.a.peerPidfd();
  assertEquals(pidfd.kind(), "pidfd");
});

linuxTest("kindOf() does not take a file for a memfd, whatever its name and place", () => {
  using dir = tempDir();
  const path = dir.join("memfd:a");
  Deno.writeTextFileSync(path, "x");
  using file = OwnedFd.open(path);
  assertEquals(file.kind(), "file");
  Deno.removeSync(path);
  assertEquals(file.kind(), "file");
});

linuxTest("kindOf() recognizes a named pipe and a symbolic link's target", () => {
  using dir = tempDir();
  new Deno.Command("mkfifo", { args: [dir.join("fifo")] }).outputSync();
  assertEquals(kind(opened(dir.join("fifo"), platform.O_RDWR)), "pipe");
  Deno.symlinkSync("/dev/null", dir.join("link"));
  assertEquals(kind(opened(dir.join("link"))), "character");
});

/** A block device that this user may open, or why there is none. */
function blockDevice(): string | undefined {
  if (Deno.build.os !== "linux") return undefined;
  for (const { name } of Deno.readDirSync("/dev")) {
    const path = `/dev/${name}`;
    try {
      if (!Deno.statSync(path).isBlockDevice) continue;
    } catch {
      continue;
    }
    const fd = opened(path);
    if (fd < 0) continue;
    closeFd(fd);
    return path;
  }
  return undefined;
}

const device = blockDevice();
testUnless(
  device === undefined ? "no block device that this user may open" : undefined,
  "kindOf() recognizes a block device",
  () => assertEquals(kind(opened(device ?? "")), "block"),
);

Deno.test("kindOf() throws BadResource for a number that is no descriptor", () => {
  const error = assertThrows(() => kindOf(0x7ffffffe), Deno.errors.BadResource);
  assertEquals("syscall" in error && error.syscall, "fstat");
});

test("fileInfo() says what Deno.stat says", () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("a"), "hello");
  Deno.linkSync(dir.join("a"), dir.join("b"));
  Deno.utimeSync(dir.join("a"), new Date(1_600_000_000_123), new Date(946_684_799_999));
  // An emulator may take "/" for the root of the emulated system.
  for (const path of [dir.join("a"), dir.path, "/dev/null", ...emulated ? [] : ["/"]]) {
    const fd = opened(path);
    const info = fileInfo(fd);
    closeFd(fd);
    // Deno (2.9) cuts ctime to whole seconds.
    assertEquals({ ...info, ctime: wholeSeconds(info.ctime) }, Deno.statSync(path), path);
  }
});

function wholeSeconds(date: Date | null): Date {
  return new Date(Math.floor(Number(date) / 1000) * 1000);
}

test("fileInfo() gives the size of a file beyond 4 GiB", () => {
  using dir = tempDir();
  using file = Deno.openSync(dir.join("a"), { write: true, create: true });
  file.truncateSync(5 * 2 ** 30);
  using opened = OwnedFd.open(dir.join("a"));
  assertEquals(opened.statSync().size, 5 * 2 ** 30);
});

test("fileInfo() gives times before 1970", () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("a"), "");
  for (const [which, time] of [["-a", "1969-12-31T23:59:58.5Z"], ["-m", "1969-12-30T00:00:00Z"]]) {
    new Deno.Command("touch", { args: [`${which}`, "-d", `${time}`, dir.join("a")] }).outputSync();
  }
  using file = OwnedFd.open(dir.join("a"));
  // Not as Deno.statSync() gives them: before 2.9 that loses the sign.
  const { atime, mtime } = file.statSync();
  assertEquals(atime, new Date("1969-12-31T23:59:58.5Z"));
  assertEquals(mtime, new Date("1969-12-30T00:00:00Z"));
});

test("identityOfPath() names the same file as identityOf()", () => {
  using dir = tempDir();
  const path = dir.join("a");
  Deno.writeTextFileSync(path, "");
  using file = OwnedFd.open(path);
  const byPath = identityOfPath(bytes(path));
  assert(typeof byPath !== "number");
  assert(isSameFile(byPath, identityOf(file.fd)));
  Deno.removeSync(path);
  Deno.writeTextFileSync(path, "");
  const other = identityOfPath(bytes(path));
  assert(typeof other !== "number" && !isSameFile(other, byPath));
});

test("identityOfPath() follows no symbolic link", () => {
  using dir = tempDir();
  Deno.symlinkSync("nowhere", dir.join("a"));
  const link = identityOfPath(bytes(dir.join("a")));
  assert(typeof link !== "number");
  assertEquals({ mode: link.mode & platform.S_IFMT, isSocket: isSocket(link) }, {
    mode: platform.S_IFLNK,
    isSocket: false,
  });
});

test("identityOfPath() returns an error number", () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("a"), "");
  assertEquals(identityOfPath(bytes(dir.join("b"))), -platform.ENOENT);
  assertEquals(identityOfPath(bytes(dir.join("a", "b"))), -platform.ENOTDIR);
});

test("isSocket() recognizes a socket", () => {
  using pair = connected();
  assertEquals(isSocket(identityOf(pair.a.fd)), true);
});

test("isPrivateFile() is true of regular files that their user alone may open", () => {
  const { S_IFREG, S_IFSOCK } = platform;
  const file = (mode: number, uid = 7) => ({ ...identityOf(0), mode, uid });
  for (const mode of [0o600, 0o700, 0o400]) {
    assertEquals(isPrivateFile(file(S_IFREG | mode), 7), true);
    assertEquals(isPrivateFile(file(S_IFREG | mode), 8), false);
    assertEquals(isPrivateFile(file(S_IFSOCK | mode), 7), false);
    for (let bit = 1; bit < 0o100; bit *= 2) {
      assertEquals(isPrivateFile(file(S_IFREG | mode | bit), 7), false, `${bit}`);
    }
  }
});
