// Time limit: 120 s, because memory is looked at over 14,000 connections.
// What the server behind tools/unixtap sees of it: as little as possible, whatever happens.

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { type Socket, type SocketType, unix } from "@denet/unix";
import { noLeaks } from "../util/descriptors.ts";
import { type PeerName, testUnless, testWith } from "../util/peers.ts";
import { namesIn, tempDir } from "../util/tempdir.ts";
import { daemon, run } from "./daemon.ts";
import { encode, notLinux, Tapped, untilListening, untilServed, untilStopped } from "./tapped.ts";
import { assertFails, finish, readEvent, readEvents, startTool } from "./tool.ts";
import { CONNECTED } from "../util/cases.ts";

/** Register a test of what only root can do. */
function testAsRoot(needs: readonly PeerName[], name: string, fn: () => Promise<void>): void {
  if (Deno.build.os === "linux" && Deno.uid() === 0) testWith(needs, name, fn);
  else testUnless("it needs root", name, fn);
}

testUnless(notLinux, "unixtap never connects to a target to find out its type", async () => {
  for (const type of CONNECTED) {
    using dir = tempDir();
    for (const target of [dir.join("target"), `@unixtap-${Deno.pid}-${type}`]) {
      using listener = unix.listen(target, { type });
      await using tool = startTool("unixtap", ["--json", dir.join("tap"), target]);
      assertEquals((await readEvent(tool)).type, type);
      using client = await unix.connect(dir.join("tap"), { type });
      await client.send({ data: encode("first") });
      // The first connection is the client's.
      using first = await listener.accept();
      using message = await first.receive();
      assertEquals(message?.data, encode("first"));
      tool.kill("SIGTERM");
      await tool.status;
    }
  }
});

/** Expect that `unixtap` finds a target to have a type. */
async function assertFound(target: string, type: SocketType): Promise<void> {
  using dir = tempDir();
  await using tool = startTool("unixtap", ["--json", dir.join("tap"), target]);
  assertEquals((await readEvent(tool)).type, type);
}

testUnless(
  notLinux,
  "unixtap finds the type of a full server, whatever name it was bound by, and of none that does not listen",
  noLeaks(async () => {
    for (const type of CONNECTED) {
      using dir = tempDir();
      const [path, link] = [dir.join("bound"), dir.join("link")];
      Deno.symlinkSync(path, link);
      const name = `@unixtap-bound-${Deno.pid}-${type}`;
      for (const [bound, target] of [[path, link], [name, name]] as const) {
        using server = unix.socket({ type });
        server.bind(bound);
        await using early = startTool("unixtap", [dir.join("tap"), target]);
        await assertFails(early, 1, /^unixtap: Cannot connect to ".*": no server listens there/);
        using listener = server.listen({ backlog: 0 });
        using _waiting = unix.connectSync(bound, { type });
        await assertFound(target, type);
        using first = await listener.accept();
        assertEquals(first.peerCredentials().pid, Deno.pid);
        assertThrows(() => listener.acceptSync({ timeout: 0 }), Deno.errors.TimedOut);
      }
    }
  }),
);

testUnless(
  notLinux,
  "unixtap finds a datagram socket that receives from another one only",
  noLeaks(async () => {
    using dir = tempDir();
    using server = unix.bind(dir.join("server"));
    using _other = unix.bind(dir.join("other"));
    await server.connect(dir.join("other"));
    await assertFound(dir.join("server"), "dgram");
  }),
);

testUnless(notLinux, "unixtap passes datagrams on to an abstract target", async () => {
  using dir = tempDir();
  const target = `@unixtap-${Deno.pid}-dgram`;
  using server = unix.bind(target);
  await using tool = startTool("unixtap", ["--json", dir.join("tap"), target]);
  assertEquals((await readEvent(tool)).type, "dgram");
  using client = unix.bind("");
  await client.send({ data: encode("question"), to: dir.join("tap") });
  using message = await server.receive();
  assertMatch(message?.from?.path ?? "", /^\0./);
  await server.send({ data: encode("answer"), to: message?.from?.path ?? "" });
  using answer = await client.receive();
  assertEquals(answer?.data, encode("answer"));
});

testUnless(notLinux, "unixtap finds a datagram target that comes back", async () => {
  await using it = new Tapped();
  const first = unix.bind(it.target);
  await it.startTool("--json", "--keep-going");
  assertEquals(it.listening.type, "dgram");
  using client = unix.bind(it.dir.join("client"));
  await client.send({ data: encode("one"), to: it.address });
  (await first.receive())?.[Symbol.dispose]();
  first.close();
  await client.send({ data: encode("lost"), to: it.address });
  // Once it knows the next client, it has done with the message of the one before.
  using other = unix.bind(it.dir.join("other"));
  await other.send({ data: encode("lost"), to: it.address });
  while ((await readEvent(it.tool)).connection !== 2);
  using back = unix.bind(it.target);
  await client.send({ data: encode("two"), to: it.address });
  using message = await back.receive();
  assertEquals(message?.data, encode("two"));
  // A client with a path is one with a path to the server, too.
  assertMatch(message?.from?.path ?? "", /^\//);
  it.tool.kill("SIGTERM");
  assertMatch(await it.tool.stderr, /^unixtap: Cannot send to ".*target".*\nunixtap: ended by/);
});

testUnless(notLinux, "unixtap serves datagram clients after it was killed", async () => {
  await using it = new Tapped();
  using target = unix.bind(it.target);
  using client = unix.bind(it.dir.join("client"));
  for (const signal of ["SIGKILL", "SIGKILL", "SIGTERM"] as const) {
    await it.startTool("--json", "--replace");
    await client.send({ data: encode(signal), to: it.address });
    using message = await target.receive();
    assertEquals(message?.data, encode(signal));
    it.tool.kill(signal);
    await it.tool.status;
  }
  assertEquals(namesIn(it.dir.path), ["client", "target"]);
});

testUnless(
  notLinux,
  "unixtap --keep-going asks a target that was replaced for its type",
  async () => {
    await using it = new Tapped();
    const first = unix.listen(it.target);
    await it.startTool("--json", "--keep-going");
    first.close();
    using second = unix.listen(it.target, { type: "seqpacket" });
    using lost = await unix.connect(it.address);
    assertEquals(await lost.read(new Uint8Array(1)), null);
    let event = await readEvent(it.tool);
    while (event.event !== "listen") event = await readEvent(it.tool);
    assertEquals(event.type, "seqpacket");
    using client = await unix.connect(it.address, { type: "seqpacket" });
    using server = await second.accept();
    await client.send({ data: encode("hello") });
    assertEquals(await server.read(new Uint8Array(9)), 5);
  },
);

testUnless(notLinux, "unixtap lets clients wait while it is short of descriptors", async () => {
  await using it = new Tapped();
  using listener = unix.listen(it.target, { backlog: 100 });
  // Enough for some connections only: Deno itself has about thirty descriptors.
  await it.startUnheardBy(["sh", "-c", 'ulimit -n 100; exec "$@"', "sh"], "--json");
  using stack = new DisposableStack();
  const clients: Socket[] = [];
  for (let i = 0; i < 80; i++) clients.push(stack.use(await unix.connect(it.address)));
  // Each is served in the end, when those before it have gone.
  for (const [i, client] of clients.entries()) {
    await client.send({ data: encode(`client ${i}`) });
    using server = await listener.accept();
    using message = await server.receive();
    assertEquals(message?.data, encode(`client ${i}`));
    client.close();
  }
  it.tool.kill("SIGTERM");
  const { code, errors } = await finish(it.tool);
  assertEquals({ code, errors }, { code: 143, errors: "unixtap: ended by SIGTERM" });
});

/** Anonymous memory of a process, in bytes. */
function memoryOf(pid: number): number {
  const [, size] = /^RssAnon:\s+(\d+) kB$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`)) ??
    [];
  return Number(size) * 1024;
}

function descriptorsOf(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
}

/** Wait until no more descriptors are open than before: Deno opens files of its own for a moment, at any time. */
async function descriptorsFallTo(pid: number, count: number): Promise<void> {
  while (descriptorsOf(pid) > count) await new Promise((it) => setTimeout(it, 10));
}

testUnless(notLinux, "unixtap keeps its size with 1,000 connections at a time", async () => {
  await using it = new Tapped();
  using listener = it.listen();
  await it.startUnheard("--output", "/dev/null");
  const round = async () => {
    using stack = new DisposableStack();
    for (let i = 0; i < 1000; i++) {
      const client = stack.use(await unix.connect(it.address));
      const server = stack.use(await listener.accept());
      await client.send({ data: new Uint8Array(500) });
      await server.read(new Uint8Array(500));
    }
  };
  // Counted while there is one, so that whatever is opened at the first use is there.
  let descriptors = 0;
  {
    using client = await unix.connect(it.address);
    using server = await listener.accept();
    await client.send({ data: new Uint8Array(500) });
    await server.read(new Uint8Array(500));
    descriptors = descriptorsOf(it.tool.pid);
  }
  // Until the garbage collector has found how much it lets lie.
  for (let i = 0; i < 10; i++) await round();
  const before = memoryOf(it.tool.pid);
  for (let i = 0; i < 4; i++) await round();
  const grown = memoryOf(it.tool.pid) - before;
  assert(grown < 32 << 20, `it has grown by ${grown} bytes`);
  await descriptorsFallTo(it.tool.pid, descriptors);
});

testUnless(notLinux, "unixtap keeps its size while its log takes nothing", async () => {
  for (const options of [[], ["--drop"]]) {
    await using it = new Tapped();
    using listener = it.listen();
    const fifo = it.dir.join("fifo");
    await new Deno.Command("mkfifo", { args: [fifo] }).output();
    await it.startUnheard(...options, "--json", "--bytes", "all", "--output", fifo);
    using client = await unix.connect(it.address);
    using server = await listener.accept();
    const data = new Uint8Array(1 << 16);
    const pass = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const sending = client.send({ data });
        for (let left = data.length; left > 0;) left -= await server.read(data) ?? left;
        await sending;
      }
    };
    await pass(1000); // 65 MB: the log is full, and what the garbage collector lets lie is there
    const [before, descriptors] = [memoryOf(it.tool.pid), descriptorsOf(it.tool.pid)];
    await pass(3000);
    const grown = memoryOf(it.tool.pid) - before;
    // The garbage collector lets some tens of them lie, more on a busy machine.
    assert(grown < 128 << 20, `it has grown by ${grown} bytes for 196 MB that were not written`);
    // One is opened once, by the first of many busy turns.
    await descriptorsFallTo(it.tool.pid, descriptors + 1);
  }
});

testUnless(notLinux, "unixtap ends at a signal in every state, and leaves nothing", async () => {
  const states: Record<string, (it: Tapped, stack: DisposableStack) => Promise<void>> = {
    "while it waits for its target": async (it) => {
      await it.startUnheard("--keep-going");
    },
    "while its log takes nothing": async (it) => {
      const fifo = it.dir.join("fifo");
      await new Deno.Command("mkfifo", { args: [fifo] }).output();
      const listener = it.listen();
      await it.startUnheard("--json", "--bytes", "all", "--output", fifo);
      using client = await unix.connect(it.address);
      using server = await listener.accept();
      const data = new Uint8Array(1 << 16);
      for (let i = 0; i < 200; i++) {
        await client.send({ data });
        for (let left = data.length; left > 0;) left -= await server.read(data) ?? left;
      }
      Deno.removeSync(fifo);
    },
    "while the server's queue is full": async (it, stack) => {
      stack.use(unix.listen(it.target, { backlog: 0 }));
      await it.startUnheard();
      for (let i = 0; i < 5; i++) stack.use(await unix.connect(it.address));
    },
    "while a server takes nothing": async (it, stack) => {
      const listener = it.listen();
      await it.startUnheard("--output", "/dev/null");
      const client = stack.use(await unix.connect(it.address));
      stack.use(await listener.accept());
      await client.send({ data: new Uint8Array(10 << 20) }, { signal: AbortSignal.timeout(200) })
        .catch(() => {});
    },
  };
  for (const [state, enter] of Object.entries(states)) {
    for (const signal of ["SIGINT", "SIGQUIT"] as const) {
      await using it = new Tapped();
      using stack = new DisposableStack();
      await enter(it, stack);
      it.tool.kill(signal);
      const { code, errors } = await finish(it.tool);
      assertEquals(code, signal === "SIGINT" ? 130 : 131, state);
      assertMatch(errors, new RegExp(`(?:^|\n)unixtap: ended by ${signal}$`), state);
      assertEquals(namesIn(it.dir.path).filter((name) => name !== "target"), [], state);
    }
  }
});

testUnless(notLinux, "unixtap prints what it has served at SIGUSR1, and continues", async () => {
  await using it = await Tapped.start("stream");
  await it.client.send({ data: encode("one") });
  await it.server.read(new Uint8Array(9));
  it.tool.kill("SIGUSR1");
  let event = await readEvent(it.tool);
  while (event.event !== "summary") event = await readEvent(it.tool);
  assertEquals({ connections: event.connections, bytes: event.client?.bytes }, {
    connections: 1,
    bytes: 3,
  });
  await it.server.send({ data: encode("two") });
  assertEquals(await it.client.read(new Uint8Array(9)), 3);
  it.tool.kill("SIGTERM");
  const last = (await readEvents(it.tool)).at(-1);
  assertEquals({ event: last?.event, bytes: last?.server?.bytes }, { event: "summary", bytes: 3 });
});

testUnless(
  notLinux,
  "unixtap lets 1,000 clients wait to be accepted, or as many as its option says",
  async () => {
    for (const [options, least, most] of [[[], 1000, 1000], [["--backlog", "2"], 2, 3]] as const) {
      using dir = tempDir();
      using _server = unix.listen(dir.join("s"));
      await using tool = startTool("unixtap", [...options, dir.join("t"), dir.join("s")]);
      await untilListening(dir.join("t"));
      tool.kill("SIGSTOP"); // it accepts nothing
      await untilStopped(tool.pid);
      using stack = new DisposableStack();
      let waiting = 0;
      try {
        for (; waiting < 1000; waiting++) {
          stack.use(
            unix.connectSync(dir.join("t"), { timeout: 1 }),
          );
        }
      } catch (error) {
        assert(error instanceof Deno.errors.TimedOut);
      }
      assert(waiting >= least && waiting <= most, `${waiting} clients waited`);
      tool.kill("SIGCONT");
      tool.kill("SIGTERM");
      await tool.status;
    }
  },
);

const BUS_FOR_ALL = (socket: string): string =>
  `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=${socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow send_destination="*"/><allow own="*"/><allow eavesdrop="true"/></policy>
</busconfig>`;

testAsRoot(
  ["dbus-daemon", "busctl", "setpriv"],
  "unixtap --as-client lets other users authenticate by EXTERNAL",
  async () => {
    using dir = tempDir();
    await using stack = new AsyncDisposableStack();
    Deno.chmodSync(dir.path, 0o755);
    const [bus, config] = [dir.join("bus"), dir.join("bus.conf")];
    Deno.writeTextFileSync(config, BUS_FOR_ALL(bus));
    await daemon(stack, bus, "dbus-daemon", "--nofork", "--nopidfile", `--config-file=${config}`);
    const ask = (path: string) =>
      run("setpriv", [
        ...["--reuid=65534", "--regid=65534", "--clear-groups", "busctl"],
        ...[`--address=unix:path=${path}`, "call", "org.freedesktop.DBus", "/org/freedesktop/DBus"],
        ...["org.freedesktop.DBus", "GetConnectionUnixUser", "s", ":1.0"],
      ]).catch((error) => String(error));
    const tapped = dir.join("tapped");
    for (
      const [option, expected] of [["--as-client", /^u 65534$/], [
        "--mode=666",
        /ended with 1/,
      ]] as const
    ) {
      await using tool = startTool("unixtap", [option, "-o", "/dev/null", tapped, bus]);
      await untilServed(tapped);
      assertMatch(await ask(tapped), expected);
      tool.kill("SIGTERM");
      await tool.status;
    }
  },
);

testUnless(
  notLinux,
  "unixtap passes on what a seqpacket peer sent before it closed with messages unread",
  async () => {
    for (const leaving of ["client", "server"] as const) {
      await using tapped = await Tapped.start("seqpacket");
      const { client, server } = tapped;
      const [leaver, other] = leaving === "client" ? [client, server] : [server, client];
      await other.send({ data: encode("never read") });
      await leaver.ready("read");
      await leaver.send({ data: encode("last words") });
      leaver.close();
      using message = await other.receive();
      assertEquals(message?.data, encode("last words"));
      assertEquals(await other.receive(), null);
    }
  },
);
