import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { nameOfUnixAddr, unixAddrOf } from "../../lib/address/unix_addr.ts";
import { InvalidAddressError } from "../../lib/errors.ts";
import { unix } from "../../mod.ts";
import { bytes, linuxTest, test } from "../util/cases.ts";
import { tempDir } from "../util/tempdir.ts";

const ODD = new Uint8Array([0, 0x65, 0x79, 0xff, 0xfe]);

test("unixAddrOf() gives text, and nameOfUnixAddr() the same name back", () => {
  assertEquals(unixAddrOf("unix", null), { transport: "unix", path: "" });
  const plain = unixAddrOf("unixpacket", bytes("/run/a"));
  assertEquals(plain, { transport: "unixpacket", path: "/run/a" });
  assertEquals(nameOfUnixAddr(plain), "/run/a");
  const odd = unixAddrOf("unix", ODD);
  assertEquals(odd.path, "\0ey\ufffd\ufffd");
  assertEquals(nameOfUnixAddr(odd), ODD);
  assertEquals(nameOfUnixAddr(unixAddrOf("unix", bytes("@\ufffd"))), bytes("./@\ufffd"));
});

test("nameOfUnixAddr() takes the path of a copy, and one that was set since", () => {
  const odd = unixAddrOf("unix", ODD);
  assertEquals(nameOfUnixAddr({ ...odd }), "\0ey\ufffd\ufffd");
  odd.path = "/other\ufffd";
  assertEquals(nameOfUnixAddr(odd), "/other\ufffd");
});

test("nameOfUnixAddr() keeps bytes of its own", () => {
  const given = ODD.slice();
  const odd = unixAddrOf("unix", given);
  given.fill(0x61);
  assertEquals(nameOfUnixAddr(odd), ODD);
});

test("an address of another kind of socket is refused", () => {
  using sender = unix.socket({ type: "dgram" });
  const table = [
    [{ transport: "tcp", path: "x" }, '"tcp" as `transport`'],
    [{ path: "x" }, "undefined as `transport`"],
    [{ transport: "unix", path: 5 }, "5 as `path`"],
    [{ transport: "unix", path: bytes("x") }, "a Uint8Array as `path`"],
  ] as const;
  for (const [to, why] of table) {
    const message = { data: new Uint8Array(1), to: to as never };
    assertThrows(() => sender.sendSync(message), InvalidAddressError, why);
  }
});

linuxTest("answers to `from` and `remoteAddr` reach names that are not UTF-8", async () => {
  using dir = tempDir();
  const path = new Uint8Array([...bytes(dir.join("a")), 0xff]);
  const abstract = new Uint8Array([...ODD, ...bytes(crypto.randomUUID())]);
  for (const name of [path, abstract]) {
    using client = unix.bind(name);
    using server = unix.bind("");
    using connected = await unix.connect(name, { type: "dgram" });
    client.sendSync({ data: bytes("?"), to: server.localAddress ?? "" });
    const message = server.receiveSync();
    const { from, fromAddress } = message ?? {};
    assertEquals(fromAddress, name);
    assertStringIncludes(from?.path ?? "", "\ufffd");
    for (const to of [from, fromAddress, connected.remoteAddr, client.localAddr]) {
      server.sendSync({ data: bytes("!"), to: to ?? "" });
      assertEquals(client.receiveSync()?.data, bytes("!"));
    }
  }
});
