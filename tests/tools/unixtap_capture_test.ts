// What tools/unixtap writes with --write, read by tshark; and the pages made of the tools' help.

import { assertEquals, assertMatch } from "@std/assert";
import { OwnedFd, unix } from "../../mod.ts";
import { manPages } from "../../tools/man.ts";
import { testWith } from "../util/peers.ts";
import { tempDir } from "../util/tempdir.ts";
import { run } from "./daemon.ts";
import { SCENARIOS } from "./services.ts";
import { encode, Tapped, untilServed } from "./tapped.ts";
import { finish, startTool } from "./tool.ts";
import { CONNECTED } from "../util/cases.ts";

/** What tshark makes of each service's conversation. */
const CAPTURES: readonly [name: string, args: string[], expected: RegExp][] = [
  ["redis-cli asks redis", [], /RESP .*Request: set key two words/],
  ["psql asks PostgreSQL", [], /PGSQL .*>.*Q/],
  ["curl asks haproxy", [], /HTTP .*GET \/path HTTP\/1\.1/],
  ["busctl asks dbus-daemon", ["-d", "tcp.port==65432,dbus"], /D-Bus .*NameHasOwner/],
];

for (const [name, args, expected] of CAPTURES) {
  const scenario = SCENARIOS.find((it) => it.name === name);
  if (scenario === undefined) throw new Error(`There is no scenario "${name}"`);
  const { needs, start, file = "tap", use, options = [] } = scenario;
  testWith([...needs, "tshark"], `unixtap --write is read by tshark: ${name}`, async () => {
    using dir = tempDir();
    using other = tempDir();
    await using stack = new AsyncDisposableStack();
    const { socket } = await start(dir, stack);
    const [tapped, capture] = [other.join(file), other.join("capture.pcapng")];
    const tool = stack.use(startTool("unixtap", [...options, "-w", capture, tapped, socket]));
    await untilServed(tapped);
    await use(tapped, dir);
    tool.kill("SIGTERM");
    await tool.readAll();
    assertMatch(await run("tshark", ["-r", capture, ...args]), expected);
    const fields = ["-Y", "frame.comment", "-T", "fields", "-e", "frame.comment"];
    assertMatch(await run("tshark", ["-r", capture, ...fields]), /pid \d+ uid \d+ gid \d+ /);
  });
}

testWith("tshark", "unixtap --write - streams packets with HTTP/2 in them", async () => {
  await using it = new Tapped();
  using listener = it.listen();
  const capture = it.dir.join("capture.pcapng");
  await it.startUnheardBy(["sh", "-c", `exec "$@" > ${capture}`, "sh"], "--once", "-w", "-");
  using client = await unix.connect(it.address);
  using server = await listener.accept();
  const settings = new Uint8Array([0, 0, 0, 4, 0, 0, 0, 0, 0]);
  await client.send({ data: [encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), settings] });
  await server.read(new Uint8Array(99));
  client.close();
  server.close();
  assertEquals((await finish(it.tool)).code, 0);
  assertMatch(await run("tshark", ["-r", capture]), /HTTP2 .*(?:Magic|SETTINGS)/);
});

testWith("tshark", "unixtap --write says which descriptors a message carries", async () => {
  for (const type of CONNECTED) {
    await using it = new Tapped();
    using listener = unix.listen(it.target, { type });
    const capture = it.dir.join("capture.pcapng");
    await it.startUnheard("--once", "-w", capture, "-o", "/dev/null");
    using client = await unix.connect(it.address, { type });
    using server = await listener.accept();
    using memory = OwnedFd.memfd("of the client", encode("7 bytes"));
    using stack = new DisposableStack();
    const [reader, writer] = OwnedFd.pipe();
    stack.use(reader);
    stack.use(writer);
    await client.send({ data: encode("one"), files: [memory, reader] });
    using received = await server.receive({ files: 2 });
    assertEquals(received?.files.length, 2);
    client.close();
    server.close();
    assertEquals((await finish(it.tool)).code, 0);
    const fields = ["-Y", "frame.comment", "-T", "fields", "-e", "frame.comment"];
    const comments = await run("tshark", ["-r", capture, ...fields]);
    assertMatch(comments, /\+ memfd "\/memfd:of the client.*" rw 7 bytes/);
    assertMatch(comments, /\+ pipe "pipe:\[\d+\]" r/);
  }
});

Deno.test("docs/man/ is what the help of the tools makes it", () => {
  const folder = new URL("../../docs/man/", import.meta.url);
  for (const [name, text] of manPages()) {
    assertEquals(Deno.readTextFileSync(new URL(name, folder)), text, "run deno task man");
  }
});

testWith("mandoc", "mandoc finds no fault with the manual pages", async () => {
  for (const name of manPages().keys()) {
    const path = new URL(`../../docs/man/${name}`, import.meta.url).pathname;
    const { stdout } = await new Deno.Command("mandoc", {
      args: ["-T", "lint", "-W", "warning", path],
    }).output();
    const lines = new TextDecoder().decode(stdout).trim().split("\n");
    assertEquals(lines.filter((it) => it !== "" && !it.includes("missing date")), []);
  }
});
