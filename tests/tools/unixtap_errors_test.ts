// Time limit: 180 s, because the tool is started for each mistake.

// How tools/unixtap ends when it cannot go on.

import { assertEquals, assertMatch } from "@std/assert";
import { type Socket, type SocketType, unix } from "@denet/unix";
import { testUnless, testWith } from "../util/peers.ts";
import { namesIn, tempDir } from "../util/tempdir.ts";
import { encode, notLinux, Tapped } from "./tapped.ts";
import {
  assertFails,
  finish,
  readEvent,
  readEvents,
  startTool,
  untilOpening,
  WITHOUT_PRIVILEGES,
} from "./tool.ts";

const USAGE: readonly [args: string[], message: RegExp][] = [
  [["--nonsense"], /^unixtap: Unknown option '--nonsense'; see "unixtap --help"$/],
  [["--type"], /'-t, --type <value>' argument missing/],
  [[], /Give LISTEN and TARGET/],
  [["a"], /Give LISTEN and TARGET/],
  [["a", "b", "c\x1b"], /Cannot use "c\\x1b" as well/],
  [["", "b"], /Give LISTEN and TARGET/],
  [["a", "a"], /cannot be the same/],
  [["-t", "tcp", "a", "b"], /Cannot use "tcp" for --type: give one of stream, seqpacket, dgram/],
  [["--bytes=-1", "a", "b"], /Cannot use "-1" for --bytes/],
  [["--as", "smtp", "a", "b"], /Cannot use "smtp" for --as: give one of auto, raw, http/],
  [["--owner", "me", "a", "b"], /Cannot use "me" for --owner/],
  [["--backlog", "", "a", "b"], /Cannot use "" for --backlog/],
  [["-w", "x", "-o", "x", "a", "b"], /Cannot write to the same file for --write and --output/],
  [["--env", "X", "a", "b"], /Unknown option '--env'/],
  [["a", "b", "--", "true"], /only run takes a COMMAND/],
  [["attach"], /Give the PATH of the socket/],
  [["attach", "@a"], /Cannot attach to "@a": an abstract name cannot be moved/],
  [["run", "/a/b"], /Give a COMMAND after --/],
  [["run", "--", "true"], /Give TARGET or --env/],
  [["run", "/a/b", "--", "true"], /Give --env: no variable is known/],
  [["run", "-e", "1x", "/a/b", "--", "true"], /Cannot use "1x" for --env/],
  [["run", "-e", "NO_SUCH_SOCKET", "--", "true"], /NO_SUCH_SOCKET names no Unix socket/],
  [["-b", "many", "a", "b"], /Cannot use "many" for --bytes: give a number up to 4294967295/],
  [["--match", "(", "a", "b"], /Cannot use "\(" for --match: it is no regular expression/],
  [["--mode", "888", "a", "b"], /Cannot use "888" for --mode: give up to three octal digits/],
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
  const left = namesIn(dir.path);
  const t = dir.join("t");
  for (
    const [args, message] of [
      [[t, dir.join("absent")], /Cannot connect to ".*absent": no such file or directory/],
      [[t, dir.join("file")], /Cannot connect to ".*file": it is no socket/],
      [[t, dir.join("stale")], /Cannot connect to ".*stale": no server listens there/],
      [[t, ""], /empty/],
      [[dir.join("no/where"), dir.join("server")], /Cannot bind to ".*no\/where": no such file/],
      [[dir.join("taken"), dir.join("server")], /Cannot listen on ".*taken".*--replace/],
      [["--replace", dir.join("taken"), dir.join("server")], /is taken; something else is there/],
      [["--replace", dir.join("file"), dir.join("server")], /is taken; something else is there/],
      [["-o", dir.join("no/where"), t, dir.join("server")], /Cannot open ".*no\/where": no such/],
      [["-o", dir.path, t, dir.join("server")], /Cannot open ".*": it is a directory/],
    ] as [string[], RegExp][]
  ) {
    await using tool = startTool("unixtap", args);
    await assertFails(tool, 1, message, dir, left);
  }
});

testUnless(notLinux, "unixtap --replace takes the place of a left-over socket", async () => {
  using dir = tempDir();
  using _server = unix.listen(dir.join("server"), { mode: 0o640 });
  unix.listen(dir.join("tap"), { unlinkOnClose: false }).close();
  await using tool = startTool("unixtap", ["--replace", dir.join("tap"), dir.join("server")]);
  await tool.readLine();
  assertEquals((Deno.statSync(dir.join("tap")).mode ?? 0) & 0o777, 0o640);
  using _client = await unix.connect(dir.join("tap"));
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

testUnless(notLinux, "unixtap goes on at a signal that its parent ignores", async () => {
  for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) {
    await using it = new Tapped();
    using listener = it.listen();
    const by = ["sh", "-c", `trap '' ${signal.slice(3)}; exec "$@"`, "sh"];
    await it.startUnheardBy(by);
    it.tool.kill(signal);
    using client = await unix.connect(it.address);
    using server = await listener.accept();
    await client.send({ data: encode("still there") });
    using message = await server.receive();
    assertEquals(message?.data, encode("still there"));
    it.tool.kill("SIGQUIT");
    assertEquals((await it.tool.status).code, 131);
    assertEquals(namesIn(it.dir.path), ["target"]);
  }
});

testUnless(notLinux, "unixtap continues when the target has vanished", async () => {
  for (const args of [[], ["--keep-going"]]) {
    await using it = new Tapped();
    const first = unix.listen(it.target);
    await it.startTool(...args);
    first.close();
    for (let i = 0; i < 3; i++) {
      using lost = await unix.connect(it.address);
      assertEquals(await lost.read(new Uint8Array(1)), null);
    }
    using back = unix.listen(it.target);
    using client = await unix.connect(it.address);
    using server = await back.accept();
    await client.send({ data: encode("hello") });
    assertEquals(await server.read(new Uint8Array(9)), 5);
    it.tool.kill("SIGTERM");
    const said = (await it.tool.stderr).split("\n");
    assertMatch(said[0] ?? "", /^unixtap: Cannot connect to ".*target": no such file/);
    assertEquals(said.slice(1), ["unixtap: ended by SIGTERM", ""]);
  }
});

testUnless(notLinux, "unixtap --once fails when its one client cannot be served", async () => {
  await using it = new Tapped();
  const first = unix.listen(it.target);
  await it.startTool("--once");
  first.close();
  using _client = await unix.connect(it.address);
  await assertFails(it.tool, 1, /Cannot connect to ".*target": no such file/, it.dir);
});

testUnless(notLinux, "unixtap --keep-going waits for a target, and asks for its type", async () => {
  await using it = new Tapped();
  await it.startTool("--json", "--keep-going");
  assertEquals(it.listening.type, "stream");
  using listener = unix.listen(it.target, { type: "seqpacket" });
  assertEquals((await readEvent(it.tool)).type, "seqpacket");
  using client = await unix.connect(it.address, { type: "seqpacket" });
  using server = await listener.accept();
  await client.send({ data: encode("hello") });
  assertEquals(await server.read(new Uint8Array(9)), 5);
});

testUnless(
  notLinux,
  "unixtap --output writes to a file",
  async () => {
    using files = tempDir();
    await using it = await Tapped.start("stream", "--once", "--output", "/dev/stdout");
    it.client.close();
    it.server.close();
    assertEquals((await readEvents(it.tool)).at(-1)?.event, "summary");

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

testUnless(notLinux, "unixtap ends at a signal while it reads a protocol", async () => {
  using dir = tempDir();
  using _server = unix.listen(dir.join("server"));
  const fifo = dir.join("fifo");
  await new Deno.Command("mkfifo", { args: [fifo] }).output();
  const args = ["--protocol", fifo, dir.join("tap"), dir.join("server")];
  for (const hasWriter of [false, true]) {
    await using tool = startTool("unixtap", args);
    await untilOpening(tool.pid);
    using _writer = hasWriter ? await Deno.open(fifo, { write: true }) : undefined;
    if (hasWriter) await untilOpening(tool.pid, false);
    tool.kill("SIGINT");
    await assertFails(tool, 130, /^unixtap: ended by SIGINT$/, dir, ["fifo", "server"]);
  }
});
