/**
 * What happens when an unprivileged process has too many descriptors in flight. To be run without
 * capabilities and with few descriptors.
 *
 * @module
 */

import { assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { SyscallError } from "../../mod.ts";
import { DATA } from "./place.ts";
import { pair } from "../util/cases.ts";

using stack = new DisposableStack();
const [a, b] = pair(stack, "seqpacket");
a.sendBufferSize = 1 << 20;
const files = Array.from({ length: 50 }, () => 0);

/** Send until the kernel refuses: how many descriptors are in flight. */
async function flood(): Promise<[number, unknown]> {
  for (let sent = 0;; sent += files.length) {
    try {
      await a.send({ data: DATA, files });
    } catch (error) {
      return [sent, error];
    }
  }
}

for (let round = 0; round < 3; round++) {
  let sent = 0;
  // The kernel counts what all processes of a user have in flight: another one may have made space meanwhile.
  for (let refusals = 0; refusals < 2; refusals++) {
    const [more, error] = await flood();
    sent += more;
    assertInstanceOf(error, SyscallError);
    assertEquals({ code: error.code, syscall: error.syscall }, {
      code: "ETOOMANYREFS",
      syscall: "sendmsg",
    });
    assertStringIncludes(error.message, "in flight");
  }
  // Plain data is not concerned.
  await a.send({ data: DATA });
  let received = 0;
  for (;;) {
    using message = await b.receive({ files: files.length });
    if (message?.files.length === 0) break;
    received += message?.files.length ?? 0;
    assertEquals(message?.data, DATA);
  }
  assertEquals(received, sent);
  console.log(`${sent} descriptors in flight, all received`);
}
