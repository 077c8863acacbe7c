import { assert, assertEquals } from "@std/assert";
import { capabilities } from "./probe/capabilities.ts";
import { probe } from "./probe/main.ts";
import { noLeaks } from "./util/descriptors.ts";

Deno.test(
  "probe() tries everything and leaks nothing",
  noLeaks(async () => {
    const findings = await probe();
    assertEquals(findings.map(({ name }) => name), capabilities.map(({ name }) => name));
    assert(findings.find(({ name }) => name === "passing descriptors")?.works);
  }),
);

Deno.test("README has a row for everything that is probed", async () => {
  const readme = await Deno.readTextFile(new URL("../README.md", import.meta.url));
  const missing = capabilities.filter(({ name }) => !readme.includes(`| ${name} `));
  assertEquals(missing, []);
});
