// Time limit: 180 s, because nine services are started, each with two clients.
// Programs that this project did not write get the same answers directly and through tools/unixtap.

import { assertEquals, assertMatch } from "@std/assert";
import { testWith } from "../util/peers.ts";
import { tempDir } from "../util/tempdir.ts";
import { SCENARIOS } from "./services.ts";
import { untilServed } from "./tapped.ts";
import { startTool } from "./tool.ts";

for (const { name, needs, start, file = "tap", use, expected, options = [], shown } of SCENARIOS) {
  testWith(needs, `unixtap changes nothing: ${name}`, async () => {
    using dir = tempDir();
    using other = tempDir();
    await using stack = new AsyncDisposableStack();
    const { socket } = await start(dir, stack);
    const direct = await use(socket, dir);
    assertMatch(direct, expected);
    const tapped = other.join(file);
    const tool = stack.use(startTool("unixtap", [...options, "-T", "none", tapped, socket]));
    await untilServed(tapped);
    assertEquals(await use(tapped, dir), direct);
    tool.kill("SIGTERM");
    const output = await tool.readAll();
    assertMatch(output, shown);
    assertMatch(output, /^served [1-9]\d* connections? in /m);
    assertEquals(await tool.stderr, "unixtap: ended by SIGTERM\n");
  });
}
