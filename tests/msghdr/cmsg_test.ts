import { assertEquals, assertThrows } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { cmsgLen, cmsgSpace } from "../../lib/msghdr/cmsg.ts";
import * as msghdr from "../../lib/msghdr/mod.ts";
import { Msghdr, recvmsgSync } from "../../mod.ts";
import { bytes, connected, linuxTest } from "../util/cases.ts";

Deno.test("cmsgLen() and cmsgSpace() are CMSG_LEN and CMSG_SPACE of this platform", () => {
  const header = cmsgLen(0);
  const align = platform.cmsgAlignment;
  for (const length of [0, 1, 4, 7, 8, 12, 1012]) {
    assertEquals(cmsgLen(length), header + length);
    assertEquals(cmsgSpace(length), header + Math.ceil(length / align) * align);
  }
  assertEquals({ cmsgLen: msghdr.cmsgLen, cmsgSpace: msghdr.cmsgSpace }, { cmsgLen, cmsgSpace });
});

Deno.test("cmsgLen() and cmsgSpace() refuse what is no length", () => {
  for (const wrong of [-1, 0.5, NaN, 131073, "4"] as number[]) {
    assertThrows(() => cmsgLen(wrong), RangeError, "from 0 to 131072");
    assertThrows(() => cmsgSpace(wrong), RangeError, "from 0 to 131072");
  }
});

linuxTest("cmsgSpace() is the capacity that credentials need", () => {
  using pair = connected();
  pair.b.passCredentials = true;
  for (const [controlCapacity, length] of [[cmsgSpace(12), 12], [cmsgSpace(12) - 8, 8]] as const) {
    pair.a.writeSync(bytes("a"));
    using message = new Msghdr({ controlCapacity });
    message.addVector(new Uint8Array(1));
    recvmsgSync(pair.b, message);
    assertEquals([...message.controls()].map(({ data }) => data.byteLength), [length]);
  }
});
