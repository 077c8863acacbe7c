/** How `unixtap` gets between clients and a server: `attach`, `LISTEN_FDS`, rights. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { type SocketType, unix } from "@denet/unix";
import { testUnless, testWith } from "../util/peers.ts";
import { namesIn, tempDir } from "../util/tempdir.ts";
import { encode, notLinux, untilServed } from "./tapped.ts";
import { AS_ORDINARY_USER, assertFails, finish, readEvent, startTool } from "./tool.ts";
import { ask } from "../util/sockets.ts";
import { CONNECTED } from "../util/cases.ts";
import { NamedServer } from "./named_server.ts";

const notRoot = Deno.build.os === "linux" && Deno.uid() === 0 ? undefined : "it needs root";

/** The name of the server that answers at `path`. */
async function serverAt(path: string, type: SocketType = "stream"): Promise<string> {
  using client = await unix.connect(path, { type });
  return new TextDecoder().decode(await ask(client, encode("name?")));
}

testUnless(notLinux, "unixtap attach takes a socket's place and gives it back", async () => {
  for (const type of CONNECTED) {
    using dir = tempDir();
    const path = dir.join("s");
    using _server = new NamedServer(path, "the server", type);
    Deno.chmodSync(path, 0o640);
    const before = Deno.lstatSync(path);
    using early = await unix.connect(path, { type });
    await using tool = startTool("unixtap", ["attach", "--json", path]);
    assertEquals((await readEvent(tool)).type, type);
    const during = Deno.lstatSync(path);
    assert(during.ino !== before.ino);
    assertEquals((during.mode ?? 0) & 0o777, 0o640);
    assertEquals(await serverAt(path, type), "the server");
    assertEquals((await readEvent(tool)).event, "connect");
    tool.kill("SIGTERM");
    assertEquals((await tool.status).code, 143);
    assertEquals(Deno.lstatSync(path).ino, before.ino);
    assertEquals(namesIn(dir.path), ["s"]);
    assertEquals(await serverAt(path, type), "the server");
    // Connections that were made before were left alone.
    await early.send({ data: encode("name?") });
    using answer = await early.receive();
    assertEquals(new TextDecoder().decode(answer?.data), "the server");
  }
});

testUnless(
  notLinux,
  "unixtap attach is undone after kill -9, by the next or by --restore",
  async () => {
    using dir = tempDir();
    const path = dir.join("s");
    using _server = new NamedServer(path, "the server");
    const { ino } = Deno.lstatSync(path);
    const attachAndKill = async () => {
      await using tool = startTool("unixtap", ["attach", "--json", path]);
      await readEvent(tool);
      tool.kill("SIGKILL");
      await tool.status;
      assert(Deno.lstatSync(path).ino !== ino);
    };
    await attachAndKill();
    await using next = startTool("unixtap", ["attach", "--json", path]);
    await readEvent(next);
    assertEquals(await serverAt(path), "the server");
    next.kill("SIGTERM");
    await next.status;
    assertMatch(await next.stderr, /^unixtap: put ".*s" back, which a killed one had taken\n/);
    assertEquals({ ino: Deno.lstatSync(path).ino, names: namesIn(dir.path) }, {
      ino,
      names: ["s"],
    });

    await attachAndKill();
    await using restore = startTool("unixtap", ["attach", "--restore", path]);
    const { code, output } = await finish(restore);
    assertEquals({ code, output }, { code: 0, output: `put "${path}" back\n` });
    assertEquals({ ino: Deno.lstatSync(path).ino, names: namesIn(dir.path) }, {
      ino,
      names: ["s"],
    });
    assertEquals(await serverAt(path), "the server");
    await using again = startTool("unixtap", ["attach", "--restore", path]);
    await assertFails(again, 1, /Cannot put ".*s" back: no socket of a killed unixtap/, dir, ["s"]);
  },
);

testUnless(notLinux, "unixtap attach refuses what it cannot take the place of", async () => {
  using dir = tempDir();
  const path = dir.join("s");
  using _server = new NamedServer(path, "the server");
  Deno.symlinkSync(path, dir.join("link"));
  Deno.writeTextFileSync(dir.join("file"), "");
  const left = namesIn(dir.path);
  for (
    const [name, message] of [
      ["none", /Cannot connect to ".*none": no such file/],
      ["file", /Cannot attach to ".*file": it is no socket/],
      ["link", /Cannot attach to ".*link": it is a symbolic link/],
    ] as const
  ) {
    await using tool = startTool("unixtap", ["attach", dir.join(name)]);
    await assertFails(tool, 1, message, dir, left);
  }
  await using first = startTool("unixtap", ["attach", "--json", path]);
  await readEvent(first);
  await using second = startTool("unixtap", ["attach", path]);
  await assertFails(second, 1, /another unixtap is attached to it/);
  assertEquals(await serverAt(path), "the server");
});

testUnless(notLinux, "unixtap attach notices that a server has begun anew", async () => {
  for (const follows of [false, true]) {
    using dir = tempDir();
    const path = dir.join("s");
    const first = new NamedServer(path, "first");
    const options = follows ? ["--json", "-k"] : ["--json"];
    await using tool = startTool("unixtap", ["attach", ...options, path]);
    await readEvent(tool);
    first[Symbol.dispose]();
    Deno.removeSync(path); // as servers do before they bind
    using _second = new NamedServer(path, "second");
    if (follows) {
      assertEquals((await readEvent(tool)).event, "listen");
      assertEquals(await serverAt(path), "second");
      assertEquals((await readEvent(tool)).event, "connect");
      tool.kill("SIGTERM");
      await tool.status;
    } else {
      await tool.readAll();
      assertMatch(await tool.stderr, /Cannot stay attached to ".*s": its server has begun anew\n$/);
    }
    assertEquals({ server: await serverAt(path), names: namesIn(dir.path) }, {
      server: "second",
      names: ["s"],
    });
  }
});

testUnless(notLinux, "unixtap attach leaves nothing where a server has ended", async () => {
  for (const follows of [false, true]) {
    using dir = tempDir();
    const path = dir.join("s");
    const server = new NamedServer(path, "the server");
    const options = follows ? ["--json", "-k"] : ["--json"];
    await using tool = startTool("unixtap", ["attach", ...options, path]);
    await readEvent(tool);
    server[Symbol.dispose]();
    Deno.removeSync(path); // as servers do at their end
    if (follows) tool.kill("SIGTERM");
    const { errors } = await finish(tool);
    assertMatch(errors, follows ? /ended by SIGTERM$/ : /Cannot stay .*s": it was removed$/);
    assertEquals(namesIn(dir.path), []);
  }
});

testUnless(notLinux, "unixtap attach --keep-going waits for a socket", async () => {
  using dir = tempDir();
  const path = dir.join("s");
  const by = ["sh", "-c", 'exec "$@" 2>&1', "sh"];
  const start = () => startTool("unixtap", ["attach", "-k", "-T", "none", path], {}, by);
  await using early = start();
  assertEquals(await early.readLine(), `unixtap: waiting for "${path}"`);
  early.kill("SIGTERM");
  assertEquals((await finish(early)).code, 143);
  await using tool = start();
  assertEquals(await tool.readLine(), `unixtap: waiting for "${path}"`);
  using _server = new NamedServer(path, "the server");
  assertMatch(await tool.readLine(), /^listening on ".*s" for ".*\.s\.unixtap" \(stream\)$/);
  assertEquals(await serverAt(path), "the server");
  assertMatch(await tool.readLine(), /^#1 connect /);
  tool.kill("SIGTERM");
  await tool.status;
  assertEquals(namesIn(dir.path), ["s"]);
});

testWith(
  "systemd-socket-activate",
  "unixtap listens on the sockets that LISTEN_FDS brings",
  async () => {
    using dir = tempDir();
    using _server = new NamedServer(dir.join("target"), "the server");
    const by = ["systemd-socket-activate", "-l", dir.join("passed"), "-E", "HOME", "-E", "PATH"];
    await using tool = startTool("unixtap", ["--json", dir.join("target")], {}, by);
    await untilServed(dir.join("passed"));
    assertEquals(await serverAt(dir.join("passed")), "the server");
    const { event, listen } = JSON.parse(await tool.readLine());
    assertEquals({ event, listen }, { event: "listen", listen: dir.join("passed") });
  },
);

testUnless(notRoot, "unixtap takes the rights of the target, or those that are given", async () => {
  using dir = tempDir();
  Deno.chmodSync(dir.path, 0o755);
  using _server = new NamedServer(dir.join("s"), "the server");
  Deno.chmodSync(dir.join("s"), 0o660);
  Deno.chownSync(dir.join("s"), 12, 34);
  for (
    const { args, expected } of [
      { args: [], expected: { mode: 0o660, uid: 12, gid: 34 } },
      { args: ["--mode", "606"], expected: { mode: 0o606, uid: 12, gid: 34 } },
      { args: ["--owner", "56", "--group", "78"], expected: { mode: 0o660, uid: 56, gid: 78 } },
    ]
  ) {
    await using tool = startTool("unixtap", [...args, dir.join("t"), dir.join("s")]);
    await tool.readLine();
    const { mode, uid, gid } = Deno.statSync(dir.join("t"));
    assertEquals({ mode: (mode ?? 0) & 0o777, uid, gid }, expected);
    tool.kill("SIGTERM"); // rather than SIGKILL, which leaves the path
    await tool.status;
  }
});

testUnless(
  notRoot,
  "unixtap --as-client lets the server see the client's user and groups",
  async () => {
    using dir = tempDir();
    Deno.chmodSync(dir.path, 0o755);
    using server = new NamedServer(dir.join("s"), "the server");
    Deno.chmodSync(dir.join("s"), 0o666);
    const script = `import socket
s = socket.socket(socket.AF_UNIX); s.connect("${
      dir.join("t")
    }"); s.send(b"name?"); print(s.recv(99))`;
    const client = [
      "--reuid=1234",
      "--regid=2345",
      "--groups=3456,4567",
      "/usr/bin/python3",
      "-c",
      script,
    ];
    const ask = async () => {
      const { stdout } = await new Deno.Command("setpriv", { args: client }).output();
      return new TextDecoder().decode(stdout).trim();
    };
    for (const args of [["--as-client"], []]) {
      await using tool = startTool("unixtap", [
        "-o",
        "/dev/null",
        ...args,
        dir.join("t"),
        dir.join("s"),
      ]);
      await untilServed(dir.join("t"));
      const answer = await ask();
      if (args.length > 0) {
        assertEquals(answer, "b'the server'");
        const { uid, gid, pid } = server.peers.at(-1)?.peerCredentials() ?? {};
        assertEquals({ uid, gid, pid }, { uid: 1234, gid: 2345, pid: tool.pid });
        assertEquals(server.peers.at(-1)?.peerGroups(), [3456, 4567]);
      } else {
        // Its server would take it for root.
        assert(!answer.includes("the server"), answer); // its server would take it for root
      }
      tool.kill("SIGTERM");
      const errors = await tool.stderr;
      if (args.length === 0) {
        assertMatch(
          errors,
          /^unixtap: refused pid \d+ uid 1234 .*--as-client/,
        );
      }
    }
  },
);

testWith("setpriv", "unixtap --as-client needs root", async () => {
  using dir = tempDir();
  await using tool = startTool("unixtap", ["--as-client", "a", "b"], {}, AS_ORDINARY_USER);
  await assertFails(
    tool,
    2,
    /Cannot take the place of clients for --as-client: only root can/,
    dir,
  );
});
