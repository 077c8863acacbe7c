// What tools/unixtap shows at a terminal, what it tells of descriptors, and what real Wayland clients say.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { OwnedFd, unix } from "@denet/unix";
import { entryOf, TOOLS } from "../../tools/permissions.ts";
import { noLeaks } from "../util/descriptors.ts";
import { testUnless, testWith } from "../util/peers.ts";
import { tempDir } from "../util/tempdir.ts";
import { run } from "./daemon.ts";
import { encode, notLinux, Tapped } from "./tapped.ts";
import { readEvent } from "./tool.ts";

/** The command that starts the tool. */
const TOOL: readonly string[] = [
  ...[Deno.execPath(), "run", "-q", "--no-prompt", ...TOOLS.unixtap],
  entryOf("unixtap").pathname,
];

const ESCAPE = "\x1b[";

/** Run `unixtap --once` at a terminal of 60 columns while something is said; the lines it shows. */
async function atTerminal(env: string, ...options: string[]): Promise<string[]> {
  using dir = tempDir();
  using listener = unix.listen(dir.join("s"));
  const args = [...options, "--once", "-T", "none", dir.join("t"), dir.join("s")];
  const line = [...TOOL, ...args].map((it) => `'${it}'`).join(" ");
  // script(1) makes the terminal.
  const showing = run("script", ["-qec", `stty cols 60; ${env} ${line}`, "/dev/null"]);
  for (;;) {
    try {
      using client = await unix.connect(dir.join("t"));
      using server = await listener.accept();
      await client.send({ data: encode(`first line\n${"a long second line ".repeat(6)}\n`) });
      await server.read(new Uint8Array(999));
      await server.send({ data: encode("answer") });
      await client.read(new Uint8Array(99));
      break;
    } catch (error) {
      assert(
        error instanceof Deno.errors.NotFound || error instanceof Deno.errors.ConnectionRefused,
      );
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  return (await showing).split(/\r?\n/);
}

testWith(
  "script",
  "unixtap colours whole blocks at a terminal, and keeps to its columns",
  async () => {
    const lines = await atTerminal("env -u NO_COLOR TERM=xterm");
    const plain = lines.map((it) => it.replace(new RegExp("\x1b\\[\\d+m", "g"), ""));
    const start = plain.findIndex((it) => it.startsWith("#1 client → server"));
    const end = plain.findIndex((it) => it.startsWith("#1 server → client"));
    const [client, server] = [`${ESCAPE}36m`, `${ESCAPE}33m`];
    assertEquals(plain.slice(start, end), [
      "#1 client → server 126 bytes",
      '    "first line\\n"',
      '    "a long second line a long second line a long second li"',
      '    "ne a long second line a long second line a long second"',
      '    " line \\n"',
    ]);
    assert(
      lines.slice(start, end).every((it) => it.startsWith(client) && it.endsWith(`${ESCAPE}0m`)),
    );
    assert(lines.slice(end, end + 2).every((it) => it.startsWith(server)), lines[end]);
    assertMatch(plain[end] ?? "", /^#1 server → client 6 bytes after \d[\d.]* (?:µs|ms)$/);
    const messages = plain.slice(start, end + 2);
    assert(messages.every((it) => it.length <= 60));
    assertMatch(
      plain.join("\n"),
      /^served 1 connection in .*\n +client .*\n +server .*\n +1 answer after .* on average/m,
    );
  },
);

testWith("script", "unixtap is plain at a terminal where that is wanted", async () => {
  for (
    const [env, options] of [
      ["env -u NO_COLOR TERM=dumb", []],
      ["env NO_COLOR=1 TERM=xterm", []],
      ["env -u NO_COLOR TERM=xterm", ["--color", "never"]],
    ] as const
  ) {
    const lines = await atTerminal(env, ...options);
    assert(!lines.join("\n").includes(ESCAPE), env);
  }
});

testUnless(
  notLinux,
  "unixtap names the process of a pidfd, and the seals of a memory file",
  noLeaks(async () => {
    await using it = await Tapped.start("stream");
    using memory = OwnedFd.memfd("sealed", new Uint8Array(4096), { seal: ["shrink", "grow"] });
    using pidfd = it.client.peerPidfd();
    await it.client.send({ data: encode("x"), files: [memory, pidfd] });
    await readEvent(it.tool);
    const { files = [] } = await readEvent(it.tool);
    assertEquals({ size: files[0]?.size, seals: files[0]?.seals }, {
      size: 4096,
      seals: ["shrink", "grow"],
    });
    assertEquals({ kind: files[1]?.kind, pid: files[1]?.process?.pid }, {
      kind: "pidfd",
      pid: it.tool.pid,
    });
  }),
);

testUnless(notLinux, "unixtap says what it cut from JSON, and cuts at characters", async () => {
  await using it = await Tapped.start("stream", "--bytes", "4", "--as", "raw");
  for (const text of ["four", "fünfzehn", "zweié"]) {
    await it.client.send({ data: encode(text) });
    await it.server.read(new Uint8Array(99));
  }
  await readEvent(it.tool);
  const events = [await readEvent(it.tool), await readEvent(it.tool), await readEvent(it.tool)];
  assertEquals(events.map(({ size, text, cut }) => [size, text, cut]), [
    [4, "four", undefined],
    [9, "fün", true],
    [6, "zwei", true],
  ]);
});

/** What the client below says, in the words of a protocol file. */
const PROTOCOL = `<?xml version="1.0"?>
<protocol name="some">
  <interface name="wl_compositor" version="4">
    <request name="create_surface"><arg name="id" type="new_id" interface="wl_surface"/></request>
  </interface>
  <interface name="wl_shm" version="1">
    <request name="create_pool">
      <arg name="id" type="new_id" interface="wl_shm_pool"/>
      <arg name="fd" type="fd"/><arg name="size" type="int"/>
    </request>
    <event name="format"><arg name="format" type="uint"/></event>
  </interface>
</protocol>`;

testWith(
  "weston",
  "unixtap run names what a Wayland client says to Weston, by a protocol file",
  async () => {
    using dir = tempDir();
    Deno.chmodSync(dir.path, 0o700);
    Deno.writeTextFileSync(dir.join("some.xml"), PROTOCOL);
    const options = ["-T", "none", "--protocol", dir.join("some.xml"), "-o", dir.join("log")];
    const script = `weston --backend=headless-backend.so --no-config --socket=w --idle-time=0 \\
        > "$XDG_RUNTIME_DIR/weston" 2>&1 & weston=$!
      while ! test -S "$XDG_RUNTIME_DIR/w"; do sleep 0.05; done
      "$@" -- sh -c "$CLIENT"; status=$?
      kill $weston; wait $weston; exit $status`;
    // The client ends by itself never: it has said enough once both are in the log.
    const client = `weston-simple-shm & client=$!
      until grep -q 'wl_surface#.*opcode' "$LOG" && grep -q '+ memfd' "$LOG"; do sleep 0.05; done
      kill $client`;
    const all = ["-c", script, "sh", ...TOOL, "run", ...options, dir.join("w")];
    const env = { XDG_RUNTIME_DIR: dir.path, WAYLAND_DISPLAY: "w" };
    await run("sh", all, { ...env, CLIENT: client, LOG: dir.join("log") });
    const shown = Deno.readTextFileSync(dir.join("log"));
    assertMatch(
      shown,
      /^ {4}wl_registry#2\.global\(name: \d+, interface: "wl_compositor", version: \d\)$/m,
    );
    assertMatch(shown, /^ {4}wl_registry#2\.bind\(name: \d+, id: new wl_shm#\d+ version 1\)$/m);
    assertMatch(shown, /^ {4}wl_shm#\d+\.format\(format: \d+\)$/m);
    assertMatch(shown, /^ {4}wl_compositor#\d+\.create_surface\(id: new wl_surface#\d+\)$/m);
    assertMatch(
      shown,
      /^ {4}wl_shm#\d+\.create_pool\(id: new wl_shm_pool#\d+, fd: memfd, size: 250000\)$/m,
    );
    assertMatch(shown, /^ {4}wl_surface#\d+, opcode \d+, \d+ bytes$/m); // in no file
    assertMatch(shown, /^ {4}\+ memfd ".*" rw 250000 bytes sealed against shrink$/m);
    assert(!shown.includes("not decoded"), shown);
  },
);
