/**
 * Sockets in steps, with peers in other languages at the other end: made, bound, connected and turned into listeners
 * one after the other; and the flags of descriptors, as other programs find them.
 *
 * @module
 */
// Time limit: 300 s at first, because Go compiles its packages once, which takes long on a busy machine.

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type Socket, SyscallError, unix } from "../../mod.ts";
import { linuxTest } from "../util/cases.ts";
import { isInherited } from "../util/inherited.ts";
import { tempDir } from "../util/tempdir.ts";
import { NO_LINUX, pattern, type Peer, PeerError, withPeers } from "./peer.ts";

const TYPES = ["stream", "seqpacket"] as const;

/** Send in both directions. */
async function exchange(socket: Socket, peer: Peer, id: string): Promise<void> {
  await socket.send({ data: pattern(100) });
  assertEquals((await peer.receive(id, 100)).data, pattern(100));
  await peer.send(id, { data: pattern(50) });
  using message = await socket.receive();
  assertEquals(message?.data, pattern(50));
}

for (const type of TYPES) {
  withPeers(`a ${type} socket takes a peer's connection from listen() on`, async (peer) => {
    using dir = tempDir();
    const path = dir.join("s");
    using socket = unix.socket({ type });
    await assertRejects(() => peer.connect("c", type, path), PeerError, "ENOENT");
    socket.bind(path, { mode: 0o600 });
    await assertRejects(() => peer.connect("c", type, path), PeerError, "ECONNREFUSED");
    using listener = socket.listen({ backlog: 1 });
    await peer.connect("c", type, path);
    using accepted = await listener.accept();
    await exchange(accepted, peer, "c");
    assertThrows(() => socket.bind(dir.join("t")), Deno.errors.BadResource);
    assertThrows(() => socket.listen(), Deno.errors.BadResource);
  }, { unless: NO_LINUX });

  for (const how of ["connect", "connectSync"] as const) {
    withPeers(`a ${type} socket that has a name reaches a peer by ${how}()`, async (peer) => {
      using dir = tempDir();
      await peer.listen("l", type, dir.join("theirs"));
      using socket = unix.socket({ type });
      socket.bind(dir.join("ours"));
      // A failed connect leaves the socket as it was.
      await assertRejects(() => socket.connect(dir.join("none")), Deno.errors.NotFound);
      await socket[how](dir.join("theirs"));
      await peer.call("accept", "c", "l");
      await exchange(socket, peer, "c");
      assertEquals(socket.remoteAddr.path, dir.join("theirs"));
      const again = assertThrows(() => socket.connectSync(dir.join("theirs")), SyscallError);
      assertEquals(again.code, "EISCONN");
      assertThrows(() => socket.connectSync(null), TypeError, "only datagram sockets");
    }, { unless: NO_LINUX });
  }

  withPeers(`a ${type} socket that meets another type says so, and continues`, async (peer) => {
    using dir = tempDir();
    await peer.bind("d", dir.join("datagrams"));
    await peer.listen("l", type, dir.join("theirs"));
    using socket = unix.socket({ type });
    for (
      const attempt of [
        () => socket.connect(dir.join("datagrams")),
        () => Promise.try(() => socket.connectSync(dir.join("datagrams"))),
      ]
    ) {
      const wrong = await assertRejects(attempt, SyscallError, "of another type");
      assertEquals(wrong.code, "EPROTOTYPE");
    }
    await socket.connect(dir.join("theirs"));
    await peer.call("accept", "c", "l");
    await exchange(socket, peer, "c");
  }, { unless: NO_LINUX });
}

withPeers("one unnamed sender reaches many peers' addresses", async (peer) => {
  using dir = tempDir();
  const names = Array.from({ length: 5 }, (_, i) => `n${i}`);
  for (const name of names) await peer.bind(name, dir.join(name));
  using socket = unix.socket();
  for (const [i, name] of names.entries()) {
    await socket.send({ data: pattern(i), to: dir.join(name) });
    socket.sendSync({ data: pattern(i + 1), to: dir.join(name) });
  }
  for (const [i, name] of names.entries()) {
    const first = await peer.receive(name, 100);
    const second = await peer.receive(name, 100);
    assertEquals({ first: first.data, second: second.data, from: second.from }, {
      first: pattern(i),
      second: pattern(i + 1),
      from: null,
    });
  }
  await assertRejects(
    () => socket.send({ data: pattern(1), to: dir.join("none") }),
    Deno.errors.NotFound,
  );
});

linuxTest("a program that is started finds sockets and listeners while closeOnExec is off", () => {
  using dir = tempDir();
  const [socket, other] = unix.socketpair();
  using _socket = socket;
  using _other = other;
  using listener = unix.listen(dir.join("s"));
  for (const it of [socket, listener]) {
    assertEquals(isInherited(it.fd), false);
    it.closeOnExec = false;
    assertEquals(isInherited(it.fd), true);
    it.closeOnExec = true;
    assertEquals(isInherited(it.fd), false);
  }
});
