import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type Address, InvalidAddressError, type Socket, SyscallError, unix } from "../../mod.ts";
import { bytes, connected, isOpen, isPending, linuxTest, test, text, turn } from "../util/cases.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { closeFd } from "../../ffi/syscalls/files.ts";
import { needPeer, testWith } from "../util/peers.ts";
import { startProcess } from "../util/process.ts";
import { tempDir } from "../util/tempdir.ts";

type Connect = (socket: Socket, address: Address | null) => Promise<void>;

const twins: Readonly<Record<string, Connect>> = {
  connect: (socket, address) => socket.connect(address),
  connectSync: (socket, address) => Promise.try(() => socket.connectSync(address)),
};

function received(socket: Socket): string {
  using message = socket.receiveSync();
  return text(message?.data);
}

test("socket() makes a datagram socket without addresses, or one of the type asked for", () => {
  for (const [options, type] of [[{}, "dgram"], [{ type: "stream" }, "stream"]] as const) {
    using socket = unix.socket(options);
    assertEquals({
      type: socket.type,
      localAddress: socket.localAddress,
      remoteAddress: socket.remoteAddress,
    }, { type, localAddress: null, remoteAddress: null });
    assertEquals({ closeOnExec: socket.closeOnExec, nonblocking: socket.nonblocking }, {
      closeOnExec: true,
      nonblocking: false,
    });
  }
  assertThrows(() => unix.socket({ type: "raw" as never }), TypeError, '"raw" as a socket type');
});

for (const [name, connect] of Object.entries(twins)) {
  test(`${name}() of a socket connects again and again, and null dissolves that`, async () => {
    using dir = tempDir();
    const paths = ["a", "b"].map((it) => dir.join(it));
    const inboxes = paths.map((path) => unix.bind(path));
    using sender = unix.socket();
    for (const round of ["1", "2"]) {
      for (const path of paths) {
        await connect(sender, path);
        assertEquals(sender.remoteAddr.path, path);
        sender.writeSync(bytes(round));
      }
    }
    for (const inbox of inboxes) {
      assertEquals({ first: received(inbox), second: received(inbox) }, {
        first: "1",
        second: "2",
      });
    }
    await connect(sender, null);
    assertEquals(sender.remoteAddress, null);
    assertThrows(() => sender.writeSync(bytes("x")), Deno.errors.NotConnected);
    for (const [i, path] of paths.entries()) sender.sendSync({ data: bytes(`${i}`), to: path });
    assertEquals(inboxes.map(received), ["0", "1"]);
    inboxes.forEach((it) => it.close());
  });

  linuxTest(`${name}() of a bound datagram socket receives from that peer only`, async () => {
    using dir = tempDir();
    using inbox = unix.bind(dir.join("in"));
    using friend = unix.bind(dir.join("friend"));
    using stranger = unix.socket();
    await connect(inbox, dir.join("friend"));
    const send = () => stranger.sendSync({ data: bytes("x"), to: dir.join("in") });
    assertThrows(send, Deno.errors.PermissionDenied);
    friend.sendSync({ data: bytes("hello"), to: dir.join("in") });
    assertEquals(received(inbox), "hello");
  });

  test(`${name}() of a stream socket connects once, after bind()`, async () => {
    using dir = tempDir();
    using listener = unix.listen(dir.join("a"));
    using socket = unix.socket({ type: "stream" });
    socket.bind(dir.join("own"));
    await connect(socket, dir.join("a"));
    using server = await listener.accept();
    assertEquals({ remoteAddrPath: server.remoteAddr.path, localAddrPath: socket.localAddr.path }, {
      remoteAddrPath: dir.join("own"),
      localAddrPath: dir.join("own"),
    });
    assertEquals(socket.nonblocking, false);
    socket.writeSync(bytes("x"));
    assertEquals(server.readSync(new Uint8Array(4)), 1);
    const again = await assertRejects(() => connect(socket, dir.join("a")), SyscallError);
    assertEquals(again.code, "EISCONN");
    await assertRejects(
      () => connect(socket, null),
      TypeError,
      "Cannot disconnect a stream socket",
    );
  });

  test(`${name}() that fails leaves the socket as it was, for another try`, async () => {
    using dir = tempDir();
    using socket = unix.socket({ type: "stream", nonblocking: true });
    Deno.writeTextFileSync(dir.join("file"), "");
    // What the file is, is told on Linux only.
    const noSocket = platform.MSG_CMSG_CLOEXEC === 0
      ? "no server listens there"
      : "it is no socket, but a regular file";
    const wrong: readonly (readonly [unknown, new (...args: never[]) => Error, string])[] = [
      [dir.join("none"), Deno.errors.NotFound, "no such file"],
      [dir.join("file"), Deno.errors.ConnectionRefused, noSocket],
      ["", InvalidAddressError, "Cannot reach the empty address"],
      [undefined, InvalidAddressError, "Cannot use undefined as an address"],
    ];
    for (const [address, expected, message] of wrong) {
      await assertRejects(() => connect(socket, address as Address), expected, message);
    }
    using listener = unix.listen(dir.join("a"));
    await connect(socket, dir.join("a"));
    using _server = listener.acceptSync();
    assertEquals(socket.nonblocking, true, "the flag stays as it was");
  });

  linuxTest(`${name}() of a socket reaches a path that does not fit`, async () => {
    using dir = tempDir();
    const path = dir.join(...Array(3).fill("d".repeat(60)), "a");
    Deno.mkdirSync(path.slice(0, -2), { recursive: true });
    using inbox = unix.bind(path);
    using sender = unix.socket();
    await connect(sender, path);
    assertEquals(sender.remoteAddr.path, path);
    sender.writeSync(bytes("x"));
    assertEquals(received(inbox), "x");
    await connect(sender, null);
    assertEquals(sender.remoteAddress, null);
  });
}

test("bind() gives an address once, with the options of unix.bind()", () => {
  using dir = tempDir();
  using socket = unix.socket();
  assertThrows(() => socket.bind(dir.join("a"), { mode: 0o1000 }), RangeError);
  assertThrows(() => socket.bind(dir.join("a"), null as never), TypeError, "with null as options");
  assertThrows(() => socket.bind("a\0b"), InvalidAddressError);
  socket.bind(dir.join("a"), { mode: 0o640 });
  assertEquals((Deno.statSync(dir.join("a")).mode ?? 0) & 0o777, 0o640);
  const error = assertThrows(
    () => socket.bind(dir.join("b")),
    SyscallError,
    "has an address already",
  );
  assertEquals(error.code, "EINVAL");
  socket.close();
  assertEquals([...Deno.readDirSync(dir.path)], []);
});

test("bind() replaces a stale file, and leaves its own with unlinkOnClose: false", () => {
  using dir = tempDir();
  for (let n = 0; n < 2; n++) {
    using socket = unix.socket();
    if (n > 0) assertThrows(() => socket.bind(dir.join("a")), Deno.errors.AddrInUse);
    socket.bind(dir.join("a"), { replaceStale: true, unlinkOnClose: false });
  }
  assertEquals([...Deno.readDirSync(dir.path)].map((it) => it.name), ["a"]);
});

test("listen() makes a listener that owns the descriptor and the file from then on", async () => {
  using dir = tempDir();
  const socket = unix.socket({ type: "stream" });
  socket.bind(dir.join("a"), { mode: 0o600 });
  assertThrows(() => unix.connectSync(dir.join("a")), Deno.errors.ConnectionRefused);
  const { fd } = socket;
  {
    using listener = socket.listen({ backlog: 3 });
    assertEquals({ fd: listener.fd, type: listener.type, unlinkOnClose: listener.unlinkOnClose }, {
      fd,
      type: "stream",
      unlinkOnClose: true,
    });
    assertThrows(() => socket.fd, Deno.errors.BadResource);
    socket.close();
    assertEquals(isOpen(fd), true);
    using _client = await unix.connect(dir.join("a"));
    using server = await listener.accept();
    assertEquals(server.localAddr.path, dir.join("a"));
  }
  assertEquals({ isOpen: isOpen(fd), length: [...Deno.readDirSync(dir.path)].length }, {
    isOpen: false,
    length: 0,
  });
});

test("listen() refuses what cannot listen, which stays as it is", () => {
  using dir = tempDir();
  using datagrams = unix.bind(dir.join("a"));
  assertThrows(() => datagrams.listen(), TypeError, "Cannot listen on a datagram socket");
  using pair = connected();
  using unbound = unix.socket({ type: "stream" });
  for (const socket of [pair.a, unbound]) {
    assertThrows(() => socket.listen(), SyscallError, "bind a new one first");
    assertThrows(() => socket.listen({ backlog: "1" as never }), RangeError, 'backlog of "1"');
    assertThrows(() => socket.listen(null as never), TypeError, "with null as options");
    assertEquals(isOpen(socket.fd), true);
  }
});

test("a closed socket is named before what its type cannot do", async () => {
  using dir = tempDir();
  const datagrams = unix.bind(dir.join("a"));
  datagrams.close();
  assertThrows(() => datagrams.listen(), Deno.errors.BadResource, "it is closed");
  const { a: stream, b } = connected();
  stream.close();
  assertThrows(() => stream.connectSync(null), Deno.errors.BadResource, "it is closed");
  await assertRejects(() => stream.connect(null), Deno.errors.BadResource, "it is closed");
  b.close();
});

test("use after close rejects or throws BadResource", async () => {
  const socket = unix.socket({ type: "stream" });
  socket.close();
  const { BadResource } = Deno.errors;
  await assertRejects(() => socket.connect("/x"), BadResource);
  await assertRejects(() => socket.ready("read"), BadResource);
  for (
    const use of [
      () => socket.connectSync("/x"),
      () => socket.bind("/x"),
      () => socket.listen(),
      () => socket.dup(),
      () => socket.closeOnExec,
      () => socket.nonblocking = true,
    ]
  ) assertThrows(use, BadResource);
});

linuxTest("dup() makes a second owner of the same socket", async () => {
  using dir = tempDir();
  const first = unix.bind(dir.join("a"));
  using second = first.dup();
  assertEquals(
    { type: second.type, path: second.localAddr.path, closeOnExec: second.closeOnExec },
    { type: "dgram", path: dir.join("a"), closeOnExec: true },
  );
  using sender = unix.socket();
  for (const it of ["1", "2"]) sender.sendSync({ data: bytes(it), to: dir.join("a") });
  assertEquals({ second: received(second), first: received(first) }, { second: "1", first: "2" });
  const pending = second.receive();
  await turn();
  first.close();
  assertEquals([...Deno.readDirSync(dir.path)], [], "only the first removes the path");
  assertEquals(await isPending(pending), true, "closing one leaves the other");
  second.close();
  await assertRejects(() => pending, Deno.errors.BadResource);
  using pair = connected();
  pair.a.dup().close();
  pair.a.writeSync(bytes("x"));
  assertEquals(pair.b.readSync(new Uint8Array(4)), 1);
});

test("ready() resolves when poll(2) would report it, and reads nothing", async () => {
  using pair = connected();
  await pair.a.ready("write");
  const reading = pair.b.ready("read");
  assertEquals(await isPending(reading), true);
  pair.a.writeSync(bytes("abc"));
  await reading;
  assertEquals(pair.b.bytesAvailable, 3);
  const controller = new AbortController();
  const waiting = pair.a.ready("read", { signal: controller.signal });
  controller.abort(new RangeError("mine"));
  await assertRejects(() => waiting, RangeError, "mine");
  await assertRejects(() => pair.a.ready("both" as never), TypeError, '"read" or "write"');
  await assertRejects(
    () => pair.a.ready("read", { signal: {} as never }),
    TypeError,
    "give an AbortSignal",
  );
  const atTheEnd = pair.a.ready("read");
  pair.b.close();
  await atTheEnd;
});

const PYTHON_SERVERS = `
import socket, sys
sockets = []
for path in sys.argv[1:]:
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(path)
    sockets.append(s)
print("ready", flush=True)
for _ in range(2):
    for s in sockets:
        data, name = s.recvfrom(64)
        print(data.decode(), name or "nobody", flush=True)
`;

testWith("python3-linux", "one unnamed sender reaches many receivers of Python's", async () => {
  using dir = tempDir();
  const paths = ["a", "b", "c"].map((it) => dir.join(it));
  await using python = startProcess(needPeer("python3-linux").command, {
    args: ["-c", PYTHON_SERVERS, ...paths],
  });
  assertEquals(await python.readLine(), "ready");
  using sender = unix.socket();
  for (const path of paths) await sender.send({ data: bytes("by to"), to: path });
  for (const path of paths) {
    await sender.connect(path);
    await sender.write(bytes("by connect"));
  }
  for (const how of ["by to", "by connect"]) {
    for (const _ of paths) assertEquals(await python.readLine(), `${how} nobody`);
  }
});

const PYTHON_CLIENT = `
import socket, sys
kind = getattr(socket, sys.argv[2])
with socket.socket(socket.AF_UNIX, kind) as s:
    s.connect(sys.argv[1])
    s.send(b"ping")
    print(s.recv(16).decode(), s.getpeername(), flush=True)
`;

testWith("python3-linux", "a listener made in steps serves Python's clients", async () => {
  using dir = tempDir();
  for (
    const [type, constant] of [["stream", "SOCK_STREAM"], ["seqpacket", "SOCK_SEQPACKET"]] as const
  ) {
    using socket = unix.socket({ type });
    socket.bind(dir.join(type));
    using listener = socket.listen();
    await using python = startProcess(needPeer("python3-linux").command, {
      args: ["-c", PYTHON_CLIENT, dir.join(type), constant],
    });
    using server = await listener.accept({ signal: AbortSignal.timeout(20_000) });
    const data = new Uint8Array(16);
    assertEquals(text(data.subarray(0, await server.read(data) ?? 0)), "ping");
    await server.write(bytes("pong"));
    assertEquals(await python.readLine(), `pong ${dir.join(type)}`);
  }
});

test("connect() and connectSync() refuse options that are no object, before anything else", async () => {
  using socket = unix.socket();
  const why = "Cannot connect with null as options";
  await assertRejects(() => socket.connect(null, null as never), TypeError, why);
  assertThrows(() => socket.connectSync(null, null as never), TypeError, why);
});

test("connecting a socket that other code has closed fails", () => {
  using dir = tempDir();
  using _listener = unix.listen(dir.join("a"));
  using made = unix.socket({ type: "stream" });
  closeFd(made.fd);
  assertThrows(() => made.connectSync(dir.join("a")), Deno.errors.BadResource, "EBADF");
});

test("a bind() that fails leaves its mode to no later one", () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("taken"), "");
  for (const type of ["stream", "dgram", "seqpacket"] as const) {
    for (const failing of ["taken", "missing/a"]) {
      using socket = unix.socket({ type });
      assertThrows(() => socket.bind(dir.join(failing), { mode: 0o600 }));
      socket.bind(dir.join("a"));
      assertEquals((Deno.statSync(dir.join("a")).mode ?? 0) & 0o777, 0o777 & ~Deno.umask());
    }
  }
});
