// The example in examples/wayland, with a real Weston.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { connectTo } from "../../examples/programs.ts";
import { screenshot, SOCKET, startWeston } from "../../examples/wayland/main.ts";
import { colorAt, show } from "../../examples/wayland/window.ts";
import { unix } from "@denet/unix";
import { testWith } from "../util/peers.ts";
import { tempDir } from "../util/tempdir.ts";
import { type Image, readPng } from "./png.ts";
import { runExample } from "./run.ts";
import { readEvent, readEvents, startTool } from "../tools/tool.ts";

/** Expect every point of an image to be what was drawn. */
function assertShows({ width, height, at }: Image): void {
  assertEquals({ width, height }, { width: 320, height: 240 });
  let wrong = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) if (at(x, y) !== colorAt(x / width, y / height)) wrong++;
  }
  assertEquals(wrong, 0);
}

testWith("weston", "examples/wayland shows its picture on the screen", async () => {
  using dir = tempDir();
  const copy = dir.join("screen.png");
  const { code, lines, errors, left } = await runExample("example:wayland", [copy]);
  assertEquals({ code, errors, left }, { code: 0, errors: "", left: [] });
  assertEquals(lines.slice(0, -1), [
    "the compositor asks for a window of 320 × 240 pixels",
    "passed 307200 bytes of shared memory, with the picture in it",
    "the frame callback came: the picture is on the screen",
  ]);
  assertMatch(lines.at(-1) ?? "", /^took a picture of the screen: \d+ bytes$/);
  assertShows(await readPng(copy));
});

Deno.test("examples/wayland keeps a screenshot of what it shows", async () => {
  const file = new URL("../../examples/wayland/screen.png", import.meta.url);
  assert(Deno.statSync(file).size < 10_000);
  assertShows(await readPng(file.pathname));
});

testWith(
  "weston",
  "unixtap passes on the messages of Wayland clients unchanged, and shows their memory",
  async () => {
    using dir = tempDir();
    await using weston = startWeston(dir.path);
    using _first = await connectTo(weston, dir.join(SOCKET));
    await using tap = startTool("unixtap", ["-j", "--files", dir.join("tap"), dir.join(SOCKET)]);
    assertEquals((await readEvent(tap)).event, "listen");
    using socket = await unix.connect(dir.join("tap"));
    await show(socket, () => {});
    assertShows(await readPng(await screenshot(dir.path, dir.join("tap"))));
    tap.kill("SIGTERM");
    const events = await readEvents(tap);
    const passed = events.flatMap(({ from, files = [] }) => files.map((it) => ({ from, ...it })));
    assertEquals(passed[0], {
      from: "client",
      kind: "memfd",
      target: "/memfd:picture (deleted)",
      access: "rw",
      size: 320 * 240 * 4,
    });
    assert(passed.length >= 2, "the screenshot's memory was seen, too");
    const commands = events.flatMap(({ process }) => process?.command ?? []);
    assert(commands.some((it) => it.endsWith("weston-screenshooter")), commands.join());
  },
);
