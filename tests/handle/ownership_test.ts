/** One number, one owner: among all three classes. */

import { assertEquals, assertThrows } from "@std/assert";
import { Listener } from "../../lib/handle/listener.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { Socket } from "../../lib/handle/socket.ts";
import { dial } from "../../lib/dial/mod.ts";
import "../../lib/systemd/mod.ts";
import { listen } from "../../lib/unix/listen.ts";
import { socketpair } from "../../lib/unix/socketpair.ts";
import { connected, isOpen, test } from "../util/cases.ts";
import { tempDir } from "../util/tempdir.ts";

const { Busy } = Deno.errors;

test("adopt() refuses a number that another object owns, which keeps it", async () => {
  using dir = tempDir();
  using pair = connected();
  using listener = listen(dir.join("s"));
  using file = OwnedFd.open("/dev/null");
  assertThrows(() => Socket.adopt(pair.a.fd), Busy, `descriptor ${pair.a.fd}: a Socket owns it`);
  assertThrows(() => OwnedFd.adopt(pair.a.fd), Busy, "a Socket owns it already");
  assertThrows(() => Listener.adopt(listener.fd), Busy, "a Listener owns it already");
  assertThrows(() => OwnedFd.adopt(file.fd), Busy, "an OwnedFd owns it already");
  let failed: unknown;
  await dial("fd", String(pair.a.fd)).catch((error) => failed = error);
  assertEquals(failed instanceof Busy, true);
  await pair.a.write(new Uint8Array(1));
  assertEquals(await pair.b.read(new Uint8Array(2)), 1);
});

test("adopt() takes a detached number once", () => {
  const [a, b] = socketpair();
  using _b = b;
  const fd = a.detach();
  using adopted = Socket.adopt(fd);
  assertThrows(() => Socket.adopt(fd), Busy);
  assertThrows(() => OwnedFd.adopt(fd), Busy);
  using again = OwnedFd.adopt(adopted.detach());
  assertEquals(isOpen(again.fd), true);
});

test("adopt() takes a number again that close() has freed", () => {
  using pair = connected();
  const first = OwnedFd.open("/dev/null");
  const { fd } = first;
  first.close();
  using second = OwnedFd.open("/dev/null");
  assertEquals(second.fd, fd);
  using adopted = OwnedFd.adopt(second.detach());
  assertEquals(adopted.fd, fd);
  assertEquals(isOpen(pair.a.fd), true);
});

test("asSocket() and asListener() move the number, and leave it where they fail", () => {
  const [a, b] = socketpair();
  using _b = b;
  using file = OwnedFd.adopt(a.detach());
  assertThrows(() => file.asListener(), TypeError);
  assertThrows(() => Socket.adopt(file.fd), Busy, "an OwnedFd owns it");
  using socket = file.asSocket();
  assertThrows(() => OwnedFd.adopt(socket.fd), Busy, "a Socket owns it");
});
