// A process of its own, because it takes descriptor 0 away.

// Descriptor 0 is as good as any other: a program that was started without standard input gets it first.

import { assertEquals } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { closeFd, fcntl } from "../../ffi/syscalls/files.ts";
import { reasonForRefusal } from "../../lib/address/refusal.ts";
import { parseAddress } from "../../lib/address/sockaddr.ts";
import { shortageOfDescriptors } from "../../lib/fd/file_like.ts";
import { OwnedFd, unix } from "../../mod.ts";
import { connected, linuxTest, PAIRED, test, text } from "../util/cases.ts";
import { type TempDir, tempDir } from "../util/tempdir.ts";

/** Close descriptor 0 until the end of the scope, which finds out whether something was left there. */
function zeroIsFree(): Disposable {
  const kept = fcntl(0, platform.F_DUPFD_CLOEXEC, 3);
  closeFd(0);
  return {
    [Symbol.dispose](): void {
      const back = fcntl(kept, platform.F_DUPFD_CLOEXEC, 0);
      closeFd(kept);
      assertEquals(back, 0, "descriptor 0 was left open");
    },
  };
}

/** A path that only fits by way of its directory. */
function longPath(dir: TempDir): string {
  const folder = dir.join("d".repeat(100));
  Deno.mkdirSync(folder);
  return `${folder}/a.sock`;
}

test("a socket, a pair, an accepted connection and a file may have descriptor 0", () => {
  using dir = tempDir();
  using listener = unix.listen(dir.join("a.sock"));
  for (const type of PAIRED) {
    using _zero = zeroIsFree();
    using pair = connected(type);
    assertEquals(pair.a.fd, 0);
    assertEquals(fcntl(0, platform.F_GETFD, 0), platform.FD_CLOEXEC);
    pair.b.sendSync({ data: new Uint8Array([7]) });
    using message = pair.a.receiveSync();
    assertEquals(message?.data, new Uint8Array([7]));
  }
  using _client = unix.connectSync(dir.join("a.sock"));
  {
    using _zero = zeroIsFree();
    using served = listener.acceptSync();
    assertEquals(served.fd, 0);
  }
  using _zero = zeroIsFree();
  using file = OwnedFd.open("/dev/null");
  assertEquals(Deno.inspect(file), "OwnedFd { fd: 0 }");
  file.close();
  using socket = unix.socket({ type: "dgram" });
  assertEquals(socket.fd, 0);
  assertEquals(fcntl(0, platform.F_GETFD, 0), platform.FD_CLOEXEC);
  socket.connectSync(null);
  socket.close();
  using other = unix.listen(dir.join("b.sock"));
  assertEquals(other.fd, 0);
  assertEquals(other.unlinkOnClose, true);
});

test("descriptor 0 is waited for, and read", async () => {
  using _zero = zeroIsFree();
  using pair = connected();
  const { a, b } = pair;
  assertEquals(a.fd, 0);
  const read = a.read(new Uint8Array(1));
  b.writeSync(new Uint8Array(1));
  assertEquals(await read, 1);
  await a.ready("write");
});

test("a file that comes with a message may get descriptor 0", () => {
  for (const more of [false, Deno.build.os === "linux"]) {
    using pair = connected();
    if (more) pair.b.passCredentials = true;
    using file = OwnedFd.open("/dev/null");
    pair.a.sendSync({ data: new Uint8Array(1), files: [file] });
    using _zero = zeroIsFree();
    using message = pair.b.receiveSync({ files: 1 });
    assertEquals(message?.files.map(({ fd }) => fd), [0]);
  }
});

linuxTest("a long path is reached by way of descriptor 0", () => {
  using dir = tempDir();
  const path = longPath(dir);
  using listener = unix.listen(path);
  using receiver = unix.bind(`${path}.dgram`);
  using sender = unix.socket({ type: "dgram" });
  {
    using _zero = zeroIsFree();
    using client = unix.connectSync(path);
    assertEquals(client.remoteAddr.path, path);
    sender.sendSync({ data: new TextEncoder().encode("hi"), to: `${path}.dgram` });
  }
  using message = receiver.receiveSync();
  assertEquals(text(message?.data), "hi");
  using server = listener.acceptSync();
  assertEquals(server.localAddr.path, path);
});

linuxTest("a long path is bound by way of descriptor 0", () => {
  using dir = tempDir();
  const path = longPath(dir);
  for (const type of ["stream", "dgram"] as const) {
    using socket = unix.socket({ type });
    {
      using _zero = type === "stream" ? zeroIsFree() : undefined;
      socket.bind(path);
    }
    assertEquals(Deno.lstatSync(path).isSocket, true);
    assertEquals(socket.localAddr.path, path);
  }
});

test("a stale file is replaced under a lock that has descriptor 0", () => {
  using dir = tempDir();
  const path = dir.join("a.sock");
  for (let turn = 0; turn < 2; turn++) {
    using socket = unix.socket({ type: "stream" });
    using _zero = zeroIsFree();
    socket.bind(path, { replaceStale: true });
    using listener = socket.listen();
    listener.unlinkOnClose = false;
  }
  assertEquals([...Deno.readDirSync(dir.path)].map(({ name }) => name), ["a.sock"]);
});

linuxTest("what a path refers to is looked up with descriptor 0, which is closed again", () => {
  using dir = tempDir();
  const path = dir.join("file");
  Deno.writeTextFileSync(path, "");
  const name = parseAddress(path, platform);
  using _zero = zeroIsFree();
  assertEquals(
    reasonForRefusal(platform.ECONNREFUSED, name),
    "it is no socket, but a regular file: give the path of a socket",
  );
});

test("shortageOfDescriptors() closes descriptor 0 if it opens that", () => {
  using file = OwnedFd.open("/dev/null");
  using _zero = zeroIsFree();
  assertEquals(shortageOfDescriptors(file.fd, "recvmsg"), undefined);
});
