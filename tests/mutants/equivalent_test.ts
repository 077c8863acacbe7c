import { assert, assertEquals } from "@std/assert";
import { read } from "../util/project.ts";
import { changesOf } from "./changes.ts";
import { LABELS, TUNING, whyNot } from "./equivalent.ts";
import { PLACES } from "./places.ts";

Deno.test("every place that is listed as not to be changed exists", () => {
  for (const [file, names] of [...Object.entries(TUNING), ...Object.entries(LABELS)]) {
    const known = new Set(changesOf(file, read(file)).flatMap((it) => it.names));
    assertEquals(names.filter((it) => !known.has(it)), [], file);
  }
  for (const [file, places] of Object.entries(PLACES)) {
    const changes = changesOf(file, read(file));
    for (const { line, was } of places) {
      const found = changes
        .some((it) => it.lineText === line && it.was === was && whyNot(it) !== undefined);
      assert(found, `${file}: ${line}`);
    }
  }
});
