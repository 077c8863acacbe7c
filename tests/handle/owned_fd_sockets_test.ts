/** `OwnedFd` that becomes a `Socket` or a `Listener`. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { constants } from "../../lib/unix/constants.ts";
import { libc } from "../../ffi/libc.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { Listener } from "../../lib/handle/listener.ts";
import { Socket } from "../../lib/handle/socket.ts";
import { listen } from "../../lib/unix/listen.ts";
import { bytes, connected, isOpen, isPending, test } from "../util/cases.ts";
import { tempDir } from "../util/tempdir.ts";

test("asSocket() turns a socket into a Socket that owns it", async () => {
  using pair = connected();
  const file = OwnedFd.adopt(pair.a.detach());
  const { fd } = file;
  using socket = file.asSocket();
  assert(socket instanceof Socket);
  assertEquals({ fd: socket.fd, type: socket.type }, { fd, type: "stream" });
  assertThrows(() => file.fd, Deno.errors.BadResource);
  file.close();
  pair.b.writeSync(bytes("abc"));
  assertEquals(await socket.read(new Uint8Array(8)), 3);
});

test("asSocket() ends what waited on the OwnedFd with BadResource", async () => {
  using pair = connected();
  const file = OwnedFd.adopt(pair.a.detach());
  const read = file.read(new Uint8Array(1));
  assertEquals(await isPending(read), true);
  using _socket = file.asSocket();
  await assertRejects(() => read, Deno.errors.BadResource);
});

test("asListener() turns a listening socket into a Listener that owns it", async () => {
  using dir = tempDir();
  const file = OwnedFd.adopt(listen(dir.join("a")).detach());
  const { fd } = file;
  using listener = file.asListener();
  assert(listener instanceof Listener);
  assertEquals({ fd: listener.fd, path: listener.addr.path }, { fd, path: dir.join("a") });
  assertThrows(() => file.fd, Deno.errors.BadResource);
  using client = await Deno.connect({ transport: "unix", path: dir.join("a") });
  using server = await listener.accept();
  await client.write(bytes("a"));
  assertEquals(await server.read(new Uint8Array(8)), 1);
});

test("asSocket() and asListener() refuse anything else, which stays open and owned", () => {
  using dir = tempDir();
  using pair = connected();
  using tcp = OwnedFd.adopt(libc().socket(constants.AF_INET, platform.SOCK_STREAM, 0));
  using file = OwnedFd.open("/dev/null");
  using socket = OwnedFd.adopt(pair.a.detach());
  using listener = OwnedFd.adopt(listen(dir.join("a")).detach());
  for (const it of [file, tcp, listener]) {
    assertThrows(() => it.asSocket(), TypeError, `Cannot adopt descriptor ${it.fd}`);
    assertEquals(isOpen(it.fd), true);
  }
  for (const it of [file, tcp, socket]) {
    assertThrows(() => it.asListener(), TypeError, `Cannot adopt descriptor ${it.fd}`);
    assertEquals(isOpen(it.fd), true);
  }
});
