import { assertEquals, assertThrows } from "@std/assert";
import { adoptInherited, requireInherited } from "../../lib/systemd/inherited.ts";
import { connected, test } from "../util/cases.ts";

test("an inherited number that an object owns already is refused, and stays as it is", () => {
  using pair = connected();
  pair.a.closeOnExec = false;
  for (const use of [requireInherited, adoptInherited]) {
    assertThrows(() => use(pair.a.fd), Deno.errors.Busy, "a Socket owns it already");
  }
  assertEquals(pair.a.closeOnExec, false);
});
