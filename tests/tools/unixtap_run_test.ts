/** `unixtap run`: a command with a socket of its own. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { testUnless, testWith } from "../util/peers.ts";
import { namesIn, tempDir } from "../util/tempdir.ts";
import { notLinux } from "./tapped.ts";
import { assertFails, finish, startTool } from "./tool.ts";
import { NamedServer } from "./named_server.ts";

testUnless(notLinux, "unixtap run asks each protocol's variable for the target", async () => {
  using dir = tempDir();
  for (
    const [file, args, name, value, expected] of [
      ["wayland-0", ["-e", "WAYLAND_DISPLAY"], undefined, "", /^\/.*\/wayland-0$/],
      ["wayland-5", ["--as", "wayland"], "WAYLAND_DISPLAY", "wayland-5", /^\/.*\/wayland-5$/],
      ["at", ["-e", "WAYLAND_DISPLAY"], "WAYLAND_DISPLAY", dir.join("at"), /^\/.*\/at$/],
      [
        "a b",
        ["--as", "dbus"],
        "DBUS_SESSION_BUS_ADDRESS",
        `unix:guid=00,path=${dir.path}/a%20b;tcp:host=x`,
        /^unix:path=\/.*\/a b$/,
      ],
      ["d", ["-e", "DOCKER_HOST"], "DOCKER_HOST", `unix://${dir.join("d")}`, /^unix:\/\/\/.*\/d$/],
      [".s.PGSQL.5432", ["--as", "postgres"], "PGHOST", dir.path, /^\/.*\/unixtap-\w{6}$/],
      ["agent", ["-e", "SSH_AUTH_SOCK"], "SSH_AUTH_SOCK", dir.join("agent"), /^\/.*\/agent$/],
      ["x", ["-e", "X_SOCKET"], "X_SOCKET", `unix://${dir.join("x")}`, /^\/.*\/x$/],
    ] as [string, string[], string | undefined, string, RegExp][]
  ) {
    using _server = new NamedServer(dir.join(file), "the server");
    const variable = name ?? "WAYLAND_DISPLAY";
    const env = { XDG_RUNTIME_DIR: dir.path, ...(name === undefined ? {} : { [name]: value }) };
    const command = ["--", "sh", "-c", `printenv ${variable}; env | grep -c ^LISTEN_`];
    const listen = {
      LISTEN_PIDFDID: "4711",
      LISTEN_PID: "1",
      LISTEN_FDS: "3",
      LISTEN_FDNAMES: "a",
    };
    await using tool = startTool("unixtap", ["run", ...args, ...command], { ...env, ...listen });
    const { output, errors } = await finish(tool);
    const [told = "", count] = output.split("\n");
    assertMatch(told, expected, errors);
    assertEquals(count, "0", "what is meant for others stays here");
    assertStringIncludes(errors, `for ${JSON.stringify(dir.join(file))} (stream)`);
  }
  for (
    const [name, value] of [
      ["DBUS_SESSION_BUS_ADDRESS", "unix:path=%zz"],
      ["DBUS_SESSION_BUS_ADDRESS", "tcp:host=localhost"],
      ["DOCKER_HOST", "tcp://localhost:1"],
      ["PGHOST", "localhost"],
      ["SSH_AUTH_SOCK", ""],
    ] as const
  ) {
    const args = ["run", "-e", name, "--", "true"];
    await using tool = startTool("unixtap", args, { [name]: value });
    await assertFails(tool, 2, new RegExp(`Give TARGET: ${name} names no Unix socket; see `));
  }
});

testWith("curl", "unixtap run shows what its command says", async () => {
  using dir = tempDir();
  const path = dir.join("docker.sock");
  const server = Deno.serve(
    { path, transport: "unix", onListen: () => {} },
    () => new Response("pong"),
  );
  const script = 'curl -sS --unix-socket "${DOCKER_HOST#unix://}" http://d/_ping';
  await using tool = startTool("unixtap", ["run", path, "--", "sh", "-c", script]);
  const { code, output, errors } = await finish(tool);
  assertEquals({ code, output }, { code: 0, output: "pong" });
  assertStringIncludes(errors, "    GET /_ping HTTP/1.1\n");
  assertStringIncludes(errors, "    HTTP/1.1 200 OK\n");
  assertMatch(errors, /served 1 connection in .*\n.*\n {4}1 answer after /);
  await server.shutdown();
});

testUnless(notLinux, "unixtap run ends as its command does, and passes signals on", async () => {
  using dir = tempDir();
  const path = dir.join("s");
  using _server = new NamedServer(path, "the server");
  const env = { XDG_RUNTIME_DIR: dir.path };
  const run = (...command: string[]) =>
    startTool("unixtap", ["run", "-e", "S", "-o", "/dev/null", path, "--", ...command], env);
  for (
    const [command, code, message] of [
      [["no-such-command"], 127, /Cannot run "no-such-command": command not found/],
      [[dir.path], 126, /it is not executable/],
      [["sh", "-c", "kill -9 $$"], 137, /^$/],
    ] as const
  ) {
    await using tool = run(...command);
    await assertFails(tool, code, message, dir, ["s"]);
  }
  await using tool = run(
    "sh",
    "-c",
    "trap 'echo got it; exit 3' TERM; echo up; while :; do sleep 0.1; done",
  );
  assertEquals(await tool.readLine(), "up");
  tool.kill("SIGTERM");
  assertEquals(await tool.readLine(), "got it");
  assertEquals((await tool.status).code, 3);
  assertEquals(namesIn(dir.path), ["s"]);
});

testUnless(
  notLinux,
  "unixtap run gives a command a socket of its own, by its variable",
  async () => {
    using dir = tempDir();
    Deno.mkdirSync(dir.join("runtime"));
    for (
      const [file, args, env, script, expected] of [
        ["agent.7", [], {}, "echo $SSH_AUTH_SOCK", /\/unixtap-\w{6}\/agent\.7$/],
        ["bus", [], {}, "echo $DBUS_SESSION_BUS_ADDRESS", /^unix:path=\/.*\/bus$/],
        ["docker.sock", [], {}, "echo $DOCKER_HOST", /^unix:\/\/\/.*\/docker\.sock$/],
        ["wayland-7", [], {}, "echo $WAYLAND_DISPLAY", /^\/.*\/wayland-7$/],
        [".s.PGSQL.99", [], {}, "ls -A $PGHOST", /^\.s\.PGSQL\.99$/],
        ["any", ["--env", "MY_SOCKET"], {}, "echo $MY_SOCKET", /\/any$/],
        ["any", ["--env", "MY_SOCKET"], { MY_SOCKET: "" }, "echo $MY_SOCKET", /\/any$/],
        ["any", ["--as", "http"], {}, "echo $DOCKER_HOST", /^unix:\/\/\/.*\/any$/],
      ] as [string, string[], Record<string, string>, string, RegExp][]
    ) {
      using _server = new NamedServer(dir.join(file), "the server");
      const isNamed = "MY_SOCKET" in env;
      const target = isNamed ? [] : [dir.join(file)];
      const variables = {
        XDG_RUNTIME_DIR: dir.join("runtime"),
        ...(isNamed ? { MY_SOCKET: `unix:${dir.join(file)}` } : {}),
      };
      const command = ["--", "sh", "-c", `${script}; exit 7`];
      await using tool = startTool("unixtap", ["run", ...args, ...target, ...command], variables);
      const { code, output, errors } = await finish(tool);
      assertMatch(output.trimEnd(), expected);
      assertEquals(code, 7, errors);
      assertMatch(errors, /listening on ".*".*\n.*served 0 connections/);
      assertEquals(namesIn(dir.join("runtime")), []);
    }
  },
);

testUnless(notLinux, "unixtap run kills its command at a second signal of any kind", async () => {
  using dir = tempDir();
  const path = dir.join("s");
  using _server = new NamedServer(path, "the server");
  const script = `trap 'echo got it' HUP QUIT; echo up; while :; do sleep 0.1; done`;
  for (const signal of ["SIGHUP", "SIGQUIT"] as const) {
    const args = ["run", "-e", "S", "-o", "/dev/null", path, "--", "sh", "-c", script];
    await using tool = startTool("unixtap", args);
    assertEquals(await tool.readLine(), "up");
    tool.kill(signal);
    assertEquals(await tool.readLine(), "got it");
    tool.kill(signal);
    assertEquals((await tool.status).code, 137);
  }
});

testUnless(notLinux, "unixtap run gives a command its environment byte by byte", async () => {
  using dir = tempDir();
  const path = dir.join("s");
  using _server = new NamedServer(path, "the server");
  const by = ["sh", "-c", `NO_TEXT=$(printf '\\377') exec "$@"`, "sh"];
  const args = ["run", "-e", "S", "-o", "/dev/null", path, "--"];
  const command = ["sh", "-c", 'printf %s "$NO_TEXT" | od -An -tx1; echo "$S"'];
  await using tool = startTool("unixtap", [...args, ...command], { S: "before" }, by);
  const { output } = await finish(tool);
  assertMatch(output, /^ ff\n\/.*\/s\n$/);
});

testUnless(
  notLinux,
  "unixtap run makes its socket in /tmp if TMPDIR is no absolute path",
  async () => {
    using dir = tempDir();
    const path = dir.join("s");
    using _server = new NamedServer(path, "the server");
    for (const value of ["", "tests"]) {
      const env = { XDG_RUNTIME_DIR: "", TMPDIR: value };
      const args = ["run", "-e", "S", "-o", "/dev/null", path, "--", "printenv", "S"];
      await using tool = startTool("unixtap", args, env);
      assertMatch((await finish(tool)).output, /^\/tmp\/unixtap-\w{6}\/s\n$/);
    }
  },
);
