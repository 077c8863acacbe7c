// What tools/unixtap prints.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { OwnedFd, type Socket, unix } from "@denet/unix";
import { testUnless } from "../util/peers.ts";
import { tempDir } from "../util/tempdir.ts";
import { encode, notLinux, Tapped } from "./tapped.ts";
import { finish, readEvents, startTool } from "./tool.ts";
import { readToEnd } from "../util/sockets.ts";

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
  [[], encode("plain\r\ntext"), ['    "plain\\r\\n"', '    "text"']],
  [[], encode("grüße"), ['    "grüße"']],
  [[], encode('a "b" \\c'), ['    "a \\"b\\" \\\\c"']],
  [["-b", "3"], encode("grü"), ['    "gr"', "    … 2 bytes more"]],
  [["-b", "all", "--width", "80"], encode("x".repeat(300)), [
    ...Array(4).fill(`    "${"x".repeat(74)}"`),
    '    "xxxx"',
  ]],
  [["-b", "all"], encode("x".repeat(300)), [`    "${"x".repeat(300)}"`]],
  // Half a character is no text: every byte shows.
  [[], new Uint8Array([0x61, 0xc3]), [`    0000  61 c3${" ".repeat(43)} a.`]],
  [[], new Uint8Array([0, 255, 65]), [`    0000  00 ff 41${" ".repeat(40)} ..A`]],
  [["-v", "hex"], encode("A"), [`    0000  41${" ".repeat(46)} A`]],
  [["-v", "text"], new Uint8Array([65, 255, 0xe2, 0x82]), ['    "A\\xff\\xe2\\x82"']],
  [["-v", "none"], encode("A"), []],
  [["-b", "0"], encode("A"), []],
  // Nothing that a peer sends may steer the terminal or reorder a line.
  [["-v", "text"], encode("\x1b[31m\x07\u009b\u202e\u2028"), [
    '    "\\x1b[31m\\x07\\u009b\\u202e\\u2028"',
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
    await readToEnd(server);
    server.close();
    const output = (await it.tool.readAll()).split("\n");
    const size = `${data.byteLength} byte${data.byteLength === 1 ? "" : "s"}`;
    assertMatch(output[0] ?? "", new RegExp(`^#1 connect pid ${Deno.pid} uid \\d+ gid \\d+ `));
    const end = output.indexOf("#1 client will send no more");
    assertEquals(output.slice(1, end), [`#1 client → server ${size}`, ...lines]);
  });
}

testUnless(notLinux, "unixtap --width splits the lines of totals that are longer", async () => {
  for (const [width, closing] of [["200", 1], ["66", 2]] as const) {
    await using it = new Tapped();
    using listener = unix.listen(it.target);
    await it.startTool("--once", "-v", "none", "--width", width);
    using client = await unix.connect(it.address);
    using server = await listener.accept();
    for (const [from, to] of [[client, server], [server, client]] as const) {
      for (let i = 0; i < 12; i++) {
        await from.send({ data: new Uint8Array(1000) });
        for (let left = 1000; left > 0;) left -= await to.read(new Uint8Array(left)) ?? left;
      }
    }
    client.close();
    server.close();
    const output = await it.tool.readAll();
    const totals = output.split("\n").filter((line) => line.includes(" messages of "));
    const both = totals.filter((line) => /client .*server /.test(line));
    assertEquals({ both: both.length, all: totals.length }, {
      both: closing === 1 ? 2 : 0,
      all: 2 * closing,
    });
    for (const line of totals) assert(line.length <= Number(width), line);
  }
});

testUnless(notLinux, "unixtap colours at a terminal only", async () => {
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

testUnless(notLinux, "unixtap --time shows the time", async () => {
  for (
    const [format, pattern] of [
      ["clock", /^\d\d:\d\d:\d\d\.\d{6} listening/],
      ["elapsed", /^ +0\.\d{6} listening/],
      ["delta", /^ +\+0\.\d{6} listening/],
      ["none", /^listening/],
    ] as const
  ) {
    using dir = tempDir();
    using _server = unix.listen(dir.join("s"));
    await using tool = startTool("unixtap", ["-T", format, dir.join("t"), dir.join("s")]);
    assertMatch(await tool.readLine(), pattern);
  }
});

testUnless(notLinux, "unixtap --help and --version print and end with 0", async () => {
  await using help = startTool("unixtap", ["--help"]);
  const { code, output, errors } = await finish(help);
  assertEquals({ code, errors }, { code: 0, errors: "" });
  assertMatch(output, /^Usage: unixtap /);
  assert(output.split("\n").every((line) => line.length <= 80));
  await using version = startTool("unixtap", ["-V"]);
  assertMatch((await finish(version)).output, /^unixtap \d+\.\d+\.\d+/);
});
