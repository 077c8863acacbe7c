import { assertEquals } from "@std/assert";
import { parseLcov, ranges } from "./lcov.ts";

Deno.test("parseLcov() reads how often each line ran", () => {
  const text = "SF:/a.ts\nFN:1,f\nDA:1,4\nDA:2,0\nend_of_record\nSF:/b.ts\nDA:7,1\nend_of_record";
  assertEquals(
    parseLcov(text),
    new Map([
      ["/a.ts", new Map([[1, 4], [2, 0]])],
      ["/b.ts", new Map([[7, 1]])],
    ]),
  );
});

Deno.test("ranges() joins lines that follow each other", () => {
  assertEquals(ranges([1, 3, 4, 5, 9]), "1, 3-5, 9");
  assertEquals(ranges([]), "");
});
