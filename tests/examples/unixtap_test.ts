// The tool in examples/tools/unixtap, between sockets of this process.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { OwnedFd, type Socket, type SocketType, unix } from "@denet/unix";
import { noLeaks } from "../util/descriptors.ts";
import { testUnless, testWith } from "../util/peers.ts";
import type { LineProcess } from "../util/process.ts";
import { tempDir } from "../util/tempdir.ts";
import {
  assertFails,
  finish,
  type Line,
  listing,
  readEvent,
  readEvents,
  startTool,
  WITHOUT_PRIVILEGES,
} from "./tool.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

const notLinux = Deno.build.os === "linux" ? undefined : "it reads /proc, as on Linux";
const notRoot = Deno.build.os === "linux" && Deno.uid() === 0
  ? undefined
  : "only root may send the credentials of others";

/** A server, a tap in front of it, and a client that came through it. */
class Tapped implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly dir = this.#stack.use(tempDir());
  readonly target = this.dir.join("target");
  readonly address = this.dir.join("tap");
  declare tool: LineProcess;
  declare listening: Line;
  declare client: Socket;
  declare server: Socket;

  static async start(type: "stream" | "seqpacket", ...args: string[]): Promise<Tapped> {
    const it = new Tapped();
    const listener = it.#stack.use(unix.listen(it.target, { type }));
    await it.startTool("--json", ...args);
    [it.client, it.server] = await Promise.all([
      unix.connect(it.address, { type }),
      listener.accept(),
    ]);
    it.#stack.use(it.client);
    it.#stack.use(it.server);
    return it;
  }

  /** Start the tool and wait until it listens. */
  async startTool(...args: string[]): Promise<void> {
    this.tool = this.#stack.use(startTool("unixtap", [...args, this.address, this.target]));
    if (args.includes("--json")) this.listening = await readEvent(this.tool);
    else await this.tool.readLine();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

async function readAll(socket: Socket): Promise<Uint8Array> {
  return new Uint8Array(await new Response(socket.readable).arrayBuffer());
}

function random(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i += 65536) crypto.getRandomValues(bytes.subarray(i, i + 65536));
  return bytes;
}

testUnless(
  notLinux,
  "unixtap passes a stream on in both directions, unchanged",
  noLeaks(async () => {
    await using it = await Tapped.start("stream", "--once", "--view", "none");
    assertEquals(it.listening.type, "stream");
    const [there, back] = [random(3_000_000), random(2_000_000)];
    const sending = async (socket: Socket, data: Uint8Array) => {
      await socket.send({ data });
      await socket.closeWrite();
    };
    const [atServer, atClient] = await Promise.all([
      readAll(it.server),
      readAll(it.client),
      sending(it.client, there),
      sending(it.server, back),
    ]);
    assertEquals(atServer, there);
    assertEquals(atClient, back);
    const events = await readEvents(it.tool);
    const { pid, uid } = events[0]?.process ?? {};
    assertEquals([events[0]?.event, pid, uid], ["connect", Deno.pid, Deno.uid() ?? -1]);
    assertStringIncludes(events[0]?.process?.command ?? "", "deno");
    const bytes = (from: string) =>
      events.filter((event) => event.from === from)
        .reduce((sum, event) => sum + (event.size ?? 0), 0);
    assertEquals([bytes("client"), bytes("server")], [there.byteLength, back.byteLength]);
    assertEquals(events.at(-1)?.event, "close");
    assertEquals(events.at(-1)?.error, undefined);
    assertEquals((await it.tool.status).code, 0);
    assertEquals(listing(it.dir), ["target"]);
  }),
);

testUnless(
  notLinux,
  "unixtap answers a client that has shut down writing",
  noLeaks(async () => {
    await using it = await Tapped.start("stream");
    await it.client.send({ data: encode("question") });
    await it.client.closeWrite();
    assertEquals(await readAll(it.server), encode("question"));
    await it.server.send({ data: encode("answer") });
    it.server.close();
    assertEquals(await readAll(it.client), encode("answer"));
  }),
);

testUnless(
  notLinux,
  "unixtap passes descriptors on and tells what they are",
  noLeaks(async () => {
    await using it = await Tapped.start("stream");
    const path = it.dir.join("file");
    Deno.writeTextFileSync(path, "content");
    using file = OwnedFd.open(path);
    using memory = OwnedFd.memfd("picture", new Uint8Array(100));
    const [end, other] = unix.socketpair();
    using _end = end;
    using _other = other;
    await it.client.send({ data: encode("three"), files: [file, memory, end] });
    using message = await it.server.receive({ files: 3 });
    const inodes = message?.files.map((fd) => fd.stat().ino).slice(0, 2);
    assertEquals(inodes, [file.stat().ino, memory.stat().ino]);
    using passed = message?.files[2]?.asSocket();
    await other.send({ data: encode("through the passed one") });
    assertEquals(await passed?.read(new Uint8Array(99)), 22);
    await readEvent(it.tool);
    const { size, text, files = [] } = await readEvent(it.tool);
    assertEquals([size, text], [5, "three"]);
    assertEquals(files.slice(0, 2), [
      { kind: "file", target: path, access: "r", size: 7 },
      { kind: "memfd", target: "/memfd:picture (deleted)", access: "rw", size: 100 },
    ]);
    assertEquals([files[2]?.kind, files[2]?.access], ["socket", "rw"]);
    assertMatch(files[2]?.target ?? "", /^socket:\[\d+\]$/);
  }),
);

testUnless(
  notRoot,
  "unixtap lets the client's credentials arrive, if it is root",
  noLeaks(async () => {
    await using it = await Tapped.start("stream");
    it.server.passCredentials = true;
    await it.client.send({ data: encode("me") });
    using message = await it.server.receive();
    assertEquals(message?.credentials?.pid, Deno.pid);
    assertEquals(it.server.peerCredentials().pid, it.tool.pid);
  }),
);

testUnless(
  notLinux,
  "unixtap keeps the messages of a seqpacket socket apart, empty ones too",
  noLeaks(async () => {
    await using it = await Tapped.start("seqpacket", "--once");
    assertEquals(it.listening.type, "seqpacket");
    const messages = [encode("a"), new Uint8Array(0), random(150_000), encode("b")];
    for (const data of messages) await it.client.send({ data });
    await it.client.closeWrite();
    for (const data of messages) {
      using message = await it.server.receive({ size: 200_000 });
      assertEquals(message?.data.byteLength, data.byteLength);
      assertEquals(message?.data, data);
    }
    assertEquals(await it.server.receive(), null);
    it.server.close();
    assertEquals(await it.client.receive(), null);
    const sizes = (await readEvents(it.tool)).flatMap((event) => event.size ?? []);
    assertEquals(sizes, [1, 0, 150_000, 1]);
  }),
);

testUnless(
  notLinux,
  "unixtap passes datagrams on, descriptors too, and answers back to each client",
  noLeaks(async () => {
    await using it = new Tapped();
    using server = unix.bind(it.target);
    await it.startTool("--json");
    assertEquals(it.listening.type, "dgram");
    using file = OwnedFd.memfd("one");
    for (const name of ["ann", "bob"]) {
      using client = unix.bind(it.dir.join(name));
      await client.send({ data: encode(`from ${name}`), to: it.address, files: [file] });
      using message = await server.receive({ files: 1 });
      assertEquals([message?.data, message?.files.length], [encode(`from ${name}`), 1]);
      await server.send({ data: encode(`to ${name}`), to: message?.from?.path ?? "" });
      using answer = await client.receive();
      assertEquals([answer?.data, answer?.from?.path], [encode(`to ${name}`), it.address]);
    }
    using nameless = await unix.connect(it.address, { type: "dgram" });
    await nameless.send({ data: encode("anybody?") });
    using message = await server.receive();
    assertEquals(message?.data, encode("anybody?"));
    it.tool.kill("SIGINT");
    const events = await readEvents(it.tool);
    assertEquals(events.filter(({ event }) => event === "connect").length, 3);
    assertEquals(
      events.flatMap(({ from, text }) => text === undefined ? [] : `${from}: ${text}`),
      [
        "client: from ann",
        "server: to ann",
        "client: from bob",
        "server: to bob",
        "client: anybody?",
      ],
    );
    assert(!listing(it.dir).includes("tap"));
  }),
);

testUnless(
  notLinux,
  "unixtap closes the server's side when the client is gone, and the other way round",
  noLeaks(async () => {
    await using it = await Tapped.start("stream");
    it.client.close();
    assertEquals(await it.server.read(new Uint8Array(1)), null);
    await assertGone(it.server);

    await using other = await Tapped.start("stream");
    other.server.close();
    assertEquals(await other.client.read(new Uint8Array(1)), null);
    await assertGone(other.client);
  }),
);

/** Expect that writing fails, at the latest once the other process has noticed. */
async function assertGone(socket: Socket): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    try {
      await socket.write(new Uint8Array(1));
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionReset) continue;
      assert(error instanceof Deno.errors.BrokenPipe, String(error));
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error("Expected the peer to be gone");
}

/** What each filter leaves of "one" and a file from the client, "two" from the server. */
const FILTERS: readonly [args: string[], lines: string[]][] = [
  [[], ["client one", "client file", "server two"]],
  [["--from", "server"], ["server two"]],
  [["--files"], ["client file"]],
  [["--match", "^o|w"], ["client one", "server two"]],
  [["--from", "client", "--match", "e"], ["client one", "client file"]],
  [["--pid", String(Deno.pid)], ["client one", "client file", "server two"]],
  [["--pid", "1"], []],
  [["--uid", "4000000000"], []],
  [["--command", "deno"], ["client one", "client file", "server two"]],
  [["--command", "^nothing$"], []],
];

for (const [args, expected] of FILTERS) {
  testUnless(notLinux, `unixtap ${["--json", ...args].join(" ")} prints what passes`, async () => {
    await using it = await Tapped.start("stream", "--once", ...args);
    using file = OwnedFd.memfd("f");
    const exchange = async (from: Socket, to: Socket, text: string, files: OwnedFd[] = []) => {
      await from.send({ data: encode(text), files });
      using message = await to.receive({ files: 1 });
      assertEquals(message?.data, encode(text));
    };
    await exchange(it.client, it.server, "one");
    await exchange(it.client, it.server, "file", [file]);
    await exchange(it.server, it.client, "two");
    it.client.close();
    it.server.close();
    const events = await readEvents(it.tool);
    const lines = events.flatMap(({ from, text }) => text === undefined ? [] : `${from} ${text}`);
    assertEquals(lines, expected);
  });
}

/** What is printed for a message, by the options. */
const VIEWS: readonly [args: string[], data: Uint8Array, lines: string[]][] = [
  [[], encode("plain\r\ntext"), ['    "plain\\r\\ntext"']],
  [[], encode("grüße"), ['    "grüße"']],
  [["-b", "3"], encode("grü"), ['    "gr"', "    … 1 byte more"]],
  [[], new Uint8Array([0, 255, 65]), [`    0000  00 ff 41${" ".repeat(40)} ..A`]],
  [["-v", "hex"], encode("A"), [`    0000  41${" ".repeat(46)} A`]],
  [["-v", "text"], new Uint8Array([65, 255]), ['    "A\uFFFD"']],
  [["-v", "none"], encode("A"), []],
  // Nothing that a peer sends may steer the terminal or reorder a line.
  [["-v", "text"], encode("\x1b[31m\x07\u009b\u202e\u2028"), [
    '    "\\u001b[31m\\u0007\\x9b\\u202e\\u2028"',
  ]],
];

for (const [args, data, lines] of VIEWS) {
  const shown = JSON.stringify(new TextDecoder().decode(data));
  testUnless(notLinux, `unixtap ${args.join(" ")} shows ${shown}`, async () => {
    await using it = new Tapped();
    using listener = unix.listen(it.target);
    await it.startTool("--once", "--time", "none", ...args);
    using client = await unix.connect(it.address);
    using server = await listener.accept();
    await client.send({ data });
    await client.closeWrite();
    await readAll(server);
    server.close();
    const output = (await it.tool.readAll()).split("\n");
    const size = `${data.byteLength} byte${data.byteLength === 1 ? "" : "s"}`;
    assertMatch(output[0] ?? "", new RegExp(`^#1 connect pid ${Deno.pid} uid \\d+ gid \\d+ `));
    assertEquals(output.slice(1, -4), [`#1 client → server ${size}`, ...lines]);
  });
}

testUnless(notLinux, "unixtap colours for people only", async () => {
  for (
    const [args, env, colored] of [
      [[], {}, false],
      [["--color", "always"], {}, true],
      [["--color", "always"], { NO_COLOR: "1" }, true],
      [["--color", "never"], {}, false],
    ] as [string[], Record<string, string>, boolean][]
  ) {
    using dir = tempDir();
    using _server = unix.listen(dir.join("s"));
    await using tool = startTool("unixtap", [...args, dir.join("t"), dir.join("s")], env);
    assertEquals((await tool.readLine()).includes("\x1b["), colored);
  }
});

testUnless(notLinux, "unixtap --time tells when", async () => {
  for (
    const [format, pattern] of [
      ["clock", /^\d\d:\d\d:\d\d\.\d{3} listening/],
      ["elapsed", /^ +0\.\d{3} listening/],
      ["none", /^listening/],
    ] as const
  ) {
    using dir = tempDir();
    using _server = unix.listen(dir.join("s"));
    await using tool = startTool("unixtap", ["-T", format, dir.join("t"), dir.join("s")]);
    assertMatch(await tool.readLine(), pattern);
  }
});

testUnless(notLinux, "unixtap --help and --version tell and end with 0", async () => {
  await using help = startTool("unixtap", ["--help"]);
  const { code, output, errors } = await finish(help);
  assertEquals([code, errors], [0, ""]);
  assertMatch(output, /^Usage: unixtap /);
  assert(output.split("\n").every((line) => line.length <= 110));
  await using version = startTool("unixtap", ["-V"]);
  assertMatch((await finish(version)).output, /^unixtap \d+\.\d+\.\d+/);
});

const USAGE: readonly [args: string[], message: RegExp][] = [
  [["--nonsense"], /^unixtap: Unknown option '--nonsense'; see "unixtap --help"$/],
  [["--type"], /'-t, --type <value>' argument missing/],
  [[], /Give LISTEN and TARGET/],
  [["a"], /Give LISTEN and TARGET/],
  [["a", "b", "c\x1b"], /Cannot use "c\\x1b" as well/],
  [["a", "a"], /cannot be the same/],
  [["-t", "tcp", "a", "b"], /Cannot use "tcp" for --type: give one of stream, seqpacket, dgram/],
  [["--bytes=-1", "a", "b"], /Cannot use "-1" for --bytes/],
  [["-b", "many", "a", "b"], /Cannot use "many" for --bytes: give a number up to 4294967295/],
  [["--match", "(", "a", "b"], /Cannot use "\(" for --match: it is no regular expression/],
  [["--mode", "888", "a", "b"], /Cannot use "888" for --mode: give octal digits/],
];

testUnless(notLinux, "unixtap refuses a wrong command line in one line, with 2", async () => {
  for (const [args, message] of USAGE) {
    await using tool = startTool("unixtap", args);
    await assertFails(tool, 2, message);
  }
});

testUnless(notLinux, "unixtap fails in one line where it cannot start, with 1", async () => {
  using dir = tempDir();
  using _server = unix.listen(dir.join("server"));
  using _taken = unix.listen(dir.join("taken"));
  Deno.writeTextFileSync(dir.join("file"), "");
  unix.listen(dir.join("stale"), { unlinkOnClose: false }).close();
  const left = listing(dir);
  const t = dir.join("t");
  for (
    const [args, message] of [
      [[t, dir.join("absent")], /Cannot connect to ".*absent": no such file or directory/],
      [[t, dir.join("file")], /Cannot connect to ".*file": nobody listens there/],
      [[t, dir.join("stale")], /Cannot connect to ".*stale": nobody listens there/],
      [[t, ""], /empty/],
      [[dir.join("no/where"), dir.join("server")], /Cannot bind to ".*no\/where": no such file/],
      [[dir.join("taken"), dir.join("server")], /Cannot listen on ".*taken".*--replace/],
      [["--replace", dir.join("taken"), dir.join("server")], /is taken; something else is there/],
      [["--replace", dir.join("file"), dir.join("server")], /is taken; something else is there/],
      [["-o", dir.join("no/where"), t, dir.join("server")], /Cannot open ".*no\/where": no such/],
      [["-o", "/dev/full", t, dir.join("server")], /Cannot write the output: no space left/],
    ] as [string[], RegExp][]
  ) {
    await using tool = startTool("unixtap", args);
    await assertFails(tool, 1, message, dir, left);
  }
});

testWith("setpriv", "unixtap fails in one line where it has no permission", async () => {
  using dir = tempDir();
  using _server = unix.listen(dir.join("server"), { mode: 0 });
  using _open = unix.listen(dir.join("open"));
  Deno.mkdirSync(dir.join("closed"), { mode: 0o500 });
  for (
    const [args, message] of [
      [[dir.join("t"), dir.join("server")], /Cannot connect to ".*server": permission denied/],
      [[dir.join("closed/t"), dir.join("open")], /Cannot bind to ".*t": permission denied/],
    ] as [string[], RegExp][]
  ) {
    await using tool = startTool("unixtap", args, {}, WITHOUT_PRIVILEGES);
    await assertFails(tool, 1, message, dir, ["closed", "open", "server"]);
  }
});

testUnless(notLinux, "unixtap ends cleanly at a signal, its connections as well", async () => {
  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
    await using it = await Tapped.start("stream");
    await it.client.send({ data: encode("in the middle") });
    await it.server.read(new Uint8Array(20));
    it.tool.kill(signal);
    await assertFails(it.tool, code, new RegExp(`^unixtap: ended by ${signal}$`), it.dir, [
      "target",
    ]);
    assertEquals(await it.client.read(new Uint8Array(1)), null);
    assertEquals(await it.server.read(new Uint8Array(1)), null);
  }
});

testUnless(notLinux, "unixtap ends when the target has vanished, or waits with -k", async () => {
  await using it = new Tapped();
  const first = unix.listen(it.target);
  await it.startTool();
  first.close();
  using _client = await unix.connect(it.address);
  await assertFails(it.tool, 1, /Cannot connect to ".*target": no such file/, it.dir);

  using again = unix.listen(it.target);
  await it.startTool("--keep-going");
  again.close();
  using lost = await unix.connect(it.address);
  assertEquals(await lost.read(new Uint8Array(1)), null);
  using back = unix.listen(it.target);
  using client = await unix.connect(it.address);
  using server = await back.accept();
  await client.send({ data: encode("hello") });
  assertEquals(await server.read(new Uint8Array(9)), 5);
});

testUnless(
  notLinux,
  "unixtap --output writes to a file, and fails when its disk is full",
  async () => {
    using files = tempDir();
    await using it = await Tapped.start("stream", "--once", "--output", "/dev/stdout");
    it.client.close();
    it.server.close();
    assertEquals((await readEvents(it.tool)).at(-1)?.event, "close");

    await using other = new Tapped();
    using listener = unix.listen(other.target);
    const log = files.join("log");
    const tool = startTool("unixtap", ["-1j", "-o", log, other.address, other.target]);
    await using _tool = tool;
    using client = await connectWhenThere(other.address, "stream");
    using server = await listener.accept();
    client.close();
    server.close();
    assertEquals((await finish(tool)).code, 0);
    const events = Deno.readTextFileSync(log).trimEnd().split("\n").map((line) => JSON.parse(line));
    assertEquals(events.map(({ event }) => event).slice(0, 2), ["listen", "connect"]);
  },
);

async function connectWhenThere(address: string, type: SocketType): Promise<Socket> {
  for (;;) {
    try {
      return await unix.connect(address, { type });
    } catch (error) {
      const { NotFound, ConnectionRefused } = Deno.errors;
      if (!(error instanceof NotFound || error instanceof ConnectionRefused)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

testUnless(notLinux, "unixtap ends when nobody reads its output any more", async () => {
  using dir = tempDir();
  using _listener = unix.listen(dir.join("server"));
  const intoNothing = ["sh", "-c", '{ "$@"; echo "ended with $?" >&2; } | true', "sh"];
  const args = ["-k", dir.join("t"), dir.join("server")];
  await using tool = startTool("unixtap", args, {}, intoNothing);
  const errors = await tool.stderr;
  assertEquals(errors.split("\n").slice(1), ["ended with 1", ""]);
  assertMatch(errors, /^unixtap: Cannot write the output: .*EPIPE/);
  assertEquals(listing(dir), ["server"]);
});
