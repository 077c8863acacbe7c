import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { checkedBacklog, newSocketFlags, type SocketSetup } from "../../lib/socket/setup.ts";
import { type Message, type Socket, unix } from "../../mod.ts";
import { bytes, CONNECTED, linuxTest, PAIRED, test } from "../util/cases.ts";
import { countDescriptors } from "../util/descriptors.ts";
import { needPeer, testWith } from "../util/peers.ts";
import { startProcess } from "../util/process.ts";
import { tempDir } from "../util/tempdir.ts";

Deno.test("newSocketFlags() closes on exec and blocks by default", () => {
  assertEquals(newSocketFlags({}), { cloexec: true, nonblocking: false });
  assertEquals(newSocketFlags({ cloexec: false }), { cloexec: false, nonblocking: false });
  assertEquals(newSocketFlags({ nonblocking: true }), { cloexec: true, nonblocking: true });
});

Deno.test("checkedBacklog() is Hare's 10 by default, and refuses what listen(2) would misread", () => {
  assertEquals(checkedBacklog(), 10);
  assertEquals(checkedBacklog(0), 0);
  assertEquals(checkedBacklog(511), 511);
  for (const backlog of [-1, 0.5, NaN, 2 ** 31, "10", null]) {
    assertThrows(() => checkedBacklog(backlog as number), RangeError, "Cannot use a backlog of");
  }
  assertThrows(() => checkedBacklog("10" as never), RangeError, 'a backlog of "10"');
});

/** Everything that makes sockets with options, each in a fresh directory. */
const makers: Readonly<Record<string, (path: string, setup: SocketSetup) => Disposable>> = {
  socket: (_, setup) => unix.socket(setup),
  "socket (stream)": (_, setup) => unix.socket({ ...setup, type: "stream" }),
  bind: (path, setup) => unix.bind(path, setup),
  listen: (path, setup) => unix.listen(path, setup),
  socketpair: (_, setup) => {
    const [a, b] = unix.socketpair(setup);
    return { [Symbol.dispose]: () => (a.close(), b.close()) };
  },
  connectSync: (path, setup) => {
    using _listener = unix.listen(`${path}.server`);
    return unix.connectSync(`${path}.server`, setup);
  },
};

for (const [name, make] of Object.entries(makers)) {
  test(`${name}() refuses options of the wrong type or size, and leaves nothing open`, () => {
    using dir = tempDir();
    const before = countDescriptors();
    const wrong: readonly (readonly [unknown, typeof TypeError | typeof RangeError, string])[] = [
      [{ passCredentials: "yes" }, TypeError, '`passCredentials` to "yes"'],
      [{ passPidfd: 1 }, TypeError, "`passPidfd` to 1"],
      [{ passRights: null }, TypeError, "`passRights` to null"],
      [{ cloexec: "false" }, TypeError, '`cloexec` to "false"'],
      [{ nonblocking: 0 }, TypeError, "`nonblocking` to 0"],
      [{ sendBufferSize: -1 }, RangeError, "-1 bytes"],
      [{ receiveBufferSize: "4096" }, RangeError, '"4096" bytes'],
      [null, TypeError, "with null as options"],
      ["x", TypeError, 'with "x" as options'],
    ];
    for (const [setup, expected, text] of wrong) {
      // A spread would make an object of everything.
      const isPlain = name === "socket (stream)" && (setup === null || typeof setup === "string");
      if (!isPlain) assertThrows(() => make(dir.join("a"), setup as never), expected, text);
    }
    assertEquals(countDescriptors(), before);
    assertEquals([...Deno.readDirSync(dir.path)], []);
  });
}

linuxTest("options are in force on what socket(), bind() and socketpair() make", () => {
  using dir = tempDir();
  const setup = {
    passCredentials: true,
    passPidfd: true,
    sendBufferSize: 40_000,
    receiveBufferSize: 50_000,
  };
  const [a, b] = unix.socketpair({ ...setup, type: "seqpacket" });
  const sockets = [a, b, unix.socket(setup), unix.bind(dir.join("a"), setup)];
  for (const socket of sockets) {
    using _ = socket;
    const { passCredentials, passPidfd, sendBufferSize, receiveBufferSize } = socket;
    // Linux doubles what is set.
    assertEquals({ passCredentials, passPidfd }, { passCredentials: true, passPidfd: true });
    assertEquals({ sendBufferSize, receiveBufferSize }, {
      sendBufferSize: 80_000,
      receiveBufferSize: 100_000,
    });
  }
});

linuxTest("a socket that does not pass rights refuses a peer's descriptors from the start", () => {
  for (const type of PAIRED) {
    const [a, b] = unix.socketpair({ type, passRights: false });
    using _a = a;
    using _b = b;
    assertEquals(b.passRights, false);
    const refused = Deno.errors.PermissionDenied;
    assertThrows(() => a.sendSync({ data: bytes("x"), files: [0] }), refused, "`passRights`");
  }
});

for (const type of CONNECTED) {
  linuxTest(`a ${type} listener's options are inherited by what it accepts`, async () => {
    using listener = unix.listen("", { type, passCredentials: true, passPidfd: true });
    const { passCredentials, passPidfd } = listener;
    assertEquals({ passCredentials, passPidfd }, { passCredentials: true, passPidfd: true });
    using client = await unix.connect(listener.localAddress ?? "", { type });
    using server = await listener.accept();
    assertEquals({ passCredentials: server.passCredentials, passPidfd: server.passPidfd }, {
      passCredentials: true,
      passPidfd: true,
    });
    assertEquals({ passCredentials: client.passCredentials, passPidfd: client.passPidfd }, {
      passCredentials: false,
      passPidfd: false,
    });
    client.writeSync(bytes("x"));
    using message = await server.receive();
    assertEquals(message?.credentials?.pid, Deno.pid);
    assertEquals(message?.pidfd?.kind(), "pidfd");
  });
}

/** Two thousand connections of Python's, each of which has sent its only message before it is accepted. */
const FIRST_MESSAGES = `
import socket, sys
path, kind = sys.argv[1], getattr(socket, sys.argv[2])
for _ in range(2000):
    with socket.socket(socket.AF_UNIX, kind) as s:
        s.connect(path)
        s.send(b"x")
`;

for (
  const [type, constant] of [["stream", "SOCK_STREAM"], ["seqpacket", "SOCK_SEQPACKET"]] as const
) {
  testWith(
    "python3-linux",
    `all of 2,000 first messages over ${type} have credentials`,
    async () => {
      using dir = tempDir();
      using listener = unix.listen(dir.join("a"), { type, passCredentials: true, backlog: 64 });
      await using python = startProcess(needPeer("python3-linux").command, {
        args: ["-c", FIRST_MESSAGES, dir.join("a"), constant],
      });
      // Through a wrapper, the process that sends may be another than the one that was started.
      const pids = new Set<number | undefined>();
      for (let n = 0; n < 2000; n++) {
        using server = await listener.accept();
        using message = await server.receive();
        assertEquals(message?.data.byteLength, 1);
        pids.add(message?.credentials?.pid);
      }
      assertEquals(pids.size, 1);
      assert(!pids.has(undefined) && !pids.has(0));
      assert((await python.status).success);
    },
  );
}

linuxTest(
  "all of 2,000 datagrams sent right after bind() have credentials",
  async () => {
    for (let n = 0; n < 20; n++) {
      using dir = tempDir();
      using sender = unix.socket();
      using inbox = unix.bind(dir.join("a"), { passCredentials: true });
      const received: Promise<Message | null>[] = [];
      for (let i = 0; i < 100; i++) received.push(inbox.receive());
      for (let i = 0; i < 100; i++) await sender.send({ data: bytes("x"), to: dir.join("a") });
      for (const pending of received) {
        using message = await pending;
        assertEquals(message?.credentials?.pid, Deno.pid);
      }
    }
  },
);

linuxTest("connect() asks for credentials before the server can answer", async () => {
  using listener = unix.listen("");
  const address = listener.localAddress ?? "";
  for (
    const open of [
      unix.connect,
      (...it: Parameters<typeof unix.connectSync>) => Promise.try(() => unix.connectSync(...it)),
    ]
  ) {
    const pending: Promise<Socket> = open(address, { passCredentials: true });
    using server = await listener.accept();
    server.writeSync(bytes("greeting"));
    using client = await pending;
    using message = await client.receive();
    assertEquals(message?.credentials?.pid, Deno.pid);
  }
});

test("functions that return promises reject for options that are none", async () => {
  for (const options of [null, 5, "x"] as never[]) {
    await assertRejects(() => unix.connect("/x", options), TypeError, "as options: give an object");
  }
});
