import { assertEquals, assertThrows } from "@std/assert";
import { publishedFiles, read } from "../util/project.ts";
import { linesWithReason } from "./reasons.ts";

Deno.test("linesWithReason() finds lines behind a comment and between two", () => {
  const text = "a();\n// deno-coverage-ignore -- why\nb();\nc();\n" +
    "  // deno-coverage-ignore-start -- so\n  d();\n\n  e();\n  // deno-coverage-ignore-stop\nf();";
  assertEquals(linesWithReason(text), new Map([[3, "why"], [6, "so"], [8, "so"]]));
});

Deno.test("every comment that takes lines out of the coverage gives a reason", () => {
  assertThrows(() => linesWithReason("// deno-coverage-ignore\na();"), TypeError, "reason");
  for (const file of publishedFiles()) linesWithReason(read(file));
});
