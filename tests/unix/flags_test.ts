import { assertEquals } from "@std/assert";
import { newSocketFlags } from "../../lib/unix/flags.ts";

Deno.test("newSocketFlags() closes on exec and blocks by default", () => {
  assertEquals(newSocketFlags({}), { cloexec: true, nonblocking: false });
  assertEquals(newSocketFlags({ cloexec: false }), { cloexec: false, nonblocking: false });
  assertEquals(newSocketFlags({ nonblocking: true }), { cloexec: true, nonblocking: true });
});
