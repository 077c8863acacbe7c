/**
 * What a receive says of the messages of other programs: their full length, their sender, where descriptors
 * begin; and waiting for programs that are silent.
 *
 * @module
 */
// Time limit: 300 s at first, because Go compiles its packages once, which takes long on a busy machine.

import { assertEquals, assertObjectMatch, assertThrows } from "@std/assert";
import { type Socket, unix } from "../../mod.ts";
import { tempDir } from "../util/tempdir.ts";
import { contentOf, NO_LINUX, pattern, withPeers } from "./peer.ts";
import { RECEIVES } from "../util/sockets.ts";

/** Go ends a name at its first NUL when it reads one. */
const PEERS = { languages: ["Python", "C"], unless: NO_LINUX } as const;

/** Only this peer has the command `later`. */
const PYTHON = { languages: ["Python"], unless: NO_LINUX } as const;

const odd = (): Uint8Array =>
  Uint8Array.from([0, 0x65, 0x79, 0xff, 0xfe, ...crypto.getRandomValues(new Uint8Array(8))]);

/** Check what is said of a message of 5000 bytes that is received into 10, and that the next one is whole. */
async function receiveCut(
  socket: Socket,
  send: (length: number) => Promise<unknown>,
): Promise<void> {
  const options = [{ size: 10 }, { buffer: new Uint8Array(10) }, {
    buffer: [new Uint8Array(4), new Uint8Array(6)],
  }];
  for (const receive of Object.values(RECEIVES)) {
    for (const each of options) {
      for (const length of [5000, 11, 10, 3]) {
        await send(length);
        using message = await receive(socket, each);
        const truncated = length > 10;
        assertEquals(message?.data, pattern(Math.min(length, 10)));
        assertObjectMatch(message ?? {}, { fullLength: length, truncated });
      }
    }
  }
}

withPeers("fullLength is that of a datagram of a peer, also where it is cut", async (peer) => {
  using dir = tempDir();
  using socket = unix.bind(dir.join("s"));
  await peer.connect("c", "dgram", dir.join("s"));
  await receiveCut(socket, (length) => peer.send("c", { data: pattern(length) }));
}, PEERS);

withPeers(
  "fullLength is that of a seqpacket message of a peer, also where it is cut",
  async (peer) => {
    using dir = tempDir();
    using listener = unix.listen(dir.join("s"), { type: "seqpacket" });
    await peer.connect("c", "seqpacket", dir.join("s"));
    using socket = await listener.accept();
    await receiveCut(socket, (length) => peer.send("c", { data: pattern(length) }));
  },
  PEERS,
);

withPeers(
  "answers to `from` and `fromAddress` reach a peer whose name is not UTF-8",
  async (peer) => {
    using socket = unix.bind("");
    using dir = tempDir();
    const prefix = new TextEncoder().encode(dir.join("p"));
    for (const [i, receive] of Object.values(RECEIVES).entries()) {
      const path = Uint8Array.from([...prefix, 0xff, 0xc3, 0x61 + i]);
      for (const name of [odd(), path]) {
        await peer.connect("c", "dgram", socket.localAddress ?? "", name);
        await peer.send("c", { data: pattern(3) });
        using message = await receive(socket);
        assertEquals(message?.fromAddress, name);
        for (const [seed, to] of [message?.from, message?.fromAddress].entries()) {
          await socket.send({ data: pattern(4, seed), to: to ?? "" });
          assertEquals((await peer.receive("c", 10)).data, pattern(4, seed));
          socket.sendSync({ data: pattern(5, seed), to: to ?? "" });
          assertEquals((await peer.receive("c", 10)).data, pattern(5, seed));
        }
        await peer.call("close", "c");
      }
    }
  },
  PEERS,
);

withPeers("filesFirst ends a receive before the descriptors of a peer", async (peer) => {
  using dir = tempDir();
  using listener = unix.listen(dir.join("s"));
  await peer.connect("c", "stream", dir.join("s"));
  using socket = await listener.accept();
  const content = pattern(6);
  for (const receive of Object.values(RECEIVES)) {
    await peer.send("c", { data: pattern(3) });
    await peer.send("c", { data: pattern(4, 1), files: [content, content] });
    await peer.send("c", { data: pattern(5, 2) });
    const options = { files: 4, filesFirst: true };
    using before = await receive(socket, options);
    assertEquals({ data: before?.data, fileCount: before?.files.length }, {
      data: pattern(3),
      fileCount: 0,
    });
    using message = await receive(socket, options);
    assertEquals({ data: message?.data, fileCount: message?.files.length }, {
      data: pattern(4, 1),
      fileCount: 2,
    });
    for (const file of message?.files ?? []) assertEquals(await contentOf(file), content);
    using after = await receive(socket, options);
    assertEquals({ data: after?.data, fileCount: after?.files.length }, {
      data: pattern(5, 2),
      fileCount: 0,
    });
  }
}, PEERS);

withPeers(
  "an unnamed socket connects to a peer, dissolves that, and connects to another",
  async (peer) => {
    using dir = tempDir();
    await peer.bind("a", dir.join("a"));
    await peer.bind("b", dir.join("b"));
    using socket = unix.socket({ type: "dgram" });
    for (const name of ["a", "b", "a"]) {
      await socket.connect(dir.join(name));
      assertEquals(socket.remoteAddr.path, dir.join(name));
      await socket.write(pattern(7));
      assertEquals((await peer.receive(name, 10)).data, pattern(7));
      await socket.connect(null);
      assertThrows(() => socket.writeSync(pattern(1)), Deno.errors.NotConnected);
      socket.sendSync({ data: pattern(2), to: dir.join("b") });
      assertEquals((await peer.receive("b", 10)).data, pattern(2));
    }
  },
  PEERS,
);

withPeers(
  "receiveSync() gives up while a peer is silent, and takes what it sends later",
  async (peer) => {
    using dir = tempDir();
    using listener = unix.listen(dir.join("s"));
    await peer.connect("c", "stream", dir.join("s"));
    using socket = await listener.accept();
    for (let round = 0; round < 2; round++) {
      assertThrows(() => socket.receiveSync({ timeout: 30 }), Deno.errors.TimedOut);
      await peer.call("later", "send", "c", "x61", "-", "-", "-");
      using message = socket.receiveSync({ timeout: 20_000 });
      assertEquals(message?.data, new TextEncoder().encode("a"));
    }
  },
  PYTHON,
);

withPeers(
  "acceptSync() gives up while no peer connects, and accepts one that does later",
  async (peer) => {
    using dir = tempDir();
    using listener = unix.listen(dir.join("s"));
    const address = `x${new TextEncoder().encode(dir.join("s")).toHex()}`;
    for (let round = 0; round < 2; round++) {
      assertThrows(() => listener.acceptSync({ timeout: 30 }), Deno.errors.TimedOut);
      await peer.call("later", "connect", `c${round}`, "stream", address, "-");
      using socket = listener.acceptSync({ timeout: 20_000 });
      await peer.send(`c${round}`, { data: pattern(3) });
      assertEquals(socket.receiveSync()?.data, pattern(3));
    }
  },
  PYTHON,
);
