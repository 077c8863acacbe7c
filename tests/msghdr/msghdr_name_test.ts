/** The name of a `Msghdr`: an address to send to, or the sender's. */

import { assertEquals, assertNotStrictEquals, assertThrows } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { type Address, InvalidAddressError, unix } from "../../mod.ts";
import { bind, socket } from "../../ffi/syscalls/sockets.ts";
import { encodeSockaddr } from "../../lib/address/sockaddr.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { Msghdr } from "../../lib/msghdr/msghdr.ts";
import { recvmsgSync, sendmsgSync } from "../../lib/msghdr/calls.ts";
import { bytes, connected, linuxTest, test, text } from "../util/cases.ts";
import { tempDir } from "../util/tempdir.ts";
import { received } from "./received.ts";

Deno.test("name takes what an address can be, and gives it back", () => {
  using message = new Msghdr();
  const table: readonly [Address | null, Address | null][] = [
    ["/run/a", "/run/a"],
    ["./@a", "./@a"],
    [bytes("/run/a"), "/run/a"],
    [new URL("unix:///run/a%20b"), "/run/a b"],
    [null, null],
    [new Uint8Array([0x2f, 0xff]), new Uint8Array([0x2f, 0xff])],
  ];
  for (const [set, got] of table) {
    message.name = set;
    assertEquals(message.name, got);
  }
  for (const wrong of ["a\0b", 7 as unknown as string, "\ud800"]) {
    assertThrows(() => message.name = wrong, InvalidAddressError);
  }
});

linuxTest("name is the sender's, byte for byte, and leads back to it", () => {
  const receiver = unix.bind("");
  const back = receiver.localAddress ?? new Uint8Array(0);
  for (const own of ["\0a\0b", new Uint8Array([0, 0xff, 0]), "\0\ufeff"]) {
    const address = typeof own === "string"
      ? own + Deno.pid
      : new Uint8Array([...own, Deno.pid & 255]);
    using sender = unix.bind(address);
    sender.sendSync({ data: bytes("ping"), to: back });
    using message = received(receiver, 0);
    assertNotStrictEquals(message.name, null);
    using reply = new Msghdr();
    reply.addVector(bytes("pong"));
    reply.name = message.name;
    sendmsgSync(receiver, reply);
    assertEquals(text(sender.receiveSync()?.data), "pong");
  }
  receiver.close();
});

linuxTest("name of a sender whose path starts with @ leads back to it", () => {
  using dir = tempDir();
  using receiver = unix.bind(dir.join("inbox"));
  const flags = { cloexec: true, nonblocking: false };
  using sender = OwnedFd.adopt(socket(platform.SOCK_DGRAM, flags)).asSocket();
  const previous = Deno.cwd();
  Deno.chdir(dir.path);
  try {
    // Another program does not know that "@" is special here.
    const name = { kind: "path", bytes: bytes("@sender") } as const;
    assertEquals(bind(sender.fd, encodeSockaddr(name, platform)), 0);
    sender.sendSync({ data: bytes("ping"), to: "inbox" });
    using message = received(receiver, 0);
    assertEquals(message.name, "./@sender");
    using reply = new Msghdr();
    reply.addVector(bytes("pong"));
    reply.name = message.name;
    sendmsgSync(receiver, reply);
    assertEquals(text(sender.receiveSync()?.data), "pong");
    assertEquals(sender.localAddr.path, "./@sender");
    assertEquals(sender.localAddress, bytes("@sender"));
  } finally {
    Deno.chdir(previous);
  }
});

test("name is null for a sender without one", () => {
  using pair = connected("dgram");
  pair.a.writeSync(bytes("a"));
  using message = new Msghdr();
  message.name = "/run/a";
  message.addVector(new Uint8Array(1));
  recvmsgSync(pair.b, message);
  assertEquals(message.name, null);
});
