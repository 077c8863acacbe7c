// The example in examples/qemu, with a real QEMU.

import { assertEquals, assertMatch } from "@std/assert";
import { testWith } from "../util/peers.ts";
import { runExample } from "./run.ts";

testWith("qemu-system-x86_64", "examples/qemu passes descriptors that QEMU uses", async () => {
  const { code, lines, errors, left } = await runExample("example:qemu");
  assertEquals({ code, errors, left }, { code: 0, errors: "", left: [] });
  assertMatch(lines[0] ?? "", /^add-fd: \{"fd":\d+,"fdset-id":1\}$/);
  assertEquals(
    lines[1],
    "blockdev-add: a disk of 1048576 bytes, opened from /dev/fdset/1",
  );
  assertMatch(lines[2] ?? "", /^getfd, migrate: \d+ bytes of state, which begin with QEVM$/);
  assertEquals(lines.slice(3), ["quit: QEMU has ended with 0"]);
});

testWith("qemu-system-x86_64", "examples/qemu leaves nothing behind when interrupted", async () => {
  const { left } = await runExample("example:qemu", [], { interruptAt: "add-fd" });
  assertEquals(left, []);
});
