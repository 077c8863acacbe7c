import { assertEquals } from "@std/assert";
import { unfit } from "../../ffi/runtime.ts";

Deno.test("unfit() takes Deno 2.7.12 and later", () => {
  for (
    const deno of [
      "2.7.12",
      "2.7.13",
      "2.8.0",
      "2.10.1",
      "3.0.0",
      "2.8.0+a1b2c3d",
      Deno.version.deno,
    ]
  ) {
    assertEquals(unfit({ Deno: { version: { deno } } }), undefined, deno);
  }
});

Deno.test("unfit() names older versions and other runtimes", () => {
  for (const deno of ["2.7.11", "2.7.0-rc.1", "2.6.99", "1.46.3"]) {
    assertEquals(unfit({ Deno: { version: { deno } } }), `Deno ${deno}`);
  }
  assertEquals(unfit({ process: { version: "v22.1.0" } }), "Node v22.1.0");
  assertEquals(unfit({ Bun: { version: "1.3.0" }, process: { version: "v24.0.0" } }), "Bun 1.3.0");
  assertEquals(unfit({}), "another runtime");
});
