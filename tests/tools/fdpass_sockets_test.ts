// The sockets that tools/fdpass opens and hands on, and what a command finds beside them.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { unix } from "@denet/unix";
import { testUnless, testWith } from "../util/peers.ts";
import { namesIn, tempDir } from "../util/tempdir.ts";
import { notLinux, untilListening, untilRuns, untilServed } from "./tapped.ts";
import { assertFails, finish, startTool } from "./tool.ts";
import { readToEnd } from "../util/sockets.ts";
import { freePort } from "../util/free_port.ts";
import { startProcess } from "../util/process.ts";

/** Connect as soon as a program listens. */
async function connectTcp(port: number): Promise<Deno.TcpConn> {
  for (;;) {
    try {
      return await Deno.connect({ hostname: "127.0.0.1", port });
    } catch (error) {
      assert(error instanceof Deno.errors.ConnectionRefused);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

testUnless(notLinux, "fdpass run --inetd starts a command for each connection", async () => {
  using dir = tempDir();
  const port = freePort();
  const path = dir.join("s");
  for (const source of [`tcp:127.0.0.1:${port}`, `unix:${path}`]) {
    const command = ["--", "sh", "-c", "echo $#; exec cat", "sh", "a"];
    await using tool = startTool("fdpass", ["run", "--inetd", source, ...command]);
    const connect = async () => {
      if (source.startsWith("tcp")) return await connectTcp(port);
      await untilListening(path);
      return await unix.connect(path);
    };
    const clients = [await connect(), await connect()];
    // Both at the same time: the second is answered while the first is still open.
    for (const [i, client] of clients.entries()) {
      await client.write(new TextEncoder().encode(`client ${i}\n`));
    }
    for (const [i, client] of clients.toReversed().entries()) {
      await client.closeWrite();
      assertEquals(await new Response(client.readable).text(), `1\nclient ${1 - i}\n`);
    }
    tool.kill("SIGTERM");
    const { code, errors } = await finish(tool);
    assertEquals({ code, errors, names: namesIn(dir.path) }, {
      code: 143,
      errors: "fdpass: ended by SIGTERM",
      names: [],
    });
  }
});

testUnless(notLinux, "fdpass run --inetd leaves the flags of a listener as they were", async () => {
  using dir = tempDir();
  for (const nonblocking of [false, true]) {
    using listener = unix.listen(dir.join("s"));
    listener.nonblocking = nonblocking;
    listener.closeOnExec = false;
    await using tool = startTool("fdpass", ["run", "-i", `fd:${listener.fd}`, "--", "cat"]);
    using client = await unix.connect(dir.join("s"));
    await client.closeWrite();
    assertEquals(await new Response(client.readable).text(), "");
    tool.kill("SIGTERM");
    await finish(tool);
    assertEquals(listener.nonblocking, nonblocking);
  }
});

testUnless(
  notLinux,
  "fdpass run --inetd continues when its command cannot be started",
  async () => {
    using dir = tempDir();
    const path = dir.join("s");
    Deno.writeTextFileSync(dir.join("broken"), "\x7fELF, but not really", { mode: 0o755 });
    const args = ["run", "-i", `unix:${path}`, "--", dir.join("broken")];
    await using tool = startTool("fdpass", args);
    await untilListening(path);
    for (let i = 0; i < 2; i++) {
      using client = await unix.connect(path);
      assertEquals((await readToEnd(client)).length, 0);
    }
    tool.kill("SIGINT");
    const { code, errors } = await finish(tool);
    assertEquals({ code, names: namesIn(dir.path) }, { code: 130, names: ["broken"] });
    assertMatch(errors, /^fdpass: Cannot run ".*broken": .*\n/);
  },
);

testWith("python3", "fdpass run hands on a socket of UDP", async () => {
  const port = freePort();
  const script =
    "import socket; s = socket.socket(fileno=3); print(s.getsockname(), flush=True); " +
    "data, peer = s.recvfrom(99); s.sendto(data[::-1], peer)";
  const source = `udp:127.0.0.1:${port}`;
  await using tool = startTool("fdpass", ["run", source, "--", "python3", "-c", script]);
  assertEquals(await tool.readLine(), `('127.0.0.1', ${port})`);
  const ask = `exec 3<>/dev/udp/127.0.0.1/${port}; printf abc >&3; head -c 3 <&3`;
  const { stdout } = await new Deno.Command("bash", { args: ["-c", ask] }).output();
  assertEquals(new TextDecoder().decode(stdout), "cba");
  assertEquals((await tool.status).code, 0);
});

testUnless(notLinux, "fdpass run gives its sockets a mode and a backlog", async () => {
  using dir = tempDir();
  for (const [options, queued] of [[[], 30], [["--backlog", "3"], 4]] as const) {
    const path = dir.join("s");
    const args = ["run", "--replace", ...options, "--mode", "640", `unix:${path}`];
    await using tool = startTool("fdpass", [...args, "--", "sleep", "60"]);
    await untilServed(path);
    await untilRuns(tool.pid, "sleep");
    assertEquals((Deno.statSync(path).mode ?? 0) & 0o777, 0o640);
    using stack = new DisposableStack();
    let connected = 0;
    try {
      for (; connected < 30; connected++) {
        stack.use(unix.connectSync(path, { timeout: 1 }));
      }
    } catch (error) {
      assert(error instanceof Deno.errors.TimedOut || error instanceof Deno.errors.WouldBlock);
    }
    assertEquals(connected, queued);
    tool.kill("SIGTERM"); // the path stays: --replace takes it in the next round
    await tool.status;
  }
  await using tool = startTool("fdpass", ["run", `unix:${dir.join("s")}`, "--", "true"]);
  await assertFails(tool, 1, /the address is taken; --replace removes/, dir, ["s"]);
});

testUnless(notLinux, "fdpass run loses no signal while it becomes the command", async () => {
  // Beside processes that compute, a thread of the runtime reports late what it caught.
  await using hogs = new AsyncDisposableStack();
  for (let i = 0; i < 4 * navigator.hardwareConcurrency; i++) {
    hogs.use(startProcess("sh", { args: ["-c", "while :; do :; done"] }));
  }
  // Many arguments take some time to be copied for it.
  const command = ["sleep", ...Array.from({ length: 30_000 }, () => "1000")];
  for (let moment = 0; moment < 10; moment++) {
    using dir = tempDir();
    const path = dir.join("s");
    await using tool = startTool("fdpass", ["run", `unix:${path}`, "--", ...command]);
    await untilServed(path);
    await new Promise((resolve) => setTimeout(resolve, 3 * moment));
    tool.kill("SIGTERM");
    const { code } = await tool.status;
    assertEquals(code, 143);
  }
});

testUnless(notLinux, "fdpass serve leaves a path whose socket another process has", async () => {
  using dir = tempDir();
  const [served, path] = [dir.join("served"), dir.join("web")];
  await using server = startTool("fdpass", ["serve", "-1", "-q", "-s", served, `unix:${path}`]);
  await untilListening(served);
  const args = ["run", "-f", served, "--stdin", "web", "--", "sleep", "60"];
  await using holder = startTool("fdpass", args);
  assertEquals((await server.status).code, 0);
  assertEquals(namesIn(dir.path), ["web"]);
  using _client = await unix.connect(path);
  await untilRuns(holder.pid, "sleep");
  holder.kill("SIGTERM");
  await holder.status;
});

testUnless(notLinux, "fdpass run keeps what is meant for others from its command", async () => {
  const env = { LISTEN_PIDFDID: "4711", LISTEN_PID: "1", LISTEN_FDS: "3", LISTEN_FDNAMES: "a:b:c" };
  const script = 'echo "${LISTEN_PIDFDID-unset} $LISTEN_FDS $LISTEN_FDNAMES"';
  await using tool = startTool("fdpass", ["run", "/dev/null", "--", "sh", "-c", script], env);
  assertEquals((await finish(tool)).output, "unset 1 null\n");
});

testUnless(
  notLinux,
  "fdpass run --inetd keeps what is meant for others from its command",
  async () => {
    using dir = tempDir();
    const path = dir.join("s");
    const env = {
      LISTEN_PIDFDID: "4711",
      LISTEN_PID: "1",
      LISTEN_FDS: "3",
      LISTEN_FDNAMES: "a:b:c",
    };
    const command = ["--", "sh", "-c", "env | grep -c ^LISTEN_"];
    await using tool = startTool("fdpass", ["run", "-i", `unix:${path}`, ...command], env);
    await untilListening(path);
    using client = await unix.connect(path);
    assertEquals(new TextDecoder().decode(await readToEnd(client)), "0\n");
    tool.kill("SIGTERM");
    assertEquals((await finish(tool)).code, 143);
  },
);

testUnless(notLinux, "fdpass run gives its command the limits that the shell has", async () => {
  const script = "ulimit -Sn; ulimit -Hn; ulimit -Sc; ulimit -Hc";
  for (
    const [limits, expected] of [
      ["ulimit -Sn 256; ulimit -Sc 0", /^256\n\d+\n0\n/],
      // Nothing above the hard limit, and nothing that was not raised is lowered.
      ["ulimit -n 300", /^300\n300\n/],
      ["ulimit -Sn 300; ulimit -Hn 900", /^300\n900\n/],
    ] as const
  ) {
    const name = `@fdpass-${crypto.randomUUID()}`;
    for (const args of [["/dev/null"], ["-i", `unix:${name}`]]) {
      const by = ["sh", "-c", `${limits}; "$@" & trap "kill $!" TERM; wait $!`, "sh"];
      const all = ["run", ...args, "--", "sh", "-c", script];
      await using tool = startTool("fdpass", all, {}, by);
      if (args.length === 1) {
        assertMatch((await finish(tool)).output, expected);
        continue;
      }
      await untilServed(name);
      using client = await unix.connect(name);
      assertMatch(new TextDecoder().decode(await readToEnd(client)), expected);
      tool.kill("SIGTERM");
      assertMatch(await tool.stderr, /^fdpass: ended by SIGTERM/); // of the tool, once it has ended
    }
  }
});
