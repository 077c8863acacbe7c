import { assert, assertEquals, assertMatch } from "@std/assert";
import { testWith } from "../util/peers.ts";
import { tempDir } from "../util/tempdir.ts";
import { runExample } from "./run.ts";

Deno.test("examples/pass_file shows the file in the process that may not open it", async () => {
  using dir = tempDir();
  const file = dir.join("note.txt");
  Deno.writeTextFileSync(file, "a line\nanother line\n");
  const { code, lines, errors, left } = await runExample("example", [file]);
  assertEquals({ code, errors, left }, { code: 0, errors: "", left: [] });
  const process = (name: string): string =>
    lines.find((it) => it.startsWith(name))?.split(":")[0] ?? "";
  const [giver, taker, main] = [process("giver"), process("taker"), process("main")];
  assert(new Set([giver, taker, main].map((it) => it.match(/\d+/)?.[0])).size === 3);
  // The two write when they get to it: only the order within each is certain.
  assertEquals(lines.filter((it) => it.startsWith(giver)), [
    `${giver}: opened "${file}" and waits for a taker`,
    `${giver}: passed it to ${taker.replace(/.*\((.*)\)/, "$1")}`,
    `${giver}: got the answer "thanks for 20 characters"`,
  ]);
  assertEquals(lines.filter((it) => /^(?:taker| )/.test(it)), [
    `${taker}: may not open "${file}" itself: Deno.open throws NotCapable`,
    `${taker}: received the open file "note.txt 20"; it says:`,
    "    a line",
    "    another line",
    `${taker}: answered`,
  ]);
  assertEquals(lines.at(-1), `${main}: both have ended; files left behind: 0`);
});

Deno.test("examples/pass_file refuses what is no file in one line", async () => {
  for (const path of ["/nowhere/at/all", "/"]) {
    const { code, lines, errors } = await runExample("example", [path]);
    assertEquals({ code, lines }, { code: 2, lines: [] });
    assertEquals(errors, `Cannot pass "${path}": give the path of a file`);
  }
});

const isRoot = Deno.uid() === 0;

/** Root may read every file, until it has given up the capabilities for that. */
const through = isRoot ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] : [];

testWith(
  isRoot ? "setpriv" : [],
  "examples/pass_file says in one line that it may not read the file",
  async () => {
    using dir = tempDir();
    const path = dir.join("private.txt");
    Deno.writeTextFileSync(path, "", { mode: 0 });
    const { code, errors, left } = await runExample("example", [path], { through });
    assertEquals({ code, left }, { code: 1, left: [] });
    assertMatch(errors, /^Cannot open ".*\/private.txt": .*$/);
  },
);

Deno.test("examples/pass_file leaves nothing behind when it is interrupted", async () => {
  const { code, errors, left } = await runExample("example", [], { interruptAt: "waits for" });
  assertEquals(left, []);
  assert(code === 0 || (code === 1 && errors === "Stopped by SIGINT"), errors);
});
