import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { libc } from "../../ffi/libc.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { closeFd } from "../../ffi/syscalls/files.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { Listener } from "../../lib/handle/listener.ts";
import { constants } from "../../lib/unix/constants.ts";
import { connect, connectSync } from "../../lib/unix/connect.ts";
import { listen } from "../../lib/unix/listen.ts";
import { bytes, connected, isOpen, isPending, linuxTest, test, text, turn } from "../util/cases.ts";
import { tempDir } from "../util/tempdir.ts";

test("Listener is what Deno calls one", () => {
  using dir = tempDir();
  using listener: Deno.Listener<Deno.Conn<Deno.UnixAddr>, Deno.UnixAddr> = listen(dir.join("a"));
  assertEquals(listener.addr, { transport: "unix", path: dir.join("a") });
});

test("accept() and acceptSync() give connections in the order they came", async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"));
  const clients = ["a", "b", "c", "d"].map((it) => {
    const client = connectSync(dir.join("a"));
    client.writeSync(bytes(it));
    return client;
  });
  const seen: string[] = [];
  for (let n = 0; n < 4; n++) {
    using server = n % 2 ? await listener.accept() : listener.acceptSync();
    const chunk = new Uint8Array(1);
    server.readSync(chunk);
    seen.push(text(chunk));
  }
  assertEquals(seen, ["a", "b", "c", "d"]);
  for (const client of clients) client.close();
});

test("close() inside the loop ends it", async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"));
  connectSync(dir.join("a")).close();
  for await (const socket of listener) {
    socket.close();
    listener.close();
  }
});

test("leaving the loop leaves the listener open", async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"));
  for (let n = 0; n < 3; n++) {
    using _client = connectSync(dir.join("a"));
    for await (using _server of listener) break;
  }
  assertEquals(isOpen(listener.fd), true);
});

test("close() is idempotent, and never touches a reused number", () => {
  using dir = tempDir();
  const listener = listen(dir.join("a"));
  const { fd } = listener;
  listener.close();
  using reused = OwnedFd.open("/dev/null");
  assertEquals(reused.fd, fd);
  listener.close();
  listener[Symbol.dispose]();
  assertEquals(isOpen(fd), true);
});

test("use after close throws BadResource", async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"));
  assertEquals(listener.addr.path, dir.join("a"));
  listener.close();
  await assertRejects(
    () => listener.accept(),
    Deno.errors.BadResource,
    "Cannot use the Listener: it is closed",
  );
  const uses = [
    () => listener.acceptSync(),
    () => listener.fd,
    () => listener.detach(),
    () => listener.addr,
    () => listener.localAddress,
  ];
  for (const use of uses) {
    assertThrows(use, Deno.errors.BadResource, "Cannot use the Listener: it is closed");
  }
  listener.ref();
  listener.unref();
});

test("adopt() takes over a listening socket", async () => {
  using dir = tempDir();
  using listener = Listener.adopt(listen(dir.join("a")).detach());
  assertEquals({ type: listener.type, path: listener.addr.path }, {
    type: "stream",
    path: dir.join("a"),
  });
  using _client = connectSync(dir.join("a"));
  using _server = await listener.accept();
});

test("adopt() refuses anything else, which stays open and with its owner", () => {
  using pair = connected();
  using file = OwnedFd.open("/dev/null");
  using tcp = OwnedFd.adopt(libc().socket(constants.AF_INET, platform.SOCK_STREAM, 0));
  for (const { fd } of [pair.a, file, tcp]) {
    assertThrows(() => Listener.adopt(fd), TypeError, "Cannot adopt");
    assertEquals(isOpen(fd), true);
  }
  for (const fd of [-1, 0.5, 0x7ffffffe]) assertThrows(() => Listener.adopt(fd), TypeError);
});

test("busyPoll is checked, and changes no result", async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"));
  assertEquals(listener.busyPoll, 0);
  assertThrows(() => listener.busyPoll = 2e6, RangeError);
  listener.busyPoll = 30;
  const pending = listener.accept();
  await turn();
  using _client = await connect(dir.join("a"));
  using server = await pending;
  assertEquals({ listenerBusyPoll: listener.busyPoll, serverBusyPoll: server.busyPoll }, {
    listenerBusyPoll: 30,
    serverBusyPoll: 30,
  }, "connections inherit it");
});

test("Deno.inspect() shows type and address", () => {
  using dir = tempDir();
  const listener = listen(dir.join("a"));
  const { fd } = listener;
  const shown = `Listener { fd: ${fd}, type: "stream", path: "${dir.join("a")}" }`;
  assertEquals(Deno.inspect(listener), shown);
  listener.close();
  assertEquals(Deno.inspect(listener), "Listener (closed)");
});

test("wrong options of accept() reject, those of acceptSync() throw, before any call", async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"));
  using _client = connectSync(dir.join("a"));
  for (const options of [null, 1, "x"] as never[]) {
    await assertRejects(() => listener.accept(options), TypeError, "give an object");
    assertThrows(() => listener.acceptSync(options), TypeError, "give an object");
  }
  for (const signal of [{}, null, "x"] as never[]) {
    await assertRejects(() => listener.accept({ signal }), TypeError, "give an AbortSignal");
  }
  for (const timeout of [-1, NaN, "1", null] as never[]) {
    assertThrows(() => listener.acceptSync({ timeout }), RangeError, "number from 0");
  }
  using _server = listener.acceptSync();
});

test("closeOnExec and nonblocking are read and set", () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"), { cloexec: false, nonblocking: true });
  assertEquals({ closeOnExec: listener.closeOnExec, nonblocking: listener.nonblocking }, {
    closeOnExec: false,
    nonblocking: true,
  });
  [listener.closeOnExec, listener.nonblocking] = [true, false];
  assertEquals({ closeOnExec: listener.closeOnExec, nonblocking: listener.nonblocking }, {
    closeOnExec: true,
    nonblocking: false,
  });
  assertThrows(() => listener.closeOnExec = 1 as never, TypeError, "`closeOnExec` to 1");
  assertThrows(() => listener.nonblocking = "yes" as never, TypeError, '`nonblocking` to "yes"');
});

test("nonblocking of an adopted listener is what was set last, once it is detached", async () => {
  using dir = tempDir();
  for (const set of [undefined, true, false]) {
    using listener = Listener.adopt(listen(dir.join("a"), { unlinkOnClose: false }).detach());
    using _client = connectSync(dir.join("a"));
    (await listener.accept()).close();
    assertEquals(listener.nonblocking, true, "while it is served");
    if (set !== undefined) listener.nonblocking = set;
    using file = Listener.adopt(listener.detach());
    assertEquals(file.nonblocking, set ?? false);
    Deno.removeSync(dir.join("a"));
  }
});

test("dup() makes a second owner: each connection goes to one of the two", async () => {
  using dir = tempDir();
  using first = listen(dir.join("a"), { backlog: 4 });
  const second = first.dup();
  assertEquals({ type: second.type, path: second.addr.path, closeOnExec: second.closeOnExec }, {
    type: "stream",
    path: dir.join("a"),
    closeOnExec: true,
  });
  assertEquals(second.fd === first.fd, false);
  const pending = [first.accept(), second.accept(), first.accept(), second.accept()];
  await turn();
  const clients = pending.map(() => connectSync(dir.join("a")));
  for (const it of pending) (await it).close();
  clients.forEach((it) => it.close());
  const waiting = first.accept();
  await turn();
  second.close();
  assertEquals(await isPending(waiting), true, "closing one leaves the other");
  using _client = connectSync(dir.join("a"));
  (await waiting).close();
});

test("an owner of a listener that has had a second one leaves its O_NONBLOCK set", async () => {
  using dir = tempDir();
  using first = listen(dir.join("a"));
  first.dup().close();
  using _client = connectSync(dir.join("a"));
  (await first.accept()).close();
  assertEquals(first.nonblocking, true);
});

test("an adopted listener restores O_NONBLOCK when it is detached, also after dup()", async () => {
  using dir = tempDir();
  using first = Listener.adopt(listen(dir.join("a")).detach());
  using _client = connectSync(dir.join("a"));
  (await first.accept()).close();
  first.dup().close();
  using again = Listener.adopt(first.detach());
  assertEquals(again.nonblocking, false);
});

test("only the first of two owners removes the path, also when the other is still open", () => {
  using dir = tempDir();
  const first = listen(dir.join("a"));
  using second = first.dup();
  assertEquals({
    firstUnlinkOnClose: first.unlinkOnClose,
    secondUnlinkOnClose: second.unlinkOnClose,
  }, { firstUnlinkOnClose: true, secondUnlinkOnClose: false });
  first.dup().close();
  assertEquals([...Deno.readDirSync(dir.path)].length, 1);
  first.close();
  assertEquals([...Deno.readDirSync(dir.path)].length, 0);
  assertThrows(() => first.dup(), Deno.errors.BadResource);
});

test("unlinkOnClose may be set later", () => {
  using dir = tempDir();
  for (const initially of [true, false]) {
    const listener = listen(dir.join("a"), { unlinkOnClose: initially, replaceStale: true });
    assertEquals(listener.unlinkOnClose, initially);
    listener.unlinkOnClose = !initially;
    assertEquals(listener.unlinkOnClose, !initially);
    assertThrows(() => listener.unlinkOnClose = 1 as never, TypeError, "`unlinkOnClose` to 1");
    listener.close();
    assertEquals([...Deno.readDirSync(dir.path)].length, initially ? 1 : 0);
    assertThrows(() => listener.unlinkOnClose, Deno.errors.BadResource);
    assertThrows(() => listener.unlinkOnClose = true, Deno.errors.BadResource);
  }
});

linuxTest(
  "unlinkOnClose of an adopted listener removes the path if it is this very socket's",
  () => {
    using dir = tempDir();
    const ours = Listener.adopt(listen(dir.join("a")).detach());
    assertEquals(ours.unlinkOnClose, false);
    ours.unlinkOnClose = true;
    ours.close();
    assertEquals([...Deno.readDirSync(dir.path)], []);
    const replaced = Listener.adopt(listen(dir.join("a")).detach());
    replaced.unlinkOnClose = true;
    Deno.removeSync(dir.join("a"));
    using successor = listen(dir.join("a"));
    replaced.close();
    connectSync(dir.join("a")).close();
    successor.acceptSync().close();
  },
);

linuxTest("unlinkOnClose needs a path", () => {
  using listener = listen("");
  listener.unlinkOnClose = false;
  assertThrows(() => listener.unlinkOnClose = true, TypeError, "the listener has no path");
});

test("ready() resolves when a connection can be accepted, and takes none", async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"));
  const ready = listener.ready("read");
  assertEquals(await isPending(ready), true);
  using _client = connectSync(dir.join("a"));
  await ready;
  listener.acceptSync({ timeout: 0 }).close();
  const waiting = listener.ready("read", { signal: AbortSignal.timeout(10) });
  await assertRejects(() => waiting, DOMException);
  await assertRejects(() => listener.ready("both" as never), TypeError, '"read" or "write"');
  const ended = listener.ready("read");
  listener.close();
  await assertRejects(() => ended, Deno.errors.BadResource);
});

linuxTest("options of a listener are read and set by level and name, too", () => {
  using listener = listen("", { sendBufferSize: 30_000 });
  const { SOL_SOCKET, SO_ACCEPTCONN, SO_PASSCRED } = constants as Record<string, number>;
  assertEquals(listener.getOption(SOL_SOCKET ?? 0, SO_ACCEPTCONN ?? 0), 1);
  listener.setOption(SOL_SOCKET ?? 0, SO_PASSCRED ?? 0, true);
  assertEquals({
    passCredentials: listener.passCredentials,
    sendBufferSize: listener.sendBufferSize,
  }, { passCredentials: true, sendBufferSize: 60_000 });
});

test("accepting on an adopted listener that other code has closed fails", () => {
  using dir = tempDir();
  using listener = Listener.adopt(listen(dir.join("a")).detach());
  closeFd(listener.fd);
  assertThrows(() => listener.acceptSync(), Deno.errors.BadResource, "EBADF");
});
