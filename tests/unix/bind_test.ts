import { assert, assertEquals, assertObjectMatch, assertRejects, assertThrows } from "@std/assert";
import { InvalidAddressError } from "../../lib/errors.ts";
import { Socket } from "../../lib/handle/socket.ts";
import { bind, type BindOptions } from "../../lib/unix/bind.ts";
import { connectSync } from "../../lib/unix/connect.ts";
import { listen } from "../../lib/unix/listen.ts";
import { bytes, linuxTest, test, text } from "../util/cases.ts";
import { countDescriptors } from "../util/descriptors.ts";
import { isInherited, isNonblocking } from "../util/inherited.ts";
import { withUmask } from "../util/limits.ts";
import { namesIn, tempDir } from "../util/tempdir.ts";

test("bind() makes a datagram socket that receives from every sender and answers", async () => {
  using dir = tempDir();
  using server = bind(dir.join("server"));
  assertEquals({ type: server.type, localAddr: server.localAddr, path: server.remoteAddr.path }, {
    type: "dgram",
    localAddr: { transport: "unixpacket", path: dir.join("server") },
    path: "",
  });
  for (const name of ["a", "b"]) {
    using client = bind(dir.join(name));
    await client.send({ data: bytes(`from ${name}`), to: dir.join("server") });
    using message = await server.receive();
    assertEquals({ data: text(message?.data), from: message?.from }, {
      data: `from ${name}`,
      from: { transport: "unixpacket", path: dir.join(name) },
    });
    await server.send({ data: bytes("answer"), to: message?.from?.path ?? "" });
    assertEquals(text((await client.receive())?.data), "answer");
  }
});

linuxTest(
  "bind() binds abstract names in all bytes, and one of the kernel's choosing",
  async () => {
    using chosen = bind("");
    assert(/^\0[0-9a-f]{5}$/.test(chosen.localAddr.path));
    using named = bind(new Uint8Array([0, 0xff, 0, Deno.pid & 255, 0]));
    assertEquals(named.localAddress, new Uint8Array([0, 0xff, 0, Deno.pid & 255, 0]));
    await named.send({ data: bytes("a"), to: chosen.localAddr.path });
    using message = await chosen.receive();
    assertEquals(message?.data.byteLength, 1);
  },
);

linuxTest("bind() and `to` take a path that does not fit, of every kind", async () => {
  using dir = tempDir();
  const long = dir.join("d".repeat(100), "e".repeat(100));
  Deno.mkdirSync(long, { recursive: true });
  using sender = bind(`${long}/sender`);
  for (const length of [1, 90, 108]) {
    const path = `${long}/${"a".repeat(length)}`;
    using receiver = bind(path, { mode: 0o600 });
    assertEquals({
      path: receiver.localAddr.path,
      localAddress: text(receiver.localAddress ?? undefined),
    }, { path, localAddress: path });
    const before = countDescriptors();
    assertEquals(await sender.send({ data: bytes("a"), to: path }), 1);
    assertEquals(sender.sendSync({ data: bytes("b"), to: path }), 1);
    assertEquals(countDescriptors(), before);
    assertEquals(await receiver.read(new Uint8Array(8)), 1);
  }
  const error = await assertRejects(
    () => sender.send({ data: bytes("a"), to: `${long}/none` }),
    Deno.errors.NotFound,
  );
  assertEquals("address" in error && error.address, `${long}/none`);
});

linuxTest(
  "a message from a path that does not fit can be answered while that socket is open",
  async () => {
    using dir = tempDir();
    const long = dir.join("d".repeat(100), "e".repeat(100));
    Deno.mkdirSync(long, { recursive: true });
    const before = countDescriptors();
    {
      using inbox = bind(dir.join("inbox"));
      using bound = bind(`${long}/bound`, { replaceStale: true });
      await bound.send({ data: bytes("a"), to: dir.join("inbox") });
      const localAddress = `${long}/connected`;
      using connected = connectSync(dir.join("inbox"), { type: "dgram", localAddress });
      connected.writeSync(bytes("b"));
      for (const sender of [bound, connected]) {
        using message = await inbox.receive();
        const to = message?.from?.path ?? "";
        assertEquals(Deno.realPathSync(to), Deno.realPathSync(sender.localAddr.path));
        await inbox.send({ data: bytes("answer"), to });
        assertEquals(await sender.read(new Uint8Array(8)), 6);
      }
    }
    assertEquals(countDescriptors(), before);
    assertEquals([...Deno.readDirSync(long)], []);
  },
);

test("bind() with a relative path is reached by it", async () => {
  using dir = tempDir();
  const previous = Deno.cwd();
  Deno.chdir(dir.path);
  try {
    using receiver = bind("./@a");
    using sender = connectSync("./@a", { type: "dgram" });
    await sender.write(bytes("abc"));
    assertEquals(await receiver.read(new Uint8Array(8)), 3);
    assertEquals(namesIn("."), ["@a"]);
  } finally {
    Deno.chdir(previous);
  }
  assertEquals(namesIn(dir.path), []);
});

test("bind() sets the mode in full, and removes its own file only", () => {
  using dir = tempDir();
  const first = withUmask(0o077, () => bind(dir.join("a"), { mode: 0o666 }));
  assertEquals((Deno.statSync(dir.join("a")).mode ?? 0) & 0o777, 0o666);
  Deno.removeSync(dir.join("a"));
  const second = bind(dir.join("a"), { unlinkOnClose: false });
  first.close();
  assertEquals(namesIn(dir.path), ["a"]);
  second.close();
  assertEquals(namesIn(dir.path), ["a"]);
});

test("bind() sets the flags of its descriptor", () => {
  using dir = tempDir();
  for (const flags of [{}, { cloexec: false }, { nonblocking: true }]) {
    using socket = bind(dir.join("a"), flags);
    const { cloexec = true, nonblocking = false } = flags as BindOptions;
    assertEquals({ isInherited: isInherited(socket.fd), isNonblocking: isNonblocking(socket.fd) }, {
      isInherited: !cloexec,
      isNonblocking: nonblocking,
    });
  }
});

test("bind() to a taken address throws AddrInUse", () => {
  using dir = tempDir();
  using _listener = listen(dir.join("a"));
  using _socket = bind(dir.join("b"));
  for (const name of ["a", "b"]) {
    const before = countDescriptors();
    const error = assertThrows(() => bind(dir.join(name)), Deno.errors.AddrInUse);
    assert("code" in error && "address" in error);
    assertObjectMatch(error, { code: "EADDRINUSE", address: dir.join(name) });
    assertEquals(countDescriptors(), before);
  }
});

test("bind() refuses wrong arguments before any system call", () => {
  assertThrows(() => bind("/a\0b"), InvalidAddressError);
  assertThrows(() => bind("/tmp/a", { mode: 0o1000 }), RangeError);
  if (Deno.build.os === "linux") assertThrows(() => bind("@a", { mode: 0o600 }), TypeError);
  else assertThrows(() => bind(""), InvalidAddressError, "only Linux");
});

test("a detached datagram socket leaves its path, and so does closing the adopted one", () => {
  using dir = tempDir();
  const fd = bind(dir.join("a")).detach();
  assertEquals(namesIn(dir.path), ["a"]);
  Socket.adopt(fd).close();
  assertEquals(namesIn(dir.path), ["a"]);
});
