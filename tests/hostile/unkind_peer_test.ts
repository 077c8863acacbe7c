// Time limit: 300 s, because peers are compiled once.

/**
 * Peers in other languages that do not keep to what was agreed.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertLessOrEqual,
  assertObjectMatch,
  assertRejects,
} from "@std/assert";
import { ControlTruncatedError, type Socket, unix } from "../../mod.ts";
import { Files, NO_LINUX, pattern, type Peer, withPeers } from "../interop/peer.ts";
import { countDescriptors } from "../util/descriptors.ts";
import { tempDir } from "../util/tempdir.ts";
import { CONNECTED } from "../util/cases.ts";

/** A connection that the peer made, of each type that has connections, and what the peer calls it. */
async function* connections(peer: Peer): AsyncGenerator<[Socket, string]> {
  using dir = tempDir();
  for (const type of CONNECTED) {
    using listener = unix.listen(dir.join(type), { type });
    await peer.connect(type, type, dir.join(type));
    using socket = await listener.accept();
    yield [socket, type];
  }
}

withPeers(
  "receive() refuses two descriptors when one was asked for, and continues",
  async (peer) => {
    for await (const [socket, id] of connections(peer)) {
      for (let i = 0; i < 20; i++) {
        const open = countDescriptors();
        await peer.send(id, { data: pattern(5, i), files: [pattern(1), pattern(2)] });
        const error = await assertRejects(
          () => socket.receive({ files: 1 }),
          ControlTruncatedError,
        );
        assertEquals(error.data, pattern(5, i));
        assertEquals(countDescriptors(), open);
        await peer.send(id, { data: pattern(3), files: [pattern(1)] });
        using message = await socket.receive({ files: 1 });
        assertEquals({ data: message?.data, fileCount: message?.files.length }, {
          data: pattern(3),
          fileCount: 1,
        });
      }
    }
  },
  { unless: NO_LINUX },
);

withPeers("receive() without files closes what the peer passes, and says so", async (peer) => {
  for await (const [socket, id] of connections(peer)) {
    const open = countDescriptors();
    for (let i = 0; i < 20; i++) {
      await peer.send(id, { data: pattern(5, i), files: [pattern(1), pattern(2)] });
      using message = await socket.receive();
      assertEquals(message?.data, pattern(5, i));
      assertObjectMatch(message ?? {}, { files: [] });
      assertEquals(message?.controlTruncated, true);
      assertEquals(countDescriptors(), open);
    }
  }
}, { unless: NO_LINUX });

withPeers(
  "receive() with waitAll gives what came before the peer closed mid-message",
  async (peer) => {
    for await (const [socket, id] of connections(peer)) {
      if (socket.type !== "stream") continue;
      const whole = socket.receive({ size: 1000, waitAll: true });
      await peer.send(id, { data: pattern(300) });
      await peer.call("close", id);
      using message = await whole;
      assertEquals(message?.data, pattern(300));
      assertEquals(await socket.receive({ size: 1000, waitAll: true }), null);
    }
  },
  { unless: NO_LINUX },
);

withPeers(
  "send() fails when the peer closes mid-message, and every descriptor stays ours",
  async (peer) => {
    for await (const [socket, id] of connections(peer)) {
      using files = new Files([pattern(3)]);
      const open = countDescriptors();
      const failed = assertRejects(async () => {
        for (;;) await socket.send({ data: pattern(150_000), files: files.list });
      }, Error);
      await peer.receive(id, 100, 1);
      await peer.call("close", id);
      const error = await failed;
      assert("code" in error);
      assert(error.code === "EPIPE" || error.code === "ECONNRESET", String(error.code));
      assertLessOrEqual(countDescriptors(), open);
    }
  },
  { unless: NO_LINUX },
);

withPeers(
  "send() to a peer that never reads ends with the signal, and holds nothing after",
  async (peer) => {
    for await (const [socket] of connections(peer)) {
      using files = new Files([pattern(3)]);
      const open = countDescriptors();
      const controller = new AbortController();
      const { signal } = controller;
      const aborted = assertRejects(
        async () => {
          for (;;) await socket.send({ data: pattern(9000), files: files.list }, { signal });
        },
        Error,
        "no more",
      );
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
      controller.abort(new Error("no more"));
      await aborted;
      assertLessOrEqual(countDescriptors(), open);
    }
  },
  { unless: NO_LINUX },
);
