// The tool in tools/fdpass, with shells and sockets of this process.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { unix } from "@denet/unix";
import { noLeaks } from "../util/descriptors.ts";
import { testUnless, testWith } from "../util/peers.ts";
import type { LineProcess } from "../util/process.ts";
import { namesIn, type TempDir, tempDir } from "../util/tempdir.ts";
import { untilListening, untilStopped } from "./tapped.ts";
import { assertFails, finish, startTool, WITHOUT_PRIVILEGES } from "./tool.ts";

const notLinux = Deno.build.os === "linux" ? undefined : "it reads /proc, as on Linux";

/** Run `fdpass run` to its end. */
async function run(...args: string[]): Promise<{ code: number; output: string; errors: string }> {
  await using tool = startTool("fdpass", ["run", ...args]);
  return await finish(tool);
}

/** Start `fdpass serve` and wait until it serves. */
async function serve(dir: TempDir, ...args: string[]): Promise<LineProcess> {
  const tool = startTool("fdpass", ["serve", "-s", dir.join("served"), ...args]);
  await untilListening(dir.join("served"));
  return tool;
}

testUnless(notLinux, "fdpass run gives a command its files, named as systemd does", async () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("in"), "input\n");
  const script =
    'echo "$LISTEN_FDS $LISTEN_FDNAMES"; test $LISTEN_PID = $$ && cat <&3 && echo out >&4';
  const { code, output, errors } = await run(
    dir.join("in"),
    `log=append:${dir.join("out")}`,
    ...["--", "sh", "-c", script],
  );
  assertEquals({ code, output, errors }, { code: 0, output: "2 in:log\ninput\n", errors: "" });
  assertEquals(Deno.readTextFileSync(dir.join("out")), "out\n");
});

testUnless(notLinux, "fdpass run makes files the standard input and output", async () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("in"), "input\n");
  const files = [dir.join("in"), `write:${dir.join("out")}`, `update:${dir.join("rest")}`];
  const { code } = await run(
    ...["--stdin", "in", "--stdout", "out"],
    ...files,
    "--",
    "sh",
    "-c",
    "cat; echo $LISTEN_FDS",
  );
  assertEquals({ code, content: Deno.readTextFileSync(dir.join("out")) }, {
    code: 0,
    content: "input\n1\n",
  });
});

testUnless(
  notLinux,
  "fdpass run lets nothing else be inherited, and signals be as usual",
  async () => {
    const { output } = await run("/dev/full", "--", "ls", "-l", "/proc/self/fd");
    const open = output.split("\n").map((line) => line.split(" ").slice(-3).join(" "));
    assertEquals(open.filter((it) => /\/dev\/full|anon_inode/.test(it)), ["3 -> /dev/full"]);
    // A writer whose reader is gone ends by SIGPIPE, which Deno itself ignores.
    const { code, errors } = await run("/dev/null", "--", "sh", "-c", "yes | true; kill -PIPE $$");
    assertEquals({ code, errors }, { code: 128 + 13, errors: "" });
  },
);

testUnless(notLinux, "fdpass run ends as the command does", async () => {
  assertEquals((await run("/dev/null", "--", "sh", "-c", "exit 7")).code, 7);
  assertEquals((await run("/dev/null", "--", "sh", "-c", "kill -9 $$")).code, 128 + 9);
});

testUnless(notLinux, "fdpass run hands over a listening socket", async () => {
  using dir = tempDir();
  await using tool = startTool("fdpass", [
    "run",
    `web=listen:${dir.join("web")}`,
    "--",
    "sleep",
    "60",
  ]);
  for (;;) {
    try {
      using _client = await unix.connect(dir.join("web"));
      break;
    } catch (error) {
      assert(
        error instanceof Deno.errors.NotFound || error instanceof Deno.errors.ConnectionRefused,
      );
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  tool.kill();
});

testUnless(notLinux, "fdpass run hands on more files than one digit counts", async () => {
  const files = Array.from({ length: 200 }, (_, i) => `f${i}=/dev/null`);
  const script = "test -e /proc/$$/fd/202 && echo $LISTEN_FDS";
  const { code, output, errors } = await run(...files, "--", "sh", "-c", script);
  assertEquals({ code, output, errors }, { code: 0, output: "200\n", errors: "" });
});

testUnless(notLinux, "fdpass run leaves signals ignored that its parent ignores", async () => {
  const by = ["sh", "-c", `trap '' HUP INT TERM; exec "$@"`, "sh"];
  const args = ["run", "a=/dev/null", "--", "grep", "^SigIgn:", "/proc/self/status"];
  await using tool = startTool("fdpass", args, {}, by);
  const { output } = await finish(tool);
  const wanted = 0x4003n; // bits 0, 1 and 14
  assertEquals(BigInt(`0x${output.split(/\s+/)[1]}`) & wanted, wanted);
});

testUnless(notLinux, "fdpass run hands on no descriptor that Deno has opened itself", async () => {
  for (const number of [3, 4, 5]) {
    await using tool = startTool("fdpass", ["run", `fd:${number}`, "--", "true"]);
    await assertFails(tool, 1, /Cannot hand on fd:\d: it is not open here$/);
  }
});

testUnless(notLinux, "fdpass run hands on descriptors it has itself", async () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("in"), "input\n");
  const opened = ["sh", "-c", 'exec 7<"$0"; exec "$@"', dir.join("in")];
  await using tool = startTool("fdpass", ["run", "fd:7", "--", "sh", "-c", "cat <&3"], {}, opened);
  const { code, output, errors } = await finish(tool);
  assertEquals({ code, output, errors }, { code: 0, output: "input\n", errors: "" });
});

testUnless(
  notLinux,
  "fdpass serve gives its files to list, run and others",
  noLeaks(async () => {
    using dir = tempDir();
    Deno.writeTextFileSync(dir.join("in"), "input\n");
    await using server = await serve(dir, dir.join("in"), `s=seqpacket:${dir.join("sock")}`);
    await using list = startTool("fdpass", ["list", dir.join("served")]);
    const lines = (await finish(list)).output.split("\n");
    assertEquals(lines[0], `in: file "${dir.join("in")}" r 6 bytes`);
    assertMatch(lines[1] ?? "", /^s: socket "socket:\[\d+\]" rw unix seqpacket listening at \//);
    assertMatch(await server.readLine(), /^handed 2 files to pid \d+ uid \d+ gid \d+ /);

    const taken = await run(
      "-f",
      dir.join("served"),
      "--",
      "sh",
      "-c",
      "cat <&3; echo $LISTEN_FDNAMES",
    );
    assertEquals(taken.output, "input\nin:s\n");

    using client = await unix.connect(dir.join("served"));
    using message = await client.receive({ files: 2 });
    assertEquals(new TextDecoder().decode(message?.data), "in:s\n");
    assertEquals(message?.files.map((file) => file.kind()), ["file", "socket"]);
    assertEquals(await client.receive(), null);
    message?.[Symbol.dispose]();

    server.kill("SIGTERM");
    await server.status;
    assertMatch(await server.stderr, /^fdpass: ended by SIGTERM\n$/);
    assertEquals({ code: (await server.status).code, names: namesIn(dir.path) }, {
      code: 143,
      names: ["in"],
    });
  }),
);

testUnless(notLinux, "fdpass serve --once ends after the first", async () => {
  using dir = tempDir();
  await using server = await serve(dir, "-1", "--quiet", "/dev/null");
  assertEquals((Deno.statSync(dir.join("served")).mode ?? 0) & 0o777, 0o600);
  const { output } = await run("-f", dir.join("served"), "--", "echo", "done");
  assertEquals(output, "done\n");
  const { code, output: told, errors } = await finish(server);
  assertEquals({ code, told, errors, names: namesIn(dir.path) }, {
    code: 0,
    told: "",
    errors: "",
    names: [],
  });
});

testUnless(notLinux, "fdpass serve lets 100 clients wait to be accepted", async () => {
  using dir = tempDir();
  await using server = await serve(dir, "/dev/null");
  server.kill("SIGSTOP"); // it accepts nothing
  await untilStopped(server.pid);
  using stack = new DisposableStack();
  for (let n = 0; n < 100; n++) stack.use(unix.connectSync(dir.join("served"), { timeout: 1 }));
  server.kill("SIGCONT");
  server.kill("SIGTERM");
  await server.status;
});

testUnless(notLinux, "fdpass serve refuses other users", async () => {
  using dir = tempDir();
  await using server = await serve(dir, "--uid", "4000000000", "/dev/null");
  await using list = startTool("fdpass", ["list", dir.join("served")]);
  await assertFails(list, 1, /gives none to this user$/);
  server.kill("SIGINT");
  assertMatch(
    await server.stderr,
    /^fdpass: refused pid \d+ uid \d+ gid \d+ .*\nfdpass: ended by SIGINT\n$/,
  );
});

testUnless(notLinux, "fdpass refuses a wrong command line in one line, with 2", async () => {
  for (
    const [args, message] of [
      [[], /^fdpass: Give a command: serve, run or list; see "fdpass --help"$/],
      [["fly"], /Cannot do "fly": the commands are serve, run and list/],
      [["toString"], /Cannot do "toString"/],
      [["serve", "a"], /Give --socket/],
      [["serve", "-s", "a"], /Give at least one FILE/],
      [["serve", "-s", "a", "--color", "x"], /Unknown option '--color'/],
      [["serve", "-s", "a", "read:"], /Cannot open "read:": it names nothing/],
      [["serve", "-s", "a", "--mode", "9", "/dev/null"], /Cannot use "9" for --mode/],
      [["serve", "-s", "a", "--uid", "me", "/dev/null"], /Cannot use "me" for --uid/],
      [["serve", "-s", "a", ...Array(254).fill("/dev/null")], /at most 253/],
      [["run", "/dev/null"], /Give a COMMAND after --/],
      [["run", "--", "true"], /Give --from, or a FILE/],
      [["run", "fd:x", "--", "true"], /Cannot use "x" for fd:/],
      [
        ["run", "listen:127.0.0.1:80", "--", "true"],
        /Cannot listen on "127.0.0.1:80": .*give tcp:/,
      ],
      [
        ["run", "listen:80", "--", "true"],
        /Cannot listen on "80": .*give tcp:\*:80, or listen:\.\/80/,
      ],
      [["serve", "-s", "", "/dev/null"], /Cannot serve at the empty address: give a path/],
      [["run", "unix:localhost:80", "--", "true"], /it looks like an address of TCP/],
      [["run", "lisen:a", "--", "true"], /Cannot open "lisen:a": "lisen" is none of read, write/],
      [["run", "tcp:localhost", "--", "true"], /Cannot listen on "localhost": give an IP address/],
      [["run", "tcp:[::g]:1", "--", "true"], /give an IP address and a port/],
      [["run", "tcp:1.2.3.400:1", "--", "true"], /give an IP address and a port/],
      [["run", "udp:*:65536", "--", "true"], /give an IP address and a port/],
      [["run", "--backlog", "x", "listen:a", "--", "true"], /Cannot use "x" for --backlog/],
      [["run", "--mode", "abc", "listen:a", "--", "true"], /Cannot use "abc" for --mode/],
      [["run", "-i", "--stdin", "x", "listen:a", "--", "true"], /Cannot use --inetd together/],
      [["run", "-i", "/dev/null", "--", "cat"], /Give one FILE that listens for --inetd/],
      [["run", "--stdin", "b", "a=/dev/null", "--", "true"], /Cannot find "b": the files are a/],
      [["list"], /Give ADDRESS, where to look/],
      [["list", "a", "b"], /Cannot use "b" as well/],
    ] as [string[], RegExp][]
  ) {
    await using tool = startTool("fdpass", args, { XDG_RUNTIME_DIR: "" });
    await assertFails(tool, 2, message);
  }
});

testUnless(
  notLinux,
  "fdpass fails in one line where it cannot do what its arguments say",
  async () => {
    using dir = tempDir();
    Deno.writeTextFileSync(dir.join("file"), "no program");
    Deno.writeTextFileSync(dir.join("broken"), "\x7fELF, but not really", { mode: 0o755 });
    using _other = unix.listen(dir.join("taken"));
    const left = namesIn(dir.path);
    const socket = dir.join("s");
    for (
      const [code, args, message] of [
        [1, ["list", dir.join("absent")], /Cannot connect to ".*absent": no such file/],
        [
          1,
          ["run", "-f", dir.join("file"), "--", "true"],
          /Cannot connect to ".*file": it is no socket/,
        ],
        [1, ["run", dir.join("absent"), "--", "true"], /Cannot open ".*absent": no such file/],
        [1, ["run", "fd:999999", "--", "true"], /Cannot hand on fd:999999: it is not open here$/],
        [
          127,
          ["run", "/dev/null", "--", "no-such-command"],
          /Cannot run "no-such-command": command not/,
        ],
        [
          127,
          ["run", "/dev/null", "--", dir.join("none")],
          /Cannot run ".*none": command not found/,
        ],
        [126, ["run", "/dev/null", "--", dir.join("file")], /Cannot run ".*file": it is not exec/],
        [
          126,
          ["run", `listen:${socket}`, "--", dir.join("broken")],
          /the system does not start it$/,
        ],
        [1, ["serve", "-s", socket, dir.join("absent")], /Cannot open ".*absent": no such file/],
        [1, ["serve", "-s", socket, `listen:${dir.join("taken")}`], /the address is taken/],
        [
          1,
          ["serve", "-s", dir.join("taken"), "/dev/null"],
          /".*taken": the address is taken; --replace/,
        ],
      ] as [number, string[], RegExp][]
    ) {
      await using tool = startTool("fdpass", args);
      await assertFails(tool, code, message, dir, left);
    }
  },
);

testWith("setpriv", "fdpass fails in one line where it has no permission", async () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("secret"), "", { mode: 0 });
  const args = ["serve", "-s", dir.join("s"), dir.join("secret")];
  await using tool = startTool("fdpass", args, {}, WITHOUT_PRIVILEGES);
  await assertFails(tool, 1, /Cannot open ".*secret": permission denied/, dir, ["secret"]);
});

testUnless(notLinux, "fdpass serve, list and run meet in XDG_RUNTIME_DIR by default", async () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("letter"), "Dear reader\n");
  const env = { XDG_RUNTIME_DIR: dir.path };
  await using _server = startTool("fdpass", ["serve", "-q", dir.join("letter")], env);
  await untilListening(dir.join("fdpass.sock"));
  for (
    const [args, said] of [
      [["list"], /^letter: file .* r 12 bytes$/],
      [["run", "--", "sh", "-c", "cat <&3"], /^Dear reader$/],
      [["run", "/dev/null", "--", "sh", "-c", "echo $LISTEN_FDNAMES"], /^null$/],
    ] as [string[], RegExp][]
  ) {
    await using tool = startTool("fdpass", args, env);
    const { code, output, errors } = await finish(tool);
    assertEquals({ code, errors }, { code: 0, errors: "" });
    assertMatch(output.trimEnd(), said);
  }
});

testUnless(notLinux, "fdpass --help and --version print and end with 0", async () => {
  await using help = startTool("fdpass", ["serve", "--help"]);
  const { code, output } = await finish(help);
  assertEquals(code, 0);
  assertStringIncludes(output, "Usage: fdpass serve");
  await using version = startTool("fdpass", ["--version"]);
  assertMatch((await finish(version)).output, /^fdpass \d+\.\d+\.\d+/);
});
