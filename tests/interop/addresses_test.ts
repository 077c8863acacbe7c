/**
 * Every kind of address, as programs in other languages see and use it.
 *
 * @module
 */
// Time limit: 300 s at first, because Go compiles its packages once, which takes long on a busy machine.

import { assert, assertEquals, assertObjectMatch, assertRejects } from "@std/assert";
import { type Address, dial, dialUri, type Socket, type SocketType, unix } from "../../mod.ts";
import { tempDir } from "../util/tempdir.ts";
import { decodeBytes, encodeBytes, NO_LINUX, pattern, type Peer, withPeers } from "./peer.ts";
import { CONNECTED, TYPES } from "../util/cases.ts";

const LINUX = { unless: NO_LINUX };

/** Go ends a name at its first NUL when it reads one, so it only gets names without. */
const EXACT = { languages: ["Python", "C"], unless: NO_LINUX } as const;

function abstractName(...parts: (string | number[])[]): Uint8Array {
  const bytes = parts.flatMap((it) =>
    typeof it === "string" ? [...new TextEncoder().encode(it)] : it
  );
  return Uint8Array.from([0, ...bytes]);
}

const unique = (): string => `denet-${crypto.randomUUID().slice(0, 13)}-`;

/** Names that are text, are not, and are as long as can be. */
function abstractNames(): Uint8Array[] {
  const everyByte = Array.from({ length: 256 }, (_, i) => i);
  const space = 107 - unique().length;
  const names = [
    abstractName(unique()),
    abstractName(unique(), [0xff, 0xc3, 0x28]),
    abstractName(unique(), [0, 0]),
    abstractName(unique(), [0, 0x40, 0, 0x2f]),
    abstractName(unique(), new Array(space).fill(0x61)),
  ];
  for (let from = 0; from < 256; from += space) {
    names.push(abstractName(unique(), everyByte.slice(from, from + space)));
  }
  return names;
}

async function exchange(socket: Socket, peer: Peer, id: string): Promise<void> {
  await socket.send({ data: pattern(5) });
  assertEquals((await peer.receive(id, 5)).data, pattern(5));
}

withPeers("listen() and bind() take abstract names in all bytes", async (peer) => {
  for (const name of abstractNames()) {
    for (const type of CONNECTED) {
      using listener = unix.listen(name, { type });
      assertEquals(listener.localAddress, name);
      await peer.connect("c", type, name);
      assertEquals(decodeBytes(await peer.ask("peer", "c")), name);
      using socket = await listener.accept();
      assertEquals({ localAddress: socket.localAddress, remoteAddress: socket.remoteAddress }, {
        localAddress: name,
        remoteAddress: null,
      });
      await exchange(socket, peer, "c");
      await peer.call("close", "c");
    }
    using inbox = unix.bind(name);
    await peer.connect("c", "dgram", name);
    await peer.send("c", { data: pattern(2) });
    using message = await inbox.receive();
    assertEquals(message?.data, pattern(2));
    await peer.call("close", "c");
  }
}, EXACT);

withPeers("connect() and send() reach abstract names in all bytes", async (peer) => {
  for (const name of abstractNames()) {
    for (const type of CONNECTED) {
      await peer.listen("l", type, name);
      using socket = await unix.connect(name, { type });
      assertEquals(socket.remoteAddress, name);
      await peer.call("accept", "c", "l");
      await exchange(socket, peer, "c");
      for (const id of ["c", "l"]) await peer.call("close", id);
    }
    await peer.bind("d", name);
    assertEquals(decodeBytes(await peer.ask("name", "d")), name);
    using sender = unix.bind("");
    await sender.send({ data: pattern(3), to: name });
    const message = await peer.receive("d", 10);
    assertEquals(message.data, pattern(3));
    assertObjectMatch(message, { from: sender.localAddress });
    await peer.call("close", "d");
  }
}, EXACT);

withPeers("abstract names work as text with an @", async (peer) => {
  const name = unique();
  using listener = unix.listen(`@${name}`);
  assertEquals(listener.addr.path, `\0${name}`);
  await peer.connect("c", "stream", `\0${name}`);
  using _accepted = await listener.accept();

  const theirs = unique();
  await peer.listen("l", "stream", `\0${theirs}`);
  for (const address of [`@${theirs}`, `\0${theirs}`, new URL(`unix:@${theirs}`)]) {
    using socket = await unix.connect(address);
    await peer.call("accept", "a", "l");
    await exchange(socket, peer, "a");
    await peer.call("close", "a");
  }
}, LINUX);

withPeers(
  "bind() and listen() with an empty address get a name that the peer reaches",
  async (peer) => {
    for (const type of CONNECTED) {
      using listener = unix.listen("", { type });
      const name = listener.localAddress;
      assert(name);
      assertEquals({ byteLength: name.byteLength, name: name[0] }, { byteLength: 6, name: 0 });
      await peer.connect("c", type, name);
      using socket = await listener.accept();
      await exchange(socket, peer, "c");
      await peer.call("close", "c");
    }
    using inbox = unix.bind("");
    await peer.connect("c", "dgram", inbox.localAddress ?? "");
    await peer.send("c", { data: pattern(4) });
    using message = await inbox.receive();
    assertEquals(message?.data, pattern(4));
    assertObjectMatch(message ?? {}, { from: null });
  },
  LINUX,
);

withPeers("send() reaches a name that the kernel chose for the peer", async (peer) => {
  await peer.bind("c", "");
  const name = decodeBytes(await peer.ask("name", "c"));
  assert(name);
  assertEquals(name.byteLength, 6);
  using socket = unix.bind("");
  await socket.send({ data: pattern(9), to: name });
  const message = await peer.receive("c", 9);
  assertEquals(message.data, pattern(9));
  assertObjectMatch(message, { from: socket.localAddress });
  await peer.send("c", { data: pattern(2), to: message.from ?? "" });
  using answer = await socket.receive();
  assertEquals({ data: answer?.data, path: answer?.from?.path }, {
    data: pattern(2),
    path: new TextDecoder().decode(name),
  });
}, LINUX);

withPeers("unnamed sockets have no address on either side", async (peer) => {
  using dir = tempDir();
  using listener = unix.listen(dir.join("s"));
  await peer.connect("c", "stream", dir.join("s"));
  using socket = await listener.accept();
  assertEquals(await peer.ask("name", "c"), "-");
  assertEquals(socket.remoteAddr, { transport: "unix", path: "" });
  assertEquals(socket.localAddr, { transport: "unix", path: dir.join("s") });
});

withPeers("receive() and send() answer datagrams by the sender's address", async (peer) => {
  using dir = tempDir();
  using inbox = unix.bind(dir.join("ours"));
  await peer.bind("c", dir.join("theirs"));
  for (const i of [0, 1, 2]) {
    await peer.send("c", { data: pattern(i * 50, i), to: dir.join("ours") });
    using message = await inbox.receive();
    assertEquals(message?.from, { transport: "unixpacket", path: dir.join("theirs") });
    assertEquals(message?.data, pattern(i * 50, i));
    await inbox.send({ data: message?.data ?? pattern(0), to: message?.from?.path ?? "" });
    const answer = await peer.receive("c", 200);
    assertEquals(answer.data, pattern(i * 50, i));
    assertEquals(answer.from, new TextEncoder().encode(dir.join("ours")));
  }
});

withPeers("listen() on a path beyond sun_path is reached by a relative name", async (peer) => {
  using dir = tempDir();
  const deep = dir.join(...Array.from({ length: 12 }, () => "a-long-directory-name"));
  Deno.mkdirSync(deep, { recursive: true });
  await peer.call("chdir", encodeBytes(deep));
  for (const type of CONNECTED) {
    const path = `${deep}/${type}`;
    using listener = unix.listen(path, { type });
    assertEquals(listener.addr.path, path);
    await peer.connect("c", type, type);
    using socket = await listener.accept();
    assertEquals(socket.localAddr.path, path);
    await exchange(socket, peer, "c");
    await peer.call("close", "c");
  }
  using inbox = unix.bind(`${deep}/inbox`);
  assertEquals(inbox.localAddr.path, `${deep}/inbox`);
  await peer.connect("c", "dgram", "inbox");
  await peer.send("c", { data: pattern(7) });
  using message = await inbox.receive();
  assertEquals(message?.data, pattern(7));
}, LINUX);

withPeers(
  "connect() and send() reach a peer beyond sun_path that bound a relative name",
  async (peer) => {
    using dir = tempDir();
    const deep = dir.join(...Array.from({ length: 12 }, () => "a-long-directory-name"));
    Deno.mkdirSync(deep, { recursive: true });
    await peer.call("chdir", encodeBytes(deep));
    for (const type of CONNECTED) {
      await peer.listen("l", type, type);
      using socket = await unix.connect(`${deep}/${type}`, { type });
      assertEquals(socket.remoteAddr.path, `${deep}/${type}`);
      await peer.call("accept", "c", "l");
      await exchange(socket, peer, "c");
      for (const id of ["c", "l"]) await peer.call("close", id);
    }
    await peer.bind("d", "inbox");
    using connectedSender = await unix.connect(`${deep}/inbox`, { type: "dgram" });
    await exchange(connectedSender, peer, "d");
    using sender = unix.bind(dir.join("sender"));
    await sender.send({ data: pattern(3), to: `${deep}/inbox` });
    assertEquals((await peer.receive("d", 3)).data, pattern(3));
  },
  LINUX,
);

withPeers("a peer can answer a datagram from a path beyond sun_path", async (peer) => {
  using dir = tempDir();
  const deep = dir.join(...Array.from({ length: 12 }, () => "a-long-directory-name"));
  Deno.mkdirSync(deep, { recursive: true });
  await peer.bind("d", dir.join("theirs"));
  using socket = unix.bind(`${deep}/ours`);
  await socket.send({ data: pattern(5), to: dir.join("theirs") });
  const { from } = await peer.receive("d", 5);
  await peer.send("d", { data: pattern(9), to: from ?? "" });
  using answer = await socket.receive();
  assertEquals(answer?.data, pattern(9));
}, LINUX);

withPeers("connect() and listen() take relative paths, bytes and URLs", async (peer) => {
  using dir = tempDir();
  const back = Deno.cwd();
  const name = "with space é %41";
  const addresses: [Address, string][] = [
    ["relative", "relative"],
    ["./@not-abstract", "@not-abstract"],
    [new TextEncoder().encode(dir.join("bytes")), "bytes"],
    [new URL(`unix://${dir.path}/${encodeURIComponent(name)}`), name],
  ];
  Deno.chdir(dir.path);
  try {
    for (const [address, file] of addresses) {
      using listener = unix.listen(address);
      await peer.connect("c", "stream", dir.join(file));
      using socket = await listener.accept();
      await exchange(socket, peer, "c");
      await peer.call("close", "c");
      listener.close();
      await peer.listen("l", "stream", dir.join(file));
      using connected = await unix.connect(address);
      await peer.call("accept", "a", "l");
      await exchange(connected, peer, "a");
      for (const id of ["a", "l"]) await peer.call("close", id);
      await Deno.remove(dir.join(file)).catch(() => {}); // Go has removed it
    }
  } finally {
    Deno.chdir(back);
  }
});

withPeers("dial() and dialUri() reach the peer", async (peer) => {
  using dir = tempDir();
  await peer.listen("l", "stream", dir.join("s"));
  const ways = [() => dial("unix", dir.join("s")), () => dialUri(`unix:${dir.join("s")}`)];
  for (const way of ways) {
    using conn = await way();
    await peer.call("accept", "c", "l");
    await conn.write(pattern(6));
    assertEquals((await peer.receive("c", 6)).data, pattern(6));
    await peer.call("close", "c");
  }
  for (const [protocol, type] of [["unixpacket", "seqpacket"], ["unixgram", "dgram"]] as const) {
    if (type === "dgram") await peer.bind("c", dir.join(type));
    else await peer.listen("m", type, dir.join(type));
    using conn = await dial(protocol, dir.join(type));
    if (type !== "dgram") await peer.call("accept", "c", "m");
    await conn.write(pattern(8));
    assertEquals((await peer.receive("c", 8)).data, pattern(8));
    await peer.call("close", "c");
  }
}, LINUX);

withPeers("connect() says what is wrong with the peer's socket", async (peer) => {
  using dir = tempDir();
  await peer.listen("l", "stream", dir.join("stream"));
  await peer.bind("d", dir.join("dgram"));
  const code = async (address: string, type: SocketType): Promise<string> => {
    const error = await assertRejects(() => unix.connect(address, { type }), Error);
    assert("code" in error && "syscall" in error && "address" in error);
    assertObjectMatch(error, { syscall: "connect", address: address });
    return String(error.code);
  };
  for (const type of TYPES) {
    if (type !== "stream") assertEquals(await code(dir.join("stream"), type), "EPROTOTYPE");
    if (type !== "dgram") assertEquals(await code(dir.join("dgram"), type), "EPROTOTYPE");
  }
  await peer.process[Symbol.asyncDispose]();
  assertEquals(await code(dir.join("stream"), "stream"), "ECONNREFUSED");
  assertEquals(await code(dir.join("dgram"), "dgram"), "ECONNREFUSED");
  assertEquals(await code(dir.join("none"), "stream"), "ENOENT");
}, LINUX);
