import {
  assert,
  assertEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { SyscallError } from "../../lib/errors.ts";
import type { Address } from "../../lib/address/sockaddr.ts";
import { Socket } from "../../lib/handle/socket.ts";
import { bind } from "../../lib/unix/bind.ts";
import { connect, type ConnectOptions, connectSync } from "../../lib/unix/connect.ts";
import { listen } from "../../lib/unix/listen.ts";
import { InvalidAddressError } from "../../mod.ts";
import { bytes, isPending, linuxTest, test, text, turn } from "../util/cases.ts";
import { countDescriptors } from "../util/descriptors.ts";
import { withoutRights } from "../util/limits.ts";
import { isInherited, isNonblocking } from "../util/inherited.ts";
import { tempDir } from "../util/tempdir.ts";

type Connect = (address: Address, options?: ConnectOptions) => Promise<Socket>;

const twins: Readonly<Record<string, Connect>> = {
  connect,
  connectSync: (address, options) => Promise.try(connectSync, address, options),
};

for (const [name, open] of Object.entries(twins)) {
  test(`${name}() connects to a path given as text, bytes or URL`, async () => {
    using dir = tempDir();
    using listener = listen(dir.join("a"));
    const path = dir.join("a");
    for (const address of [path, bytes(path), new URL(`unix://${path}`), new URL(`unix:${path}`)]) {
      using client = await open(address);
      using server = await listener.accept();
      assertEquals({
        type: client.type,
        remoteAddr: client.remoteAddr,
        localAddr: client.localAddr,
      }, {
        type: "stream",
        remoteAddr: { transport: "unix", path },
        localAddr: { transport: "unix", path: "" },
      });
      assertEquals({ remoteAddress: client.remoteAddress, localAddress: client.localAddress }, {
        remoteAddress: bytes(path),
        localAddress: null,
      });
      assertEquals(
        { localAddrPath: server.localAddr.path, remoteAddrPath: server.remoteAddr.path },
        { localAddrPath: path, remoteAddrPath: "" },
      );
    }
  });

  linuxTest(`${name}() connects to an abstract name in all bytes`, async () => {
    const unique = `denet-${Deno.pid}`;
    const names: Address[] = [
      `@${unique}`,
      `\0${unique}\0`,
      new Uint8Array([0, 0xff, 0, ...bytes(unique)]),
      "@" + unique.padEnd(107, "x"),
      new URL(`unix:@${unique}%00%ff`),
    ];
    for (const address of names) {
      using listener = listen(address);
      using client = await open(address);
      using server = await listener.accept();
      assertEquals(client.remoteAddress, listener.localAddress);
      assertEquals(server.localAddress, listener.localAddress);
      assertEquals(client.remoteAddr.path.startsWith("\0"), true);
    }
  });

  test(`${name}() passes nothing on to other programs by default, and O_NONBLOCK on request`, async () => {
    using dir = tempDir();
    using listener = listen(dir.join("a"));
    for (const flags of [{}, { cloexec: false }, { nonblocking: true }, { nonblocking: false }]) {
      using client = await open(dir.join("a"), flags);
      using server = await listener.accept();
      const { cloexec = true, nonblocking = false } = flags as ConnectOptions;
      assertEquals(
        { isInherited: isInherited(client.fd), isNonblocking: isNonblocking(client.fd) },
        { isInherited: !cloexec, isNonblocking: nonblocking },
      );
      const read = client.read(new Uint8Array(8));
      await server.write(bytes("ab"));
      assertEquals(await read, 2);
      server.writeSync(bytes("c"));
      assertEquals(client.readSync(new Uint8Array(8)), 1);
    }
  });

  test(`${name}() fails with the error that fits, and leaves nothing open`, async () => {
    using dir = tempDir();
    Deno.writeTextFileSync(dir.join("file"), "");
    Deno.symlinkSync("loop", dir.join("loop"));
    Deno.symlinkSync("nowhere", dir.join("dangling"));
    listen(dir.join("stale"), { unlinkOnClose: false }).close();
    using _listener = listen(dir.join("stream"));
    const table: readonly [string, new (...args: never[]) => Error, string, ConnectOptions?][] = [
      ["none", Deno.errors.NotFound, "ENOENT"],
      ["none/a", Deno.errors.NotFound, "ENOENT"],
      ["dangling", Deno.errors.NotFound, "ENOENT"],
      ["file", Deno.errors.ConnectionRefused, "ECONNREFUSED"],
      ["stale", Deno.errors.ConnectionRefused, "ECONNREFUSED"],
      ["file/a", Deno.errors.NotADirectory, "ENOTDIR"],
      ["loop", Deno.errors.FilesystemLoop, "ELOOP"],
      ["stream", SyscallError, "EPROTOTYPE", { type: "dgram" }],
    ];
    for (const [path, expected, code, options] of table) {
      const before = countDescriptors();
      const error = await assertRejects(() => open(dir.join(path), options), expected, "Cannot");
      assert("code" in error && "syscall" in error && "address" in error && "errno" in error);
      assertObjectMatch(error, { code: code, syscall: "connect", address: dir.join(path) });
      assertEquals(countDescriptors(), before, path);
    }
  });

  linuxTest(`${name}() to a socket of another type says so`, async () => {
    using dir = tempDir();
    using _listener = listen(dir.join("a"));
    using _receiver = bind(dir.join("b"));
    for (const [path, type] of [["a", "seqpacket"], ["b", "stream"], ["b", "seqpacket"]] as const) {
      const error = await assertRejects(() => open(dir.join(path), { type }), SyscallError);
      assertEquals(error.code, "EPROTOTYPE");
    }
  });

  test(`${name}() throws PermissionDenied without the right to write to the socket file`, async () => {
    using dir = tempDir();
    using _listener = listen(dir.join("a"), { mode: 0o400 });
    Deno.chmodSync(dir.path, 0o755);
    const attempt = (): Promise<unknown> => withoutRights(() => open(dir.join("a")));
    const error = await assertRejects(attempt, Deno.errors.PermissionDenied);
    assert("code" in error && "address" in error);
    assertObjectMatch(error, { code: "EACCES", address: dir.join("a") });
    Deno.chmodSync(dir.path, 0o700);
    await assertRejects(attempt, Deno.errors.PermissionDenied);
  });

  Deno.test(`${name}() refuses wrong arguments before any system call`, async () => {
    const wrong: readonly [unknown, ConnectOptions, new (...args: never[]) => Error][] = [
      ["", {}, InvalidAddressError],
      ["/a\0b", {}, InvalidAddressError],
      [`@${"a".repeat(108)}`, {}, InvalidAddressError],
      [7, {}, InvalidAddressError],
      [new URL("http://localhost"), {}, InvalidAddressError],
      ["/a", { type: "raw" as "stream" }, TypeError],
      ["/a", { busyPoll: -1 }, RangeError],
      ["/a", { localAddress: "a\0b" }, InvalidAddressError],
    ];
    const before = countDescriptors();
    for (const [address, options, expected] of wrong) {
      await assertRejects(() => open(address as Address, options), expected, "Cannot");
    }
    assertEquals(countDescriptors(), before);
  });

  test(`${name}() binds this end to localAddress, which is removed on close`, async () => {
    using dir = tempDir();
    using receiver = bind(dir.join("to"));
    {
      using client = await open(dir.join("to"), { type: "dgram", localAddress: dir.join("from") });
      assertEquals(client.localAddr, { transport: "unixpacket", path: dir.join("from") });
      await client.write(bytes("ping"));
      using message = await receiver.receive();
      assertEquals(message?.from?.path, dir.join("from"));
      await receiver.send({ data: bytes("pong"), to: dir.join("from") });
      assertEquals(await client.read(new Uint8Array(8)), 4);
    }
    assertEquals([...Deno.readDirSync(dir.path)].map((it) => it.name), ["to"]);
  });

  test(`${name}() that fails removes the file of localAddress again`, async () => {
    using dir = tempDir();
    const options = { localAddress: dir.join("from") };
    await assertRejects(() => open(dir.join("none"), options), Deno.errors.NotFound);
    assertEquals([...Deno.readDirSync(dir.path)], []);
  });

  linuxTest(`${name}() lets the kernel choose a localAddress`, async () => {
    using dir = tempDir();
    using receiver = bind(dir.join("to"));
    using client = await open(dir.join("to"), { type: "dgram", localAddress: "" });
    assertEquals(/^\0[0-9a-f]{5}$/.test(client.localAddr.path), true);
    await client.write(bytes("ping"));
    using message = await receiver.receive();
    await receiver.send({ data: bytes("pong"), to: message?.from?.path ?? "" });
    assertEquals(await client.read(new Uint8Array(8)), 4);
  });

  linuxTest(
    `${name}() reaches a path that does not fit, with its full name as remoteAddr`,
    async () => {
      using dir = tempDir();
      const long = dir.join("d".repeat(100), "e".repeat(100));
      Deno.mkdirSync(long, { recursive: true });
      using listener = listen(`${long}/a`);
      using client = await open(`${long}/a`);
      using server = await listener.accept();
      assertEquals(
        { remoteAddrPath: client.remoteAddr.path, localAddrPath: server.localAddr.path },
        { remoteAddrPath: `${long}/a`, localAddrPath: `${long}/a` },
      );
      assertEquals({
        path: listener.addr.path,
        remoteAddress: text(client.remoteAddress ?? undefined),
      }, { path: `${long}/a`, remoteAddress: `${long}/a` });
      await client.write(bytes("a"));
      assertEquals(await server.read(new Uint8Array(8)), 1);
    },
  );

  linuxTest(`${name}() reaches a relative path that does not fit`, async () => {
    using dir = tempDir();
    const long = `${"d".repeat(100)}/${"e".repeat(100)}`;
    Deno.mkdirSync(dir.join(long), { recursive: true });
    const previous = Deno.cwd();
    Deno.chdir(dir.path);
    try {
      using listener = listen(`${long}/a`);
      using client = await open(`${long}/a`);
      using _server = await listener.accept();
      assertEquals({ addrPath: listener.addr.path, remoteAddrPath: client.remoteAddr.path }, {
        addrPath: `${long}/a`,
        remoteAddrPath: `${long}/a`,
      });
    } finally {
      Deno.chdir(previous);
    }
  });

  test(`${name}() takes busyPoll, which changes no result`, async () => {
    using dir = tempDir();
    using listener = listen(dir.join("a"));
    using client = await open(dir.join("a"), { busyPoll: 50 });
    using server = await listener.accept();
    assertEquals(client.busyPoll, 50);
    const read = client.read(new Uint8Array(8));
    await turn();
    await server.write(bytes("abc"));
    assertEquals(await read, 3);
  });
}

/** Connect without accepting until the queue is full. */
async function fillBacklog(path: string): Promise<Socket[]> {
  const clients: Socket[] = [];
  for (;;) {
    const abort = new AbortController();
    const pending = connect(path, { signal: abort.signal });
    if (await isPending(pending)) {
      abort.abort("full");
      await assertRejects(() => pending);
      return clients;
    }
    clients.push(await pending);
  }
}

linuxTest("connect() to a full backlog waits until there is space", async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"), { backlog: 1 });
  const clients = await fillBacklog(dir.join("a"));
  assertEquals(clients.length, 2);
  const pending = connect(dir.join("a"));
  assertEquals(await isPending(pending), true);
  (await listener.accept()).close();
  (await pending).close();
  for (const client of clients) client.close();
});

linuxTest(
  "connect() to a full backlog ends with the signal's reason, and leaves nothing open",
  async () => {
    using dir = tempDir();
    using _listener = listen(dir.join("a"), { backlog: 0 });
    const clients = await fillBacklog(dir.join("a"));
    const before = countDescriptors();
    const abort = new AbortController();
    const reason = new Error("enough");
    const pending = connect(dir.join("a"), { signal: abort.signal });
    await turn();
    abort.abort(reason);
    assertStrictEquals(await assertRejects(() => pending), reason);
    assertEquals(countDescriptors(), before);
    for (const client of clients) client.close();
  },
);

linuxTest("connect() to a full backlog ends when the listener closes", async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"), { backlog: 0, unlinkOnClose: false });
  const clients = await fillBacklog(dir.join("a"));
  const pending = connect(dir.join("a"));
  await turn();
  listener.close();
  await assertRejects(() => pending, Deno.errors.ConnectionRefused);
  for (const client of clients) client.close();
});

test("connect() rejects at once with the reason of a signal that aborted before", async () => {
  const reason = new Error("before");
  const signal = AbortSignal.abort(reason);
  assertStrictEquals(await assertRejects(() => connect("/run/a", { signal })), reason);
});

test("connect() is not touched by an abort after it has connected", async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"));
  const abort = new AbortController();
  using client = await connect(dir.join("a"), { signal: abort.signal });
  using server = await listener.accept();
  abort.abort();
  await client.write(bytes("a"));
  assertEquals(await server.read(new Uint8Array(8)), 1);
});

test("data sent before the connection is accepted arrives", async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"));
  using client = connectSync(dir.join("a"));
  await client.send({ data: bytes("early"), files: [0] });
  client.close();
  using server = await listener.accept();
  using message = await server.receive({ files: 1 });
  assertEquals({ data: text(message?.data), fileCount: message?.files.length }, {
    data: "early",
    fileCount: 1,
  });
  assertEquals(await server.read(new Uint8Array(1)), null);
});

test("a client that was not accepted sees that the listener has closed", async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"));
  using client = await connect(dir.join("a"));
  const read = client.read(new Uint8Array(1));
  await turn();
  listener.close();
  assert(client instanceof Socket);
  try {
    assertEquals(await read, null);
  } catch (error) {
    assert(error instanceof Deno.errors.ConnectionReset);
    assertEquals(await client.read(new Uint8Array(1)), null);
  }
  assertThrows(() => client.writeSync(bytes("a")), Deno.errors.BrokenPipe);
});
