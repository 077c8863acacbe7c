/**
 * Handing descriptors to programs in other languages, and being handed some.
 *
 * @module
 */
// Time limit: 300 s at first, because Go compiles its packages once, which takes long on a busy machine.

import { assert, assertEquals, assertObjectMatch, assertThrows } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { fcntl } from "../../ffi/syscalls/files.ts";
import { duplicate } from "../../lib/fd/file_like.ts";
import { Listener, OwnedFd, Socket, unix } from "../../mod.ts";
import { compileC } from "../util/cc.ts";
import { noLeaks } from "../util/descriptors.ts";
import { needPeer, type PeerName, testWith } from "../util/peers.ts";
import { type LineProcess, startProcess } from "../util/process.ts";
import { tempDir } from "../util/tempdir.ts";
import {
  contentOf,
  Files,
  NO_LINUX,
  pattern,
  startPeer,
  withLanguages,
  withPeers,
} from "./peer.ts";
import { PAIRED } from "../util/cases.ts";

// A peer is started after the descriptor exists: children inherit what is open when they start.
withLanguages("socketpair() with cloexec: false is inherited", async (language) => {
  for (const type of PAIRED) {
    const [ours, theirs] = unix.socketpair({ type, cloexec: false });
    using socket = ours;
    using other = theirs;
    await using peer = await startPeer(language);
    await peer.call("adopt", "c", other.fd);
    other.close();
    using files = new Files([pattern(3)]);
    await socket.send({ data: pattern(7), files: files.list });
    const message = await peer.receive("c", 7, 1);
    assertEquals(message.data, pattern(7));
    assertObjectMatch(message, { files: [pattern(3)] });
    await peer.send("c", { data: pattern(5), files: [pattern(4)] });
    using answer = await socket.receive({ files: 1 });
    assertEquals(answer?.data, pattern(5));
    assertEquals(await Promise.all(answer?.files.map(contentOf) ?? []), [pattern(4)]);
  }
});

withLanguages("accept() and connect() with cloexec: false are inherited", async (language) => {
  using dir = tempDir();
  using listener = unix.listen(dir.join("s"));
  using client = await unix.connect(dir.join("s"), { cloexec: false });
  using server = await unix.accept(listener, { cloexec: false });
  await using peer = await startPeer(language);
  await peer.call("adopt", "client", client.fd);
  await peer.call("adopt", "server", server.fd);
  for (const it of [client, server]) it.close();
  await peer.send("client", { data: pattern(30) });
  assertEquals((await peer.receive("server", 30)).data, pattern(30));
});

withLanguages("listen() with cloexec: false is inherited, and served by both", async (language) => {
  using dir = tempDir();
  for (const nonblocking of [false, true]) {
    const path = dir.join(`s-${nonblocking}`);
    using listener = unix.listen(path, { cloexec: false, nonblocking });
    await using peer = await startPeer(language);
    await peer.call("adopt", "l", listener.fd);
    {
      using client = await unix.connect(path);
      await peer.call("accept", "c", "l");
      await client.send({ data: pattern(3) });
      assertEquals((await peer.receive("c", 3)).data, pattern(3));
    }
    using client = await unix.connect(path);
    using server = await listener.accept();
    await server.send({ data: pattern(1) });
    using message = await client.receive();
    assertEquals(message?.data, pattern(1));
  }
});

withLanguages("nothing is inherited by default", async (language) => {
  using dir = tempDir();
  const [a, b] = unix.socketpair();
  using listener = unix.listen(dir.join("s"));
  using client = await unix.connect(dir.join("s"));
  using server = await listener.accept();
  using inbox = unix.bind(dir.join("d"));
  await a.send({ data: pattern(1), files: [0] });
  using message = await b.receive({ files: 1 });
  const received = message?.files[0];
  assert(received);
  await using peer = await startPeer(language);
  for (const { fd } of [a, b, listener, client, server, inbox, received]) {
    const isOpen = await Deno.stat(`/proc/${peer.process.pid}/fd/${fd}`).then(
      () => true,
      () => false,
    );
    assertEquals(isOpen, false);
  }
  for (const it of [a, b]) it.close();
}, { languages: ["C"], unless: NO_LINUX });

withPeers("asSocket() takes over a connection to the peer that was passed along", async (peer) => {
  using dir = tempDir();
  const [ours, theirs] = unix.socketpair();
  using channel = ours;
  using other = theirs;
  await peer.listen("l", "stream", dir.join("s"));
  using client = await unix.connect(dir.join("s"));
  using files = new Files([pattern(2)]);
  await channel.send({ data: pattern(1), files: [client, ...files.list] });
  using message = await other.receive({ files: 2 });
  const [first, second] = message?.files ?? [];
  assert(first && second);
  assertEquals({ firstKind: first.kind(), secondKind: second.kind() }, {
    firstKind: "socket",
    secondKind: "file",
  });
  using socket = first.asSocket();
  client.close();
  await peer.call("accept", "c", "l");
  await socket.send({ data: pattern(12) });
  assertEquals((await peer.receive("c", 12)).data, pattern(12));
  assertThrows(() => second.asSocket(), TypeError, "not a socket");
  assertThrows(() => first.fd, Deno.errors.BadResource);
});

/** A program that puts a socket at descriptor 3, and this Deno after it. */
async function startInherited(
  starter: PeerName,
  path: string,
  kind: "listener" | (typeof PAIRED)[number],
): Promise<LineProcess> {
  const script = new URL("inherited.ts", import.meta.url).pathname;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const what = kind === "listener" ? "listener" : "socket";
  const deno = [Deno.execPath(), "run", "--quiet", "--allow-ffi", "-c", config, script, what];
  if (starter === "cc") {
    return startProcess(await compileC("inherit"), { args: [path, kind, ...deno] });
  }
  const inherit = new URL("../peers/inherit.py", import.meta.url).pathname;
  return startProcess(needPeer("python3").command, { args: [inherit, path, kind, ...deno] });
}

for (const starter of ["python3", "cc"] as const) {
  testWith(
    starter,
    `Listener.adopt(3) serves a listener that ${starter} made`,
    noLeaks(async () => {
      using dir = tempDir();
      const path = dir.join("s");
      await using child = await startInherited(starter, path, "listener");
      assertEquals(await child.readLine(), path);
      using socket = await unix.connect(path);
      using files = new Files([pattern(9)]);
      await socket.send({ data: pattern(6), files: files.list });
      using message = await socket.receive({ files: 1 });
      assertEquals(message?.data, pattern(6).toReversed());
      assertEquals(message?.files.length, 1);
      socket.shutdown("write");
      assertEquals((await child.status).code, 0, await child.stderr);
      assert(Deno.lstatSync(path).isSocket); // closing an adopted listener leaves its path
    }),
  );

  for (const type of PAIRED) {
    testWith(
      starter,
      `Socket.adopt(3) serves a ${type} socket that ${starter} made`,
      noLeaks(async () => {
        using dir = tempDir();
        const path = dir.join("s");
        if (type === "dgram") {
          await using child = await startInherited(starter, path, type);
          assertEquals(await child.readLine(), type);
          using socket = await unix.connect(path, { type, localAddress: dir.join("ours") });
          await exchange(socket);
          await socket.send({});
          assertEquals((await child.status).code, 0, await child.stderr);
          return;
        }
        using listener = unix.listen(path, { type });
        await using child = await startInherited(starter, path, type);
        assertEquals(await child.readLine(), type);
        using socket = await listener.accept();
        await exchange(socket);
        socket.shutdown("write");
        assertEquals((await child.status).code, 0, await child.stderr);
      }),
    );
  }
}

async function exchange(socket: Socket): Promise<void> {
  using files = new Files([pattern(9), pattern(3)]);
  await socket.send({ data: pattern(6), files: files.list });
  using message = await socket.receive({ files: 2 });
  assertEquals(message?.data, pattern(6).toReversed());
  assertEquals(message?.files.length, 2);
}

Deno.test(
  "adopt() refuses what is no fitting socket, and leaves it open",
  noLeaks(() => {
    using files = new Files([pattern(1)]);
    const [file] = files.files;
    assert(file);
    assertThrows(() => Socket.adopt(file.fd), TypeError, "not a socket");
    assertThrows(() => Listener.adopt(file.fd), TypeError, "not a socket");
    assertEquals(file.readSync(new Uint8Array(2)), 1);
  }),
);

Deno.test(
  "detach() gives an adopted listener back as it came, after accept() has set O_NONBLOCK",
  noLeaks(async () => {
    using dir = tempDir();
    for (const nonblocking of [false, true]) {
      const path = dir.join(`s-${nonblocking}`);
      const adopted = Listener.adopt(unix.listen(path, { nonblocking }).detach());
      using _client = await unix.connect(path);
      using _server = await adopted.accept();
      const isOn = () => (fcntl(fd, platform.F_GETFL, 0) & platform.O_NONBLOCK) !== 0;
      const { fd } = adopted;
      assertEquals(isOn(), true);
      using back = OwnedFd.adopt(adopted.detach());
      assertEquals({ fd: back.fd, isOn: isOn() }, { fd, isOn: nonblocking });
    }
  }),
);

Deno.test(
  "close() leaves O_NONBLOCK to the others that serve an adopted listener",
  noLeaks(async () => {
    using dir = tempDir();
    const path = dir.join("s");
    using first = Listener.adopt(unix.listen(path).detach());
    using second = Listener.adopt(duplicate(first.fd));
    for (const listener of [first, second]) {
      using _client = await unix.connect(path);
      using _server = await listener.accept();
    }
    // Code that has read the flag is about to rely on it.
    first.close();
    assert((fcntl(second.fd, platform.F_GETFL, 0) & platform.O_NONBLOCK) !== 0);
  }),
);
