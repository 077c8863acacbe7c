/** The whole module where the system lacks what macOS lacks. */
// A process of its own, because the tables are those of another system.

import "../ffi/pool_only.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { setNonblocking } from "../../ffi/syscalls/files.ts";
import { InvalidAddressError, OwnedFd, unix } from "../../mod.ts";
import { bytes, connected, isPending, test, text } from "../util/cases.ts";
import { isInherited } from "../util/inherited.ts";
import { withUmask } from "../util/limits.ts";
import { tempDir } from "../util/tempdir.ts";

test("connecting, accepting and passing files work", async () => {
  using dir = tempDir();
  using listener = unix.listen(dir.join("a"));
  const accepted = listener.accept();
  assertEquals(await isPending(accepted), true);
  using client = await unix.connect(dir.join("a"));
  using server = await accepted;
  const received = server.receive({ files: 2 });
  await client.send({ data: bytes("hello"), files: [client, 0] });
  using message = await received;
  assertEquals({ data: text(message?.data), fileCount: message?.files.length }, {
    data: "hello",
    fileCount: 2,
  });
  assertEquals(message?.files[0]?.kind(), "socket");
});

test("sockets and received descriptors are close-on-exec nevertheless", async () => {
  using dir = tempDir();
  using listener = unix.listen(dir.join("a"));
  using client = unix.connectSync(dir.join("a"));
  using server = listener.acceptSync();
  using pair = connected();
  client.sendSync({ data: bytes("a"), files: [pair.a] });
  using message = await server.receive({ files: 1 });
  const [file] = message?.files ?? [];
  assert(file);
  const all = [listener, client, server, pair.a, pair.b, file];
  assertEquals(all.map(({ fd }) => isInherited(fd)), all.map(() => false));
});

test("abstract names and the empty address are refused before any system call", async () => {
  for (const name of ["@a", "\0a", new Uint8Array([0]), new URL("unix:@a")]) {
    assertThrows(() => unix.listen(name), InvalidAddressError, "only Linux");
    assertThrows(() => unix.bind(name), InvalidAddressError, "only Linux");
    assertThrows(() => unix.connectSync(name), InvalidAddressError, "only Linux");
    await assertRejects(() => unix.connect(name), InvalidAddressError, "only Linux");
  }
  assertThrows(() => unix.listen(""), InvalidAddressError, "only Linux");
  assertThrows(() => unix.bind(""), InvalidAddressError, "only Linux");
});

test("a path that does not fit is refused, and its length said", async () => {
  const path = `/tmp/${"a".repeat(150)}/a`;
  assertThrows(() => unix.listen(path), InvalidAddressError, "fit");
  assertThrows(() => unix.bind(path), InvalidAddressError, "fit");
  await assertRejects(() => unix.connect(path), InvalidAddressError, "fit");
});

test("mode is set in full, and the file removed on close", () => {
  using dir = tempDir();
  for (const mask of [0, 0o077]) {
    const listener = withUmask(mask, () => unix.listen(dir.join("a"), { mode: 0o660 }));
    assertEquals((Deno.statSync(dir.join("a")).mode ?? 0) & 0o777, 0o660);
    listener.close();
    assertEquals([...Deno.readDirSync(dir.path)], []);
  }
});

test("replaceStale replaces a socket without a listener, and nothing else", () => {
  using dir = tempDir();
  unix.listen(dir.join("a"), { unlinkOnClose: false }).close();
  using _listener = unix.listen(dir.join("a"), { replaceStale: true });
  assertThrows(() => unix.listen(dir.join("a"), { replaceStale: true }), Deno.errors.AddrInUse);
});

test("what only Linux has throws NotSupported", () => {
  using pair = connected();
  assertThrows(() => OwnedFd.memfd("a"), Deno.errors.NotSupported, "use a temporary file");
  assertThrows(() => pair.a.peerPidfd(), Deno.errors.NotSupported);
  assertThrows(() => pair.a.peerGroups(), Deno.errors.NotSupported);
  assertThrows(() => pair.a.peerSecurity(), Deno.errors.NotSupported);
  assertThrows(() => pair.a.passCredentials = true, Deno.errors.NotSupported);
  assertThrows(() => pair.a.passRights = false, Deno.errors.NotSupported);
  const credentials = { pid: 1, uid: 0, gid: 0 };
  assertThrows(() => pair.a.sendSync({ data: bytes("a"), credentials }), Deno.errors.NotSupported);
  assertEquals({ passCredentials: pair.a.passCredentials, passRights: pair.a.passRights }, {
    passCredentials: false,
    passRights: true,
  });
});

test("a sender waits for a full queue by looking again", async () => {
  using dir = tempDir();
  using receiver = unix.bind(dir.join("to"));
  using sender = unix.bind(dir.join("from"));
  const sending = (async () => {
    for (let n = 0; n < 300; n++) await sender.send({ data: bytes("a"), to: dir.join("to") });
  })();
  assertEquals(await isPending(sending), true);
  for (let n = 0; n < 300; n++) assertEquals(await receiver.read(new Uint8Array(8)), 1);
  await sending;
});

test("what the system lacks is refused as not supported, and said", () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("a"), "a");
  using file = OwnedFd.open(dir.join("a"), { read: true, write: true });
  const { NotSupported } = Deno.errors;
  assertEquals(file.seals(), new Set());
  assertThrows(() => file.addSeals("grow"), NotSupported, "this system has no seals");
  assertThrows(() => file.map(), NotSupported, "this system has no seals");
  assertThrows(() => OwnedFd.eventfd(), NotSupported, "this system has none; use a pipe");
});

test("a pipe that does not block is read and written as it is", async () => {
  const [reading, writing] = OwnedFd.pipe();
  using _reading = reading;
  using _writing = writing;
  for (const { fd } of [reading, writing]) setNonblocking(fd, true);
  const read = reading.read(new Uint8Array(4));
  assertEquals(await isPending(read), true);
  assertEquals(await writing.write(bytes("ab")), 2);
  assertEquals(await read, 2);
});
