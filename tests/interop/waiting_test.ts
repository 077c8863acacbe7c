/**
 * Full queues, urgent data and ends, with peers in other languages that do not do what is hoped for.
 *
 * @module
 */
// Time limit: 300 s at first, because Go compiles its packages once, which takes long on a busy machine.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Msghdr, recvmsgSync, sendmsg, sendmsgSync, type Socket, unix } from "../../mod.ts";
import { tempDir } from "../util/tempdir.ts";
import { NO_LINUX, pattern, PeerError, withPeers } from "./peer.ts";

const LINUX = { unless: NO_LINUX };
const { MSG_OOB, SOL_SOCKET, SO_OOBINLINE } = unix.constants;

/** Connect until the queue of a listener that does not accept is full: the connections that got in. */
function fillQueue(path: string): Socket[] {
  const connections: Socket[] = [];
  for (;;) {
    try {
      // A connection that fits succeeds at the first attempt.
      connections.push(unix.connectSync(path, { timeout: 0 }));
    } catch (error) {
      if (!(error instanceof Deno.errors.TimedOut)) throw error;
      return connections;
    }
  }
}

withPeers("connect() waits for a peer that does not accept, up to the signal", async (peer) => {
  using dir = tempDir();
  const path = dir.join("s");
  await peer.call("listen", "l", "stream", "x" + new TextEncoder().encode(path).toHex(), 2);
  const connections = fillQueue(path);
  assertEquals(connections.length, 3); // the kernel lets one more in than the backlog says

  const controller = new AbortController();
  const { signal } = controller;
  const aborted = assertRejects(() => unix.connect(path, { signal }), Error, "enough");
  controller.abort(new Error("enough"));
  await aborted;

  const waiting = unix.connect(path);
  await peer.call("accept", "c", "l");
  using last = await waiting;
  await last.send({ data: pattern(3) });
  for (let i = 0; i < 3; i++) await peer.call("accept", `c${i}`, "l");
  assertEquals((await peer.receive("c2", 3)).data, pattern(3));
  for (const it of connections) it.close();
}, { languages: ["Python", "C"], unless: NO_LINUX }); // Go chooses the backlog itself

withPeers("connect() ends with an error when the peer it waits for ends", async (peer) => {
  using dir = tempDir();
  const path = dir.join("s");
  await peer.call("listen", "l", "stream", "x" + new TextEncoder().encode(path).toHex(), 0);
  const connections = fillQueue(path);
  const refused = assertRejects(() => unix.connect(path), Deno.errors.ConnectionRefused);
  await peer.process[Symbol.asyncDispose]();
  await refused;
  for (const it of connections) {
    await assertRejects(() => it.receive(), Deno.errors.ConnectionReset);
    it.close();
  }
}, { languages: ["Python", "C"], unless: NO_LINUX });

withPeers(
  "send() waits for a peer that does not read, and continues when it does",
  async (peer) => {
    using dir = tempDir();
    using listener = unix.listen(dir.join("s"));
    await peer.connect("c", "stream", dir.join("s"));
    using socket = await listener.accept();
    const data = pattern(2_000_000);
    let done = false;
    const sending = socket.send({ data }).then((count) => {
      done = true;
      return count;
    });
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
    assertEquals(done, false);
    assertEquals((await peer.receive("c", data.byteLength)).data, data);
    assertEquals(await sending, data.byteLength);
  },
);

withPeers("send() fails when a peer that never read ends", async (peer) => {
  using dir = tempDir();
  using listener = unix.listen(dir.join("s"));
  await peer.connect("c", "stream", dir.join("s"));
  using socket = await listener.accept();
  const failed = assertRejects(() => socket.send({ data: pattern(2_000_000) }), Error);
  await peer.process[Symbol.asyncDispose]();
  const error = await failed;
  assert("code" in error);
  assert(error.code === "EPIPE" || error.code === "ECONNRESET", String(error.code));
});

withPeers(
  "send() waits while the peer's datagram queue is full, connected or not",
  async (peer) => {
    using dir = tempDir();
    await peer.bind("c", dir.join("theirs"));
    const count = 40; // more than the kernel queues (net.unix.max_dgram_qlen)
    for (const to of [undefined, dir.join("theirs")]) {
      using socket = to === undefined
        ? await unix.connect(dir.join("theirs"), { type: "dgram" })
        : unix.bind(dir.join("ours"));
      const sending = Promise.all(
        Array.from(
          { length: count },
          (_, i) => socket.send({ data: pattern(i), ...(to === undefined ? {} : { to }) }),
        ),
      );
      for (let i = 0; i < count; i++) {
        assertEquals((await peer.receive("c", count)).data, pattern(i));
      }
      assertEquals(
        await sending,
        Array.from({ length: count }, (_, i) => i),
      );
    }
  },
);

withPeers(
  "send() fails when a peer with a full datagram queue ends, connected or not",
  async (peer) => {
    using dir = tempDir();
    await peer.bind("c", dir.join("theirs"));
    using connected = await unix.connect(dir.join("theirs"), { type: "dgram" });
    using bound = unix.bind(dir.join("ours"));
    const results = Promise.all([
      assertRejects(async () => {
        for (;;) await connected.send({ data: pattern(9) });
      }, Error),
      assertRejects(async () => {
        for (;;) await bound.send({ data: pattern(9), to: dir.join("theirs") });
      }, Error),
    ]);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
    await peer.process[Symbol.asyncDispose]();
    const codes = (await results).map((it) => "code" in it ? it.code : it);
    assertEquals(codes[1], "ECONNREFUSED");
    assert(codes[0] === "ECONNREFUSED" || codes[0] === "ECONNRESET", String(codes[0]));
  },
  LINUX,
);

withPeers("sendmsg() with MSG_OOB reaches the peer as urgent data", async (peer) => {
  using dir = tempDir();
  using listener = unix.listen(dir.join("s"));
  await peer.connect("c", "stream", dir.join("s"));
  using socket = await listener.accept();
  for (const [i, send] of [sendmsgSync, sendmsg].entries()) {
    using message = new Msghdr();
    message.addVector(pattern(1, 0x41 + i));
    await socket.send({ data: pattern(4) });
    assertEquals(await send(socket, message, { flags: MSG_OOB }), 1);
    assertEquals(await peer.ask("receiveurgent", "c"), i === 0 ? "x41" : "x42");
    assertEquals((await peer.receive("c", 4)).data, pattern(4));
  }
}, LINUX);

withPeers(
  "recvmsg() with MSG_OOB takes the peer's urgent data, and reading passes over it",
  async (peer) => {
    using dir = tempDir();
    using listener = unix.listen(dir.join("s"));
    await peer.connect("c", "stream", dir.join("s"));
    using socket = await listener.accept();
    await peer.send("c", { data: pattern(4) });
    await peer.call("urgent", "c", "x21");
    await peer.send("c", { data: pattern(2) });
    using message = new Msghdr();
    const urgent = new Uint8Array(1);
    message.addVector(urgent);
    assertEquals(
      { received: recvmsgSync(socket, message, { flags: MSG_OOB }), urgent: urgent[0] },
      { received: 1, urgent: 0x21 },
    );
    using data = await socket.receive();
    assertEquals(data?.data, pattern(4)); // a receive stops at the mark
    using rest = await socket.receive();
    assertEquals(rest?.data, pattern(2));
    const error = assertThrows(() => recvmsgSync(socket, message, { flags: MSG_OOB }), Error);
    assert("code" in error);
    assertEquals(error.code, "EINVAL");

    socket.setOption(SOL_SOCKET, SO_OOBINLINE, true);
    await peer.send("c", { data: pattern(1) });
    await peer.call("urgent", "c", "x22");
    using inline = await socket.receive({ size: 2, waitAll: true });
    assertEquals(inline?.data, Uint8Array.of(0, 0x22));
  },
  LINUX,
);

withPeers(
  "a peer gets EPIPE after our end has closed, and we ConnectionReset with its data unread",
  async (peer) => {
    using dir = tempDir();
    using listener = unix.listen(dir.join("s"));
    await peer.connect("c", "stream", dir.join("s"));
    const socket = await listener.accept();
    socket.close();
    const refused = await assertRejects(() => peer.send("c", { data: pattern(1) }), PeerError);
    assertEquals(refused.code, "EPIPE");

    await peer.connect("d", "stream", dir.join("s"));
    using other = await listener.accept();
    await other.send({ data: pattern(1) });
    await peer.call("close", "d");
    await assertRejects(() => other.receive(), Deno.errors.ConnectionReset);
    assertEquals(await other.receive(), null);
    await assertRejects(() => other.send({ data: pattern(1) }), Deno.errors.BrokenPipe);
  },
  LINUX,
);
