import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { dial } from "../../lib/dial/mod.ts";
import { resolveVsock } from "../../lib/dial/vsock.ts";
import { needPeer, testWith } from "../util/peers.ts";

const MODULE = new URL("../../lib/dial/mod.ts", import.meta.url).href;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

Deno.test("resolveVsock() takes CID and port, of which the address's own goes first", () => {
  const table = [
    ["2:1024", "", 2, 1024],
    ["2", "1024", 2, 1024],
    ["2:1024", "80", 2, 1024],
    ["4294967294:4294967294", "", 4294967294, 4294967294],
    ["0:0", "", 0, 0],
  ] as const;
  for (const [address, service, cid, port] of table) {
    assertEquals(resolveVsock(address, service), { cid, port });
  }
});

Deno.test("resolveVsock() refuses everything else, and says what is wrong", () => {
  const malformed = [
    "",
    "host:1",
    "2:",
    ":1024",
    "2:x",
    "-1:1",
    "2:1024:3",
    "[2]:1",
    " 2:1",
    "2.5:1",
  ];
  for (const address of malformed) {
    assertThrows(() => resolveVsock(address, "1"), TypeError, "over vsock");
  }
  assertThrows(() => resolveVsock("2", ""), TypeError, "it has no port");
  assertThrows(() => resolveVsock("2", "http"), TypeError, "it has no port");
  for (const address of ["4294967295:1", "1:4294967295", "2:99999999999"]) {
    assertThrows(() => resolveVsock(address, ""), RangeError, "is not from 0 to 4294967294");
  }
});

Deno.test("dial() over vsock rejects a wrong address before Deno is asked", async () => {
  await assertRejects(() => dial("vsock", "2"), TypeError, "it has no port");
  await assertRejects(() => dial("vsock", "x:1"), TypeError, '"2:1024"');
});

testWith(
  "strace",
  "dial() over vsock connects to the machine and port of its address",
  async () => {
    // Port 0 of machine 1 may be unreachable; the call that the kernel gets is what counts.
    const program = `
    import { dial, dialUri } from ${JSON.stringify(MODULE)};
    const signal = AbortSignal.timeout(500);
    await Promise.allSettled([dial("vsock", "1:70000", "", { signal }), dialUri("vsock:1:70001", { signal })]);
    Deno.exit();`;
    const { stderr } = await new Deno.Command(needPeer("strace").command, {
      args: ["-f", "-e", "trace=connect", Deno.execPath(), "eval", "--config", CONFIG]
        .concat("--unstable-vsock", program),
      stdin: "null",
    }).output();
    const calls = new TextDecoder().decode(stderr);
    for (const port of ["0x11170", "0x11171"]) {
      assertStringIncludes(
        calls,
        `{sa_family=AF_VSOCK, svm_cid=VMADDR_CID_LOCAL, svm_port=${port}`,
      );
    }
  },
);
