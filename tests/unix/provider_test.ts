import {
  assert,
  assertEquals,
  assertFalse,
  assertObjectMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import "../../lib/unix/provider.ts";
import { dial, dialUri, registerProtocol } from "../../lib/dial/mod.ts";
import { InvalidAddressError } from "../../lib/errors.ts";
import { bind } from "../../lib/unix/bind.ts";
import { connect, connectSync } from "../../lib/unix/connect.ts";
import { listen } from "../../lib/unix/listen.ts";
import { Socket } from "../../lib/handle/socket.ts";
import { bytes, isPending, linuxTest, test, turn } from "../util/cases.ts";
import { countDescriptors } from "../util/descriptors.ts";
import { tempDir } from "../util/tempdir.ts";

test('dial("unix") connects a stream socket', async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"));
  using client = await dial("unix", dir.join("a"));
  using server = await listener.accept();
  assert(client instanceof Socket);
  assertEquals({ type: client.type, path: client.remoteAddr.path }, {
    type: "stream",
    path: dir.join("a"),
  });
  await client.write(bytes("a"));
  assertEquals(await server.read(new Uint8Array(8)), 1);
});

linuxTest('dial("unixpacket") connects a seqpacket socket', async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"), { type: "seqpacket" });
  using client = await dial("unixpacket", dir.join("a"));
  using _server = await listener.accept();
  assert(client instanceof Socket);
  assertEquals(client.type, "seqpacket");
});

test('dial("unixgram") connects a datagram socket', async () => {
  using dir = tempDir();
  using receiver = bind(dir.join("a"));
  using client = await dial("unixgram", dir.join("a"));
  assert(client instanceof Socket);
  assertEquals(client.type, "dgram");
  await client.write(bytes("abc"));
  assertEquals(await receiver.read(new Uint8Array(8)), 3);
});

test('dial("unix") ignores a service: paths have none', async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"));
  using _client = await dial("unix", dir.join("a"), "http");
  using _server = await listener.accept();
});

test('dial("unix") passes the signal on', async () => {
  const signal = AbortSignal.abort("before");
  assertEquals(await assertRejects(() => dial("unix", "/run/a", "", { signal })), "before");
});

test('dial("unix") fails as connect() does', async () => {
  using dir = tempDir();
  const error = await assertRejects(() => dial("unix", dir.join("a")), Deno.errors.NotFound);
  assert("code" in error && "syscall" in error && "address" in error);
  assertObjectMatch(error, { code: "ENOENT", syscall: "connect", address: dir.join("a") });
});

test("dialUri() connects to a unix: URI", async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a b"));
  for (const uri of [`unix://${dir.join("a%20b")}`, new URL(`unix:${dir.join("a b")}`)]) {
    using _client = await dialUri(uri);
    using _server = await listener.accept();
  }
});

Deno.test("the protocols of Unix sockets are taken", () => {
  for (const name of ["unix", "unixpacket", "unixgram"]) {
    assertThrows(() => registerProtocol(name, () => Promise.reject(new Error("no"))), Error, name);
  }
});

test("a wrong unix: URL is an InvalidAddressError of connect() and dialUri(), without its password", async () => {
  const urls = [
    "unix://user:SECRET@host/x",
    "unix://user:SECRET@localhost/x?",
    "unix://user:SECRET@localhost/x#",
    "unix://host:80/x",
    "unix:runtime=yes",
    "unix:dir=/tmp",
  ];
  for (const url of urls) {
    for (const attempt of [() => connect(new URL(url)), () => dialUri(url)]) {
      const { message } = await assertRejects(attempt, InvalidAddressError);
      assertFalse(message.includes("SECRET"), message);
      assertStringIncludes(message, url.replace("user:SECRET@", ""));
    }
  }
  for (const url of ["http+unix://SECRET@%2Frun%2Fx/", "https://user:SECRET@example.org/"]) {
    const { message } = await assertRejects(() => connect(new URL(url)), InvalidAddressError);
    assertFalse(message.includes("SECRET"), message);
  }
});

linuxTest("dialUri() reaches a path that is not UTF-8", async () => {
  using dir = tempDir();
  const prefix = bytes(`${dir.path}/`);
  using listener = listen(new Uint8Array([...prefix, 0xff]));
  using client = await dialUri(`unix:${dir.path}/%ff`);
  using server = await listener.accept();
  await client.write(bytes("a"));
  assertEquals(await server.read(new Uint8Array(8)), 1);
});

linuxTest(
  "dial() that is aborted while the server's queue is full closes its socket",
  async () => {
    using dir = tempDir();
    using _listener = listen(dir.join("a"), { backlog: 0 });
    using _first = connectSync(dir.join("a"));
    const abort = new AbortController();
    const pending = dial("unix", dir.join("a"), "", { signal: abort.signal });
    assertEquals(await isPending(pending), true);
    const open = countDescriptors();
    abort.abort(new Error("enough"));
    await assertRejects(() => pending, Error, "enough");
    while (countDescriptors() >= open) await turn();
  },
);
