// A process of its own, because what a service manager has passed is taken over once.

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { type ConnectOptions, dial, type Socket, unix } from "../../mod.ts";
import { listenFds } from "../../lib/systemd/mod.ts";
import { noLeaks } from "../util/descriptors.ts";
import { testWith } from "../util/peers.ts";
import { type LineProcess, startProcess } from "../util/process.ts";
import { tempDir } from "../util/tempdir.ts";
import { serviceCommand, startWith } from "./start.ts";
import { ask } from "../util/sockets.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function activate(options: string[], ...uris: string[]): LineProcess {
  // It passes no variables on: what Deno needs is named.
  const env = ["PATH", "HOME", "DENO_DIR", "DENO_COVERAGE_DIR"].filter((it) => Deno.env.has(it));
  const args = [...env.flatMap((it) => ["-E", it]), ...options, ...serviceCommand(...uris)];
  return startProcess("systemd-socket-activate", { args });
}

/** Connect as soon as a server listens there. */
async function connect(path: string, options: ConnectOptions = {}): Promise<Socket> {
  for (;;) {
    try {
      return await unix.connect(path, options);
    } catch (error) {
      const early = [Deno.errors.NotFound, Deno.errors.ConnectionRefused];
      if (!early.some((it) => error instanceof it)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

testWith(
  "systemd-socket-activate",
  "listenFds() takes over what systemd-socket-activate listens on",
  noLeaks(async () => {
    using dir = tempDir();
    const path = dir.join("a.sock");
    await using service = activate(["-l", path, "--fdname=web"]);
    using socket = await connect(path);
    assertEquals(await ask(socket, encode("hello")), encode("echo hello"));
    assertEquals(JSON.parse(await service.readLine()), {
      passed: [["web", `stream listener ${path}`]],
      numbers: [3],
      leftOver: [],
      inheritable: [],
      again: 0,
    });
    assertEquals((await service.status).code, 0);
  }),
);

testWith(
  "systemd-socket-activate",
  "listenFds() distinguishes types and names",
  noLeaks(async () => {
    using dir = tempDir();
    const [first, second] = [dir.join("a.sock"), dir.join("b.sock")];
    const options = ["--seqpacket", "-l", first, "-l", second, "--fdname=one:two"];
    await using service = activate(options);
    using a = await connect(first, { type: "seqpacket" });
    using b = await connect(second, { type: "seqpacket" });
    assertEquals(await ask(a, encode("1")), encode("echo 1"));
    assertEquals(await ask(b, encode("2")), encode("echo 2"));
    assertEquals(JSON.parse(await service.readLine()).passed, [
      ["one", `seqpacket listener ${first}`],
      ["two", `seqpacket listener ${second}`],
    ]);
    assertEquals((await service.status).code, 0);
  }),
);

testWith(
  "systemd-socket-activate",
  "listenFds() gives datagram sockets",
  noLeaks(async () => {
    using dir = tempDir();
    const path = dir.join("log.sock");
    await using datagrams = activate(["--datagram", "-l", path]);
    using socket = await connect(path, { type: "dgram", localAddress: dir.join("me.sock") });
    assertEquals(await ask(socket, encode("hello")), encode("echo hello"));
    assertEquals(JSON.parse(await datagrams.readLine()).passed, [[
      "unknown",
      `dgram socket ${path}`,
    ]]);
  }),
);

testWith(
  "systemd-socket-activate",
  'dial("systemd") connects with the connection of that name',
  async () => {
    for (const [name, options] of [["unknown", []], ["client", ["--fdname=client"]]] as const) {
      using dir = tempDir();
      const path = dir.join("a.sock");
      await using service = activate(["--accept", "-l", path, ...options], `systemd:${name}`);
      using socket = await connect(path);
      assertEquals(await ask(socket, encode("hello")), encode("echo hello"));
      assertEquals(JSON.parse(await service.readLine()), {
        dialled: `systemd:${name}`,
        is: `stream socket ${path}`,
        leftOver: [],
        inheritable: [],
      });
    }
  },
);

testWith(
  "systemd-socket-activate",
  'dial("fd") takes standard input of an inetd service',
  async () => {
    using dir = tempDir();
    const path = dir.join("a.sock");
    await using service = activate(["--inetd", "--accept", "-l", path], "fd:0");
    using socket = await connect(path);
    // Standard output is the connection, too: the service's own line comes first.
    const text: string[] = [];
    await socket.send({ data: encode("hello") });
    for await (const chunk of socket.readable.pipeThrough(new TextDecoderStream())) {
      text.push(
        chunk,
      );
    }
    const said = { dialled: "fd:0", is: `stream socket ${path}`, leftOver: [], inheritable: [] };
    assertEquals(text.join(""), `${JSON.stringify(said)}\necho hello`);
    service.kill();
  },
);

testWith("python3", 'dial("fd") owns an inherited descriptor, and gives it only once', async () => {
  await using service = startWith(
    "a, b = socket.socketpair(); give(a, 3); give(b, 4); b.sendall(b'hello')",
    [
      "fd:3",
      "fd:3",
      "fd:900",
      "fd:x",
      "fd:99999999999",
      "fd:2147483648",
      "systemd:nobody",
    ],
  );
  const { is, inheritable } = JSON.parse(await service.readLine());
  assertEquals({ is, inheritable }, { is: "stream socket ", inheritable: [4] });
  for (
    const expected of ["Busy", "BadResource", "TypeError", "TypeError", "TypeError", "NotFound"]
  ) {
    const { error, message } = JSON.parse(await service.readLine());
    assertEquals(error, expected);
    if (error === "TypeError") assertStringIncludes(message, "give its number");
  }
  assertEquals((await service.status).code, 0);
});

testWith("python3", 'a descriptor that dial("systemd") took is not given again', async () => {
  await using service = startWith(
    `
a, b = socket.socketpair(); give(a, 3); b.sendall(b'hello')
c, d = socket.socketpair(); give(c, 4)
give(b, 100); give(d, 101)
env.update(LISTEN_FDS='2', LISTEN_FDNAMES='x:y')
`,
    ["systemd:x", "systemd:x", "listenFds", "systemd:y", "listenFds"],
  );
  const answers = [];
  for (let i = 0; i < 5; i++) answers.push(JSON.parse(await service.readLine()));
  assertEquals(answers.map(({ is, error, passed }) => is ?? error ?? passed), [
    "stream socket ",
    "NotFound",
    [["y", "stream socket "]],
    "NotFound",
    [],
  ]);
  assertEquals((await service.status).code, 0);
});

testWith(
  "python3",
  'dial("fd") leaves a descriptor that is no connected Unix socket as it is',
  async () => {
    const listener = "s = socket.socket(socket.AF_UNIX); s.bind(''); s.listen(); give(s, 3)";
    await using service = startWith(`${listener}; give(open('/dev/null'), 4)`, [
      "fd:3",
      "fd:3",
      "fd:4",
      "fd:1",
    ]);
    const reasons = ["it listens", "it listens", "4: it is not a socket", "1: it is not a socket"];
    for (const why of reasons) {
      const { error, message } = JSON.parse(await service.readLine());
      assertEquals(error, "TypeError");
      assertStringIncludes(message, why);
    }
    assertEquals((await service.status).code, 0);
  },
);

const OTHER_KINDS = `
tcp = socket.create_server(('127.0.0.1', 0)); give(tcp, 3)
give(open('/dev/null'), 4)
r, w = os.pipe(); give(r, 5)
a, b = socket.socketpair(); give(b, 6); give(a, 7)
a.sendall(b'hi')
env.update(LISTEN_FDS='4', LISTEN_FDNAMES='tcp:null:pipe:')
`;

testWith("python3", "listenFds() gives other files as descriptors, with empty names", async () => {
  await using service = startWith(OTHER_KINDS, ["systemd:null", "systemd:tcp", "listenFds"]);
  for (let i = 0; i < 2; i++) {
    assertEquals(JSON.parse(await service.readLine()).error, "NotFound");
  }
  assertEquals(JSON.parse(await service.readLine()).passed, [
    ["tcp", "socket"],
    ["null", "character"],
    ["pipe", "pipe"],
    ["", "stream socket "],
  ]);
  assertEquals((await service.status).code, 0);
});

/** What LISTEN_FDS and its like say, beside the result: an error, or names. */
const VARIABLES: [what: string, setup: string, result: string[] | string][] = [
  ["no variables", "del env['LISTEN_PID']", []],
  ["another process", "env.update(LISTEN_PID='1', LISTEN_FDS='1')", []],
  ["no number of descriptors", "", []],
  ["zero descriptors", "env['LISTEN_FDS'] = '0'", "InvalidData"],
  ["a negative number", "env['LISTEN_FDS'] = '-1'", "InvalidData"],
  ["no number", "env['LISTEN_FDS'] = '3x'", "InvalidData"],
  ["too many", "env['LISTEN_FDS'] = '2147483645'", "InvalidData"],
  ["far too many", "env['LISTEN_FDS'] = '9' * 30", "InvalidData"],
  ["no process id", "env.update(LISTEN_PID='self', LISTEN_FDS='1')", "InvalidData"],
  ["not inherited", "env['LISTEN_FDS'] = '1'", "Busy|BadResource"],
  ["too few names", "NULLS; env.update(LISTEN_FDS='2', LISTEN_FDNAMES='a')", "InvalidData"],
  ["too many names", "NULLS; env.update(LISTEN_FDS='2', LISTEN_FDNAMES='a:b:c')", "InvalidData"],
  ["names", "NULLS; env.update(LISTEN_FDS='2', LISTEN_FDNAMES='a:b')", ["a", "b"]],
  ["no names", "NULLS; env.update(LISTEN_FDS='2')", ["unknown", "unknown"]],
  ["own descriptors", "NULLS; env.update(LISTEN_FDS='3')", "Busy|BadResource"],
];

testWith("python3", "listenFds() checks the variables, and removes them in any case", async (t) => {
  for (const [what, setup, result] of VARIABLES) {
    await t.step(what, async () => {
      const nulls = "give(open('/dev/null'), 3); give(open('/dev/null'), 4)";
      await using service = startWith(setup.replace("NULLS", nulls));
      const { error, passed, leftOver } = JSON.parse(await service.readLine());
      assertEquals(leftOver, []);
      assertEquals((await service.status).code, 0);
      if (Array.isArray(result)) assertEquals(passed.map(([name]: [string]) => name), result);
      else assertEquals(result.split("|").includes(error), true, error);
    });
  }
});

/** Linux 6.9 gave every process descriptor an inode of its own. */
const [major = 0, minor = 0] = Deno.osRelease().split(".").map(Number);
const hasPidfdIds = Deno.build.os === "linux" && (major > 6 || (major === 6 && minor >= 9));

testWith("python3", "listenFds() checks LISTEN_PIDFDID against the process", async () => {
  for (const [difference, count] of [[0, 1], [1, hasPidfdIds ? 0 : 1]]) {
    await using service = startWith(`
give(open('/dev/null'), 3)
id = os.fstat(os.pidfd_open(os.getpid())).st_ino
env.update(LISTEN_FDS='1', LISTEN_PIDFDID=str(id + ${difference}))
`);
    assertEquals(JSON.parse(await service.readLine()).passed.length, count);
    assertEquals((await service.status).code, 0);
  }
});

Deno.test("the functions need permission for their variables, and for no others", async () => {
  using dir = tempDir();
  const script = dir.join("script.ts");
  const systemd = new URL("../../lib/systemd/mod.ts", import.meta.url).href;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  Deno.writeTextFileSync(
    script,
    `import { listenFds, notifySync, watchdogInterval } from "${systemd}";
    for (const f of [listenFds, () => notifySync({ ready: true }), watchdogInterval]) {
      try { console.log(f()?.toString()); } catch (error) { console.log(error.name); }
    }`,
  );
  const variables = [
    ["LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDS", "LISTEN_FDNAMES"],
    ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"],
  ];
  for (
    const [permissions, expected] of [
      [[], ["NotCapable", "NotCapable", "NotCapable"]],
      [[`--allow-env=${variables.flat()}`], ["", "false", "undefined"]],
    ] as const
  ) {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-check", "--config", config, ...permissions, script],
    }).output();
    assertEquals(new TextDecoder().decode(stdout).split("\n").slice(0, -1), [...expected]);
  }
});

Deno.test(
  "listenFds() refuses descriptors of this process, which stay as they are",
  noLeaks(() => {
    Deno.env.set("LISTEN_PID", `${Deno.pid}`);
    Deno.env.set("LISTEN_FDS", "1");
    // Deno opened descriptor 3 itself, or it is not open.
    assertThrows(() => listenFds(), Error, "descriptor");
    assertEquals(Deno.env.get("LISTEN_FDS"), undefined);
  }),
);

Deno.test(
  'dial("fd") rejects a descriptor that this process opened',
  noLeaks(async () => {
    const [a, b] = unix.socketpair();
    using _a = a;
    using _b = b;
    const error = await dial("fd", `${a.fd}`).then(() => undefined, (it) => it);
    assertEquals(error instanceof Deno.errors.Busy, true);
    a.writeSync(new Uint8Array(1));
  }),
);
