import { assertEquals } from "@std/assert";
import type { RunLines } from "../coverage/lines.ts";
import { Choice } from "./choice.ts";

function run(
  test: string,
  seconds: number,
  lines: number[],
  more: Partial<RunLines> = {},
): RunLines {
  return { test, seconds, passed: true, lines: { "lib/a/b.ts": lines }, ...more };
}

const runs = [
  run("tests/x/slow_test.ts", 9, [1, 2]),
  run("tests/x/quick_test.ts", 1, [1, 2]),
  run("tests/a/c_test.ts", 5, [2]),
  run("tests/a/c_test.ts", 1, [2], { preload: "bsd.ts" }),
  run("tests/a/b_test.ts", 5, [1]),
  run("tests/x/broken_test.ts", 1, [1, 2], { passed: false }),
];
const text = "a();\nb();\n}\nd();";
const coverage = {
  runs,
  runnable: { "lib/a/b.ts": [1, 2, 4] },
  sources: { "lib/a/b.ts": text },
};

function chosen(line: number, seconds: number, now = text): string[] {
  const choice = new Choice(coverage, () => now);
  return choice.runsFor({ file: "lib/a/b.ts", line }, seconds)
    .map(({ test, preload }) => test.slice("tests/".length, -"_test.ts".length) + (preload ?? ""));
}

Deno.test("runsFor() asks the test of the same name, its folder, and then quick ones that run the line", () => {
  assertEquals(chosen(2, Infinity), ["a/b", "a/c", "x/quick", "x/slow", "a/cbsd.ts"]);
  assertEquals(chosen(1, Infinity), ["a/b", "x/quick", "x/slow"]);
});

Deno.test("runsFor() stops after so many seconds, but leaves the test of the same name in", () => {
  assertEquals(chosen(2, 12), ["a/b", "a/c", "x/quick"]);
  assertEquals(chosen(2, 1), ["a/b"]);
});

Deno.test("runsFor() asks all that run the file where lines are unknown", () => {
  assertEquals(chosen(1, Infinity, "c();"), ["a/b", "a/c", "x/quick", "x/slow", "a/cbsd.ts"]);
  assertEquals(chosen(3, Infinity), ["a/b", "a/c", "x/quick", "x/slow", "a/cbsd.ts"]);
});

Deno.test("runsFor() asks all that run the file where none was seen to run the line", () => {
  assertEquals(chosen(4, Infinity), ["a/b", "a/c", "x/quick", "x/slow", "a/cbsd.ts"]);
});

Deno.test("runsFor() finds a line again that has moved", () => {
  assertEquals(chosen(4, Infinity, "// More.\n\na();\n  b();"), [
    "a/b",
    "a/c",
    "x/quick",
    "x/slow",
    "a/cbsd.ts",
  ]);
  assertEquals(chosen(3, Infinity, "// More.\n\na();\n  b();"), ["a/b", "x/quick", "x/slow"]);
});

Deno.test("runsFor() asks those that looked at a condition, too, after those that met it", () => {
  const file = "lib/a/b.ts";
  const lines = ["function a() {", "  b();", "  if (c) d();", "  e();", "}", "function f() {"];
  const coverage = {
    runs: [
      run("tests/x/loads_test.ts", 1, [1, 6]),
      run("tests/x/looks_test.ts", 1, [1, 2, 4, 6]),
      run("tests/x/meets_test.ts", 9, [1, 2, 3, 4, 6]),
    ],
    runnable: { [file]: [1, 2, 3, 4, 5, 6] },
    sources: { [file]: lines.join("\n") },
  };
  const choice = new Choice(coverage, () => lines.join("\n"));
  const asked = (line: number): string[] =>
    choice.runsFor({ file, line }, Infinity).map(({ test }) => test.slice(8, -8));
  assertEquals(asked(3), ["meets", "looks"]);
  assertEquals(asked(2), ["looks", "meets"]);
});

Deno.test("runsFor() asks tests of the same name in other folders", () => {
  const other = run("tests/other/b_test.ts", 1, []);
  const choice = new Choice({ ...coverage, runs: [...runs, other] }, () => text);
  const [first, second] = choice.runsFor({ file: "lib/a/b.ts", line: 1 }, 12);
  assertEquals({ firstTest: first?.test, secondTest: second?.test }, {
    firstTest: "tests/a/b_test.ts",
    secondTest: "tests/other/b_test.ts",
  });
});
