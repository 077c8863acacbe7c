/**
 * Data and descriptors with programs in other languages, on all types of sockets, in both directions.
 *
 * @module
 */
// Time limit: 300 s at first, because Go compiles its packages once, which takes long on a busy machine.

import { assert, assertEquals, assertObjectMatch } from "@std/assert";
import { type Socket, type SocketType, unix } from "../../mod.ts";
import { tempDir } from "../util/tempdir.ts";
import { contentOf, Files, ODD_SIZES, pattern, type Peer, withPeers } from "./peer.ts";
import { PAIRED } from "../util/cases.ts";

/** Contents of files to pass: none, one, an odd number, many; empty and odd-sized ones. */
const CONTENTS: readonly (readonly Uint8Array[])[] = [
  [],
  [pattern(1)],
  [pattern(0), pattern(4097, 5), pattern(3, 9)],
  Array.from({ length: 17 }, (_, i) => pattern(i * 7, i)),
];

/** Two connected sockets, ours and the peer's ("c"), connected by one or the other. */
async function connected(
  peer: Peer,
  type: SocketType,
  path: string,
  byPeer: boolean,
): Promise<Socket> {
  if (type === "dgram") return connectedDatagrams(peer, path, byPeer);
  if (byPeer) {
    using listener = unix.listen(path, { type });
    await peer.connect("c", type, path);
    return await listener.accept();
  }
  await peer.listen("l", type, path);
  const socket = await unix.connect(path, { type });
  await peer.call("accept", "c", "l");
  await peer.call("close", "l");
  return socket;
}

/** Each datagram socket has a name, and sends to the other's. */
async function connectedDatagrams(peer: Peer, path: string, byPeer: boolean): Promise<Socket> {
  if (!byPeer) {
    await peer.bind("c", path);
    return await unix.connect(path, { type: "dgram", localAddress: `${path}.ours` });
  }
  const socket = unix.bind(path);
  await peer.connect("c", "dgram", path, `${path}.theirs`);
  return socket;
}

/** Receive `size` bytes and all descriptors; on a stream in as many parts as they come. */
async function receiveAll(
  socket: Socket,
  size: number,
): Promise<{ data: Uint8Array; files: Uint8Array[] }> {
  const data = new Uint8Array(size);
  const files: Uint8Array[] = [];
  let filled = 0;
  do {
    using message = await socket.receive({ buffer: data.subarray(filled), files: 32 });
    assert(message, `The stream ended after ${filled} of ${size} bytes`);
    for (const file of message.files) files.push(await contentOf(file));
    filled += message.data.byteLength;
  } while (filled < size);
  return { data, files };
}

for (const type of PAIRED) {
  for (const byPeer of [true, false]) {
    const who = byPeer ? "connected by the peer" : "connected from here";

    withPeers(`send() is read byte for byte: ${type}, ${who}`, async (peer) => {
      using dir = tempDir();
      using socket = await connected(peer, type, dir.join("s"), byPeer);
      const to = type === "dgram" && byPeer ? dir.join("s.theirs") : undefined;
      const open = await peer.ask("descriptors");
      for (const [i, contents] of CONTENTS.entries()) {
        for (const size of ODD_SIZES) {
          using files = new Files(contents);
          const data = pattern(size, i);
          const [sent, message] = await Promise.all([
            socket.send({ data, files: files.list, ...(to === undefined ? {} : { to }) }),
            peer.receive("c", size, 32),
          ]);
          assertEquals({ sent, data: message.data }, { sent: size, data });
          assertEquals(message.files, [...contents]);
        }
      }
      assertEquals(await peer.ask("descriptors"), open);
    });

    withPeers(`receive() reads byte for byte: ${type}, ${who}`, async (peer) => {
      using dir = tempDir();
      using socket = await connected(peer, type, dir.join("s"), byPeer);
      const to = type === "dgram" && !byPeer ? dir.join("s.ours") : undefined;
      const open = await peer.ask("descriptors");
      for (const [i, contents] of CONTENTS.entries()) {
        for (const size of ODD_SIZES) {
          const data = pattern(size, i);
          const outgoing = { data, files: contents, ...(to === undefined ? {} : { to }) };
          const [sent, message] = await Promise.all([
            peer.send("c", outgoing),
            receiveAll(socket, size),
          ]);
          assertEquals({ sent, data: message.data }, { sent: size, data });
          assertEquals(message.files, [...contents]);
        }
      }
      assertEquals(await peer.ask("descriptors"), open);
    });
  }
}

withPeers("send() and receive() pass more than a buffer holds, in order", async (peer) => {
  using dir = tempDir();
  using socket = await connected(peer, "stream", dir.join("s"), true);
  const data = pattern(1_000_003);
  using files = new Files([pattern(5)]);
  const [sent, message] = await Promise.all([
    socket.send({ data, files: files.list }),
    peer.receive("c", data.byteLength, 1),
  ]);
  assertEquals({ sent, data: message.data }, { sent: data.byteLength, data });
  assertEquals(message.files, [pattern(5)]);
  const [back, received] = await Promise.all([
    peer.send("c", { data, files: [pattern(6)] }),
    receiveAll(socket, data.byteLength),
  ]);
  assertEquals({ back, received }, {
    back: data.byteLength,
    received: { data, files: [pattern(6)] },
  });
});

withPeers("send() passes 253 descriptors at once", async (peer) => {
  using dir = tempDir();
  using socket = await connected(peer, "stream", dir.join("s"), true);
  const contents = Array.from({ length: 253 }, (_, i) => pattern(i % 5, i));
  using files = new Files(contents);
  await socket.send({ data: pattern(1), files: files.list });
  assertEquals((await peer.receive("c", 1, 253)).files, contents);
}, { languages: ["Python", "C"] });

withPeers(
  "receive() returns null when the peer shuts down, and the peer sees our end",
  async (peer) => {
    using dir = tempDir();
    for (const type of PAIRED.filter((it) => it !== "dgram")) {
      using socket = await connected(peer, type, dir.join(type), true);
      await peer.call("shutdown", "c");
      assertEquals(await socket.receive(), null);
      await socket.send({ data: pattern(3) });
      assertEquals((await peer.receive("c", 3)).data, pattern(3));
      socket.shutdown("write");
      assertEquals((await peer.receive("c", 3)).data.byteLength, 0);
      await peer.call("close", "c");
    }
  },
);

withPeers(
  "messages() goes through a peer's records up to the end, empty ones too",
  async (peer) => {
    using dir = tempDir();
    using socket = await connected(peer, "seqpacket", dir.join("s"), true);
    const sizes = [3, 0, 1, 0, 300];
    for (const size of sizes) await peer.send("c", { data: pattern(size) });
    await peer.call("close", "c");
    const received: Uint8Array[] = [];
    for await (const message of socket.messages()) received.push(message.data);
    assertEquals(received, sizes.map((it) => pattern(it)));
  },
  { languages: ["Python", "C"], ...(PAIRED.length === 3 ? {} : { unless: "no seqpacket here" }) },
);

withPeers("receive() says when a peer's message was longer than the space", async (peer) => {
  using dir = tempDir();
  using socket = await connected(peer, "dgram", dir.join("s"), true);
  await peer.send("c", { data: pattern(100) });
  using message = await socket.receive({ size: 40 });
  assertEquals(message?.data, pattern(40));
  assertObjectMatch(message ?? {}, { truncated: true });
  await socket.send({ data: pattern(100), to: dir.join("s.theirs") });
  const theirs = await peer.receive("c", 40);
  assertEquals({ truncated: theirs.truncated, data: theirs.data }, {
    truncated: true,
    data: pattern(40),
  });
});
