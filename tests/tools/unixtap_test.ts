// What tools/unixtap passes on, between sockets of this process.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { OwnedFd, type Socket, unix } from "@denet/unix";
import { noLeaks } from "../util/descriptors.ts";
import { testUnless, testWith } from "../util/peers.ts";
import { namesIn, tempDir } from "../util/tempdir.ts";
import { encode, notLinux, Tapped, untilStopped } from "./tapped.ts";
import { eventsIn, finish, readEvent, readEvents, startTool, WITHOUT_PRIVILEGES } from "./tool.ts";
import { readToEnd } from "../util/sockets.ts";

const notRoot = Deno.build.os === "linux" && Deno.uid() === 0
  ? undefined
  : "only root may send the credentials of others";

function random(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i += 65536) crypto.getRandomValues(bytes.subarray(i, i + 65536));
  return bytes;
}

testUnless(
  notLinux,
  "unixtap passes descriptors on with the byte that they were sent with",
  async () => {
    await using it = await Tapped.start("stream");
    // Both pieces are there when the tool looks.
    it.tool.kill("SIGSTOP");
    await untilStopped(it.tool.pid);
    it.client.writeSync(encode("size"));
    it.client.sendSync({ data: encode("body"), files: [0] });
    it.tool.kill("SIGCONT");
    const size = new Uint8Array(4);
    for (let done = 0; done < 4;) done += await it.server.read(size.subarray(done)) ?? 4;
    assertEquals(size, encode("size"));
    using body = await it.server.receive({ files: 1 });
    assertEquals({ data: body?.data, fileCount: body?.files.length }, {
      data: encode("body"),
      fileCount: 1,
    });
  },
);

testUnless(
  notLinux,
  "unixtap passes a stream on in both directions, unchanged",
  noLeaks(async () => {
    await using it = await Tapped.start("stream", "--once", "--view", "none");
    assertEquals(it.listening.type, "stream");
    const [there, back] = [random(3_000_000), random(2_000_000)];
    const sending = async (socket: Socket, data: Uint8Array) => {
      await socket.send({ data });
      await socket.closeWrite();
    };
    const [atServer, atClient] = await Promise.all([
      readToEnd(it.server),
      readToEnd(it.client),
      sending(it.client, there),
      sending(it.server, back),
    ]);
    assertEquals(atServer, there);
    assertEquals(atClient, back);
    const events = await readEvents(it.tool);
    const { pid, uid } = events[0]?.process ?? {};
    assertEquals({ event: events[0]?.event, pid, uid }, {
      event: "connect",
      pid: Deno.pid,
      uid: Deno.uid() ?? -1,
    });
    assertStringIncludes(events[0]?.process?.command ?? "", "deno");
    const bytes = (from: string) =>
      events.filter((event) => event.from === from)
        .reduce((sum, event) => sum + (event.size ?? 0), 0);
    assertEquals(bytes("client"), there.byteLength);
    assertEquals(bytes("server"), back.byteLength);
    const [close, summary] = events.slice(-2);
    assertEquals({ event: close?.event, error: close?.error }, {
      event: "close",
      error: undefined,
    });
    const { event, connections, client, server } = summary ?? {};
    assertEquals({ event, connections, clientBytes: client?.bytes, serverBytes: server?.bytes }, {
      event: "summary",
      connections: 1,
      clientBytes: there.byteLength,
      serverBytes: back.byteLength,
    });
    assertEquals((await it.tool.status).code, 0);
    assertEquals(namesIn(it.dir.path), ["target"]);
  }),
);

testUnless(
  notLinux,
  "unixtap answers a client that has shut down writing",
  noLeaks(async () => {
    await using it = await Tapped.start("stream");
    await it.client.send({ data: encode("question") });
    await it.client.closeWrite();
    assertEquals(await readToEnd(it.server), encode("question"));
    await it.server.send({ data: encode("answer") });
    it.server.close();
    assertEquals(await readToEnd(it.client), encode("answer"));
  }),
);

testUnless(
  notLinux,
  "unixtap passes descriptors on and shows what they are",
  noLeaks(async () => {
    await using it = await Tapped.start("stream");
    const path = it.dir.join("file");
    Deno.writeTextFileSync(path, "content");
    using file = OwnedFd.open(path);
    using memory = OwnedFd.memfd("picture", new Uint8Array(100));
    const [end, other] = unix.socketpair();
    using _end = end;
    using _other = other;
    await it.client.send({ data: encode("three"), files: [file, memory, end] });
    using message = await it.server.receive({ files: 3 });
    const inodes = message?.files.map((fd) => fd.statSync().ino).slice(0, 2);
    assertEquals(inodes, [file.statSync().ino, memory.statSync().ino]);
    using passed = message?.files[2]?.asSocket();
    await other.send({ data: encode("through the passed one") });
    assertEquals(await passed?.read(new Uint8Array(99)), 22);
    await readEvent(it.tool);
    const { size, text, files = [] } = await readEvent(it.tool);
    assertEquals({ size, text }, { size: 5, text: "three" });
    assertEquals(files.slice(0, 2), [
      { kind: "file", target: path, access: "r", size: 7 },
      {
        kind: "memfd",
        target: "/memfd:picture (deleted)",
        access: "rw",
        size: 100,
      },
    ]);
    assertEquals({ kind: files[2]?.kind, access: files[2]?.access }, {
      kind: "socket",
      access: "rw",
    });
    assertMatch(files[2]?.target ?? "", /^socket:\[\d+\]$/);
    assertEquals(files[2]?.socket, {
      type: "unix stream",
      listening: false,
      local: "",
      remote: "",
    });
  }),
);

testUnless(
  notRoot,
  "unixtap lets the client's credentials arrive, if it is root",
  noLeaks(async () => {
    await using it = await Tapped.start("stream");
    it.server.passCredentials = true;
    await it.client.send({ data: encode("me") });
    using message = await it.server.receive();
    assertEquals(message?.credentials?.pid, Deno.pid);
    assertEquals(it.server.peerCredentials().pid, it.tool.pid);
  }),
);

testWith(
  "setpriv",
  "unixtap passes messages on without credentials that it may not claim",
  noLeaks(async () => {
    using dir = tempDir();
    using listener = unix.listen(dir.join("server"));
    const args = ["-j", dir.join("tap"), dir.join("server")];
    await using tool = startTool("unixtap", args, {}, WITHOUT_PRIVILEGES);
    assertEquals((await readEvent(tool)).event, "listen");
    using client = await unix.connect(dir.join("tap"));
    using server = await listener.accept();
    server.passCredentials = true;
    using file = OwnedFd.memfd("once");
    for (const text of ["first", "second"]) {
      await client.send({ data: encode(text), files: [file] });
      using message = await server.receive({ files: 2 });
      assertEquals({ data: message?.data, fileCount: message?.files.length }, {
        data: encode(text),
        fileCount: 1,
      });
      assertEquals(message?.credentials?.pid, server.peerCredentials().pid);
    }
  }),
);

testUnless(
  notLinux,
  "unixtap keeps the messages of a seqpacket socket apart, empty ones too",
  noLeaks(async () => {
    await using it = await Tapped.start("seqpacket", "--once");
    assertEquals(it.listening.type, "seqpacket");
    const messages = [encode("a"), new Uint8Array(0), random(150_000), encode("b")];
    for (const data of messages) await it.client.send({ data });
    await it.client.closeWrite();
    const arrived: (Uint8Array | undefined)[] = [];
    for (let count = 0; count < 5; count++) {
      using message = await it.server.receive({ size: 200_000 });
      arrived.push(message?.data);
    }
    it.server.close();
    assertEquals(await it.client.receive(), null);
    // All of it at once: what the tool did tells why a message is missing.
    const { output, errors, code } = await finish(it.tool);
    const lengths = arrived.map((data) => data?.byteLength);
    assertEquals({ lengths, errors, code }, {
      lengths: [1, 0, 150_000, 1, undefined],
      errors: "",
      code: 0,
    }, output);
    assertEquals(arrived.slice(0, 4), messages);
    assertEquals(eventsIn(output).flatMap(({ size }) => size ?? []), [1, 0, 150_000, 1]);
  }),
);

testUnless(
  notLinux,
  "unixtap passes datagrams on, descriptors too, and answers back to each client",
  noLeaks(async () => {
    await using it = new Tapped();
    using server = unix.bind(it.target);
    await it.startTool("--json");
    assertEquals(it.listening.type, "dgram");
    using file = OwnedFd.memfd("one");
    for (const name of ["ann", "bob"]) {
      using client = unix.bind(it.dir.join(name));
      await client.send({ data: encode(`from ${name}`), to: it.address, files: [file] });
      using message = await server.receive({ files: 1 });
      assertEquals({ data: message?.data, fileCount: message?.files.length }, {
        data: encode(`from ${name}`),
        fileCount: 1,
      });
      await server.send({ data: encode(`to ${name}`), to: message?.from?.path ?? "" });
      using answer = await client.receive();
      assertEquals({ data: answer?.data, path: answer?.from?.path }, {
        data: encode(`to ${name}`),
        path: it.address,
      });
    }
    using nameless = await unix.connect(it.address, { type: "dgram" });
    await nameless.send({ data: encode("anybody?") });
    using message = await server.receive();
    assertEquals(message?.data, encode("anybody?"));
    assertEquals(message?.from, null);
    it.tool.kill("SIGINT");
    const events = await readEvents(it.tool);
    assertEquals(events.filter(({ event }) => event === "connect").length, 3);
    assertEquals(
      events.flatMap(({ from, text }) => text === undefined ? [] : `${from}: ${text}`),
      [
        "client: from ann",
        "server: to ann",
        "client: from bob",
        "server: to bob",
        "client: anybody?",
      ],
    );
    assert(!namesIn(it.dir.path).includes("tap"));
  }),
);

testUnless(
  notLinux,
  "unixtap tells datagram clients apart whose names are no text",
  noLeaks(async () => {
    await using it = new Tapped();
    using server = unix.bind(it.target);
    await it.startTool("--json");
    const clients = [0xfe, 0xff].map((last) =>
      unix.bind(new Uint8Array([...encode(it.dir.join("c")), last]))
    );
    for (const [i, client] of clients.entries()) {
      using _ = client;
      await client.send({ data: encode(`from ${i}`), to: it.address });
      using message = await server.receive();
      await server.send({ data: encode(`to ${i}`), to: message?.from ?? "" });
      using answer = await client.receive({ signal: AbortSignal.timeout(20_000) });
      assertEquals(answer?.data, encode(`to ${i}`));
    }
    it.tool.kill("SIGINT");
    const events = await readEvents(it.tool);
    assertEquals(events.filter(({ event }) => event === "connect").length, 2);
  }),
);

testUnless(
  notLinux,
  "unixtap closes the server's side when the client is gone, and the other way round",
  noLeaks(async () => {
    await using it = await Tapped.start("stream");
    it.client.close();
    assertEquals(await it.server.read(new Uint8Array(1)), null);
    await assertGone(it.server);

    await using other = await Tapped.start("stream");
    other.server.close();
    assertEquals(await other.client.read(new Uint8Array(1)), null);
    await assertGone(other.client);
  }),
);

testUnless(
  notLinux,
  "unixtap outlives connections that both sides close with data under way",
  noLeaks(async () => {
    await using it = new Tapped();
    using listener = unix.listen(it.target);
    const signal = AbortSignal.timeout(30_000); // rather than waiting for a tool that has ended
    await it.startTool("--json", "--view", "none");
    for (let i = 0; i < 40; i++) {
      using client = await unix.connect(it.address);
      using server = await unix.accept(listener, { signal });
      await client.send({ data: new Uint8Array(4000) });
      if (i % 2 === 0) await server.send({ data: new Uint8Array(4000) });
      (i % 4 < 2 ? client : server).close();
    }
    using client = await unix.connect(it.address);
    using server = await unix.accept(listener, { signal });
    await client.send({ data: encode("still there") });
    assertEquals(await server.read(new Uint8Array(20)), 11);
  }),
);

/** Expect that writing fails, at the latest once the other process has noticed. */
async function assertGone(socket: Socket): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    try {
      await socket.write(new Uint8Array(1));
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionReset) continue;
      assert(error instanceof Deno.errors.BrokenPipe, String(error));
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error("Expected the peer to be gone");
}
