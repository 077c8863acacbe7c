import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { chart } from "../bench/harness/chart.ts";
import type { Report } from "../bench/harness/report.ts";
import { digits, median } from "../bench/harness/stats.ts";
import { tempDir } from "./util/tempdir.ts";

const main = new URL("../bench/main.ts", import.meta.url).pathname;

function bench(...args: string[]): Promise<Deno.CommandOutput> {
  return new Deno.Command(Deno.execPath(), { args: ["run", "-A", main, ...args] }).output();
}

async function quickRun(folder: string, ...args: string[]): Promise<[string, Report]> {
  const json = `${folder}/out.json`;
  const common = ["--quick", "--rounds", "1", "--json", json, "--svg", folder];
  const output = await bench(...args, ...common);
  assert(output.success, new TextDecoder().decode(output.stderr));
  const report = JSON.parse(await Deno.readTextFile(json)) as Report;
  return [new TextDecoder().decode(output.stdout), report];
}

Deno.test("bench writes a table, JSON and a chart of the works asked for", async () => {
  using folder = tempDir();
  const args = ["roundtrip", "connect", "--peers", "module,deno,deno-node"];
  const [table, report] = await quickRun(folder.path, ...args);
  assertEquals(report.works.map(({ name }) => name), ["roundtrip", "connect"]);
  for (const work of report.works) {
    assertEquals(work.absent, []);
    assertEquals(work.rows.map(({ id }) => id), ["module", "deno", "deno-node"]);
    assert(work.rows.every(({ samples, median }) => samples.length === 1 && median > 0));
    assertEquals(work.targets.map(({ subject, against }) => [subject, against]), [
      ["module", "deno"],
    ]);
    assertStringIncludes(table, `${work.name}: ${work.title}`);
    assertMatch(await Deno.readTextFile(folder.join(`${work.name}.svg`)), /^<svg [^]+<\/svg>\n$/);
  }
  assertEquals(report.machine.deno, Deno.version.deno);
});

Deno.test("bench names what a peer cannot do", async () => {
  using folder = tempDir();
  const [table, report] = await quickRun(folder.path, "seqpacket", "--peers", "module,deno");
  const absent = report.works.flatMap((work) => work.absent);
  assertEquals(absent.map(({ id, kind }) => [id, kind]), [["deno", "cannot"]]);
  assertStringIncludes(table, "Deno's own: cannot: ");
});

Deno.test("bench refuses unknown names", async () => {
  for (
    const args of [["nothing"], ["--nothing=1"], ["--rounds=0"], ["--beside", "x"], ["--json"]]
  ) {
    const output = await bench(...args);
    assertEquals(output.code, 2);
    assertStringIncludes(new TextDecoder().decode(output.stderr), "Usage: deno task bench");
  }
});

Deno.test("chart() escapes text in the markup", () => {
  const row = { id: "module", label: `<&">`, median: 1, min: 1, max: 2, samples: [1] };
  const work = { name: "a", title: "a < b", unit: "µs", baseline: "c", absent: [], targets: [] };
  const report: Report = {
    machine: { processor: "p", processors: 1, system: "s", deno: "2", v8: "1", date: "d" },
    rounds: 1,
    roundTime: 1,
    works: [],
  };
  const svg = chart({ ...work, better: "lower", chart: "bars", rows: [row] }, report);
  assertStringIncludes(svg, "a &#60; b");
  assertStringIncludes(svg, "&#60;&#38;&#34;&#62;");
});

Deno.test("median() of odd, even and no values", () => {
  assertEquals(median([3, 1, 2]), 2);
  assertEquals(median([4, 1, 3, 2]), 2.5);
  assertEquals(median([]), NaN);
});

Deno.test("digits() keeps three", () => {
  assertEquals([0, 0.01234, 1.234, 12.34, 1234.5, NaN].map(digits), [
    "0",
    "0.0123",
    "1.23",
    "12.3",
    "1235",
    "–",
  ]);
});
