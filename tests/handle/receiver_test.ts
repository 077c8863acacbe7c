import {
  assert,
  assertEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { bind } from "../../lib/unix/bind.ts";
import { listen } from "../../lib/unix/listen.ts";
import { ControlTruncatedError } from "../../mod.ts";
import {
  bytes,
  collectUntil,
  connected,
  gcTest,
  isOpen,
  linuxTest,
  PAIRED,
  test,
  text,
} from "../util/cases.ts";
import { countDescriptors, noLeaks } from "../util/descriptors.ts";
import { isInherited } from "../util/inherited.ts";
import { outOfDescriptors } from "../util/limits.ts";
import { needPeer, testWith } from "../util/peers.ts";
import { tempDir } from "../util/tempdir.ts";

for (const [name, receive] of Object.entries(RECEIVES)) {
  for (const type of PAIRED) {
    test(`${name}() gives what came, in memory of its own (${type})`, async () => {
      using pair = connected(type);
      pair.a.writeSync(bytes("first"));
      using first = await receive(pair.b);
      pair.a.writeSync(bytes("other"));
      using other = await receive(pair.b);
      assertEquals({ firstData: text(first?.data), otherData: text(other?.data) }, {
        firstData: "first",
        otherData: "other",
      });
      assertObjectMatch(first ?? {}, {
        files: [],
        from: null,
        truncated: false,
        controlTruncated: false,
      });
      assertEquals(first?.endOfRecord, type === "seqpacket");
      assert(first && !("credentials" in first) && !("pidfd" in first));
    });

    test(`${name}() fills memory that the caller gives (${type})`, async () => {
      using pair = connected(type);
      pair.a.writeSync(bytes("hello"));
      const buffer = new Uint8Array(16);
      using message = await receive(pair.b, { buffer });
      assertStrictEquals(message?.data.buffer, buffer.buffer);
      assertEquals({ data: text(message?.data), buffer: text(buffer.subarray(0, 5)) }, {
        data: "hello",
        buffer: "hello",
      });
      pair.a.writeSync(bytes("hello"));
      const pieces = [new Uint8Array(2), new Uint8Array(0), new Uint8Array(16)];
      using spread = await receive(pair.b, { buffer: pieces });
      assertEquals({ data: text(spread?.data), pieces: text(pieces[0]) }, {
        data: "hello",
        pieces: "he",
      });
      assertEquals(text(pieces[2]?.subarray(0, 3)), "llo");
    });

    test(`${name}() accepts no descriptors by default: the kernel closes them (${type})`, async () => {
      using pair = connected(type);
      pair.a.sendSync({ data: bytes("a"), files: [0, 1] });
      const before = countDescriptors();
      using message = await receive(pair.b);
      assertEquals({ data: text(message?.data), files: message?.files }, { data: "a", files: [] });
      assertEquals(
        { controlTruncated: message?.controlTruncated, descriptors: countDescriptors() },
        { controlTruncated: true, descriptors: before },
      );
    });

    test(`${name}() gives the descriptors that came, close-on-exec (${type})`, async () => {
      using pair = connected(type);
      for (const count of [0, 1, 2, 5, 253]) {
        pair.a.sendSync({ data: bytes("a"), files: Array(count).fill(pair.a) });
        using message = await receive(pair.b, { files: 253 });
        assertEquals({
          fileCount: message?.files.length,
          controlTruncated: message?.controlTruncated,
        }, { fileCount: count, controlTruncated: false });
        const [file] = message?.files ?? [];
        if (file) {
          assertEquals({ kind: file.kind(), isInherited: isInherited(file.fd) }, {
            kind: "socket",
            isInherited: false,
          });
        }
      }
    });

    test(`${name}() refuses more descriptors than it asked for, and nothing leaks (${type})`, async () => {
      using pair = connected(type);
      for (const [sent, asked] of [[2, 1], [3, 1], [4, 2], [253, 1], [253, 252]] as const) {
        pair.a.sendSync({ data: bytes("data"), files: Array(sent).fill(0) });
        const before = countDescriptors();
        const error = await assertRejects(
          () => receive(pair.b, { files: asked }),
          ControlTruncatedError,
          "closed",
        );
        assertEquals({ data: text(error.data), descriptors: countDescriptors() }, {
          data: "data",
          descriptors: before,
        }, `${sent}, ${asked}`);
        assertEquals("code" in error, false, "there is no shortage");
      }
      pair.a.writeSync(bytes("next"));
      assertEquals(text((await receive(pair.b, { files: 1 }))?.data), "next");
    });

    test(`${name}() with peek leaves the message in the queue (${type})`, async () => {
      using pair = connected(type);
      pair.a.sendSync({ data: bytes("hello"), files: [0] });
      const before = countDescriptors();
      for (const size of [2, 5, 100]) {
        using message = await receive(pair.b, { peek: true, size });
        assertEquals(text(message?.data), "hello".slice(0, size));
        assertEquals(message?.truncated, type !== "stream" && size < 5);
      }
      assertEquals(countDescriptors(), before);
      using message = await receive(pair.b, { files: 1 });
      assertEquals({ data: text(message?.data), fileCount: message?.files.length }, {
        data: "hello",
        fileCount: 1,
      });
    });
  }

  test(`${name}() returns null at the end of a stream, again and again`, async () => {
    using pair = connected();
    pair.a.writeSync(bytes("last"));
    pair.a.close();
    assertEquals(text((await receive(pair.b))?.data), "last");
    assertEquals(await receive(pair.b), null);
    assertEquals(await receive(pair.b, { files: 3 }), null);
    assertEquals(await receive(pair.b, { waitAll: true }), null);
  });

  linuxTest(`${name}() distinguishes an empty seqpacket message from the end`, async () => {
    using pair = connected("seqpacket");
    pair.a.sendSync({ data: bytes("") });
    pair.a.sendSync({ data: bytes(""), files: [0] });
    pair.a.sendSync({ data: bytes("a") });
    pair.a.close();
    assertEquals((await receive(pair.b))?.data.byteLength, 0);
    using files = await receive(pair.b, { files: 1 });
    assertEquals({ byteLength: files?.data.byteLength, fileCount: files?.files.length }, {
      byteLength: 0,
      fileCount: 1,
    });
    assertEquals((await receive(pair.b))?.data.byteLength, 1);
    assertEquals({ first: await receive(pair.b), second: await receive(pair.b) }, {
      first: null,
      second: null,
    });
  });

  test(`${name}() takes empty datagrams for the messages they are`, async () => {
    using pair = connected("dgram");
    for (let n = 0; n < 3; n++) pair.a.sendSync({ data: bytes("") });
    for (let n = 0; n < 3; n++) assertEquals((await receive(pair.b))?.data.byteLength, 0);
  });

  test(`${name}() returns null once reading was shut down`, async () => {
    // Elsewhere a datagram socket gives empty messages then, or none.
    for (const type of PAIRED.filter((it) => it !== "dgram" || Deno.build.os === "linux")) {
      using pair = connected(type);
      pair.b.shutdown("read");
      assertEquals(await receive(pair.b), null, type);
    }
  });

  test(`${name}() cuts a message that is too long, and says so`, async () => {
    for (const type of PAIRED.filter((it) => it !== "stream")) {
      using pair = connected(type);
      pair.a.writeSync(bytes("hello"));
      pair.a.writeSync(bytes("next"));
      using cut = await receive(pair.b, { size: 2 });
      assertEquals({
        data: text(cut?.data),
        truncated: cut?.truncated,
        endOfRecord: cut?.endOfRecord,
      }, { data: "he", truncated: true, endOfRecord: false });
      using next = await receive(pair.b, { size: 4 });
      assertEquals({ data: text(next?.data), truncated: next?.truncated }, {
        data: "next",
        truncated: false,
      });
      assertEquals(next?.endOfRecord, type === "seqpacket");
    }
  });

  test(`${name}() never cuts a stream`, async () => {
    using pair = connected();
    pair.a.writeSync(bytes("hello"));
    using first = await receive(pair.b, { size: 2 });
    using rest = await receive(pair.b);
    assertEquals({
      firstData: text(first?.data),
      truncated: first?.truncated,
      restData: text(rest?.data),
    }, { firstData: "he", truncated: false, restData: "llo" });
  });

  test(`${name}() takes messages of every size`, async () => {
    using pair = connected("dgram");
    pair.a.sendBufferSize = 1 << 20;
    for (const size of [1, 65535, 65536, 65537, 150_000]) {
      const data = new Uint8Array(size).fill(size & 255);
      pair.a.sendSync({ data });
      using message = await receive(pair.b, { size: 1 << 18 });
      assertEquals(Deno.inspect(message?.data), Deno.inspect(data));
      assertEquals(message?.data.every((it) => it === (size & 255)), true);
    }
  });

  test(`${name}() names the sender, and is null for one without a name`, async () => {
    using dir = tempDir();
    using receiver = bind(dir.join("to"));
    using named = bind(dir.join("from"));
    using pair = connected("dgram");
    named.sendSync({ data: bytes("a"), to: dir.join("to") });
    const expected = { transport: "unixpacket", path: dir.join("from") } as const;
    assertEquals((await receive(receiver))?.from, expected);
    pair.a.writeSync(bytes("a"));
    assertEquals((await receive(pair.b))?.from, null);
  });

  for (const [files, left] of [[5, 2], [1, 0]] as const) {
    test(`${name}() without descriptors left keeps the data, and nothing leaks (${files})`, async () => {
      using pair = connected();
      pair.a.sendSync({ data: bytes("data"), files: Array(files).fill(0) });
      const before = countDescriptors();
      let error: ControlTruncatedError;
      {
        using shortage = outOfDescriptors();
        shortage.free(left);
        error = await assertRejects(() => receive(pair.b, { files }), ControlTruncatedError);
      }
      assertEquals({ data: text(error.data), descriptors: countDescriptors() }, {
        data: "data",
        descriptors: before,
      });
      assertEquals({ code: error.code, matches: /RLIMIT_NOFILE.*data/.test(error.message) }, {
        code: "EMFILE",
        matches: true,
      });
      pair.a.sendSync({ data: bytes("next"), files: Array(files).fill(0) });
      using message = await receive(pair.b, { files });
      assertEquals({ data: text(message?.data), fileCount: message?.files.length }, {
        data: "next",
        fileCount: files,
      });
    });
  }
}

test("messages without descriptors share no array that one could change", async () => {
  using pair = connected();
  pair.a.writeSync(bytes("a"));
  using first = await pair.b.receive({ files: 1 });
  first?.files.push(OwnedFd.open("/dev/null"));
  pair.a.writeSync(bytes("b"));
  using second = await pair.b.receive({ files: 1 });
  assertEquals(second?.files, []);
});

test("receive() takes one buffer of a list as it takes the buffer alone", async () => {
  using pair = connected();
  const buffer = new Uint8Array(4);
  pair.a.writeSync(bytes("abc"));
  using message = await pair.b.receive({ buffer: [buffer] });
  assertEquals({ data: text(message?.data), buffer: text(buffer) }, {
    data: "abc",
    buffer: "abc\0",
  });
});

test("sendSync() and receiveSync() with a timeout report other errors as they are", () => {
  using pair = connected();
  pair.b.close();
  assertThrows(
    () => pair.a.sendSync({ data: bytes("a") }, { timeout: 100 }),
    Deno.errors.BrokenPipe,
  );
});

test("receive() takes as many buffers as one call can", async () => {
  using pair = connected();
  const buffer = Array.from({ length: 1024 }, () => new Uint8Array(1));
  pair.a.writeSync(new Uint8Array(2000));
  using message = await pair.b.receive({ buffer });
  assertEquals(message?.data.byteLength, 1024);
});

gcTest("descriptors in a message that becomes garbage are closed", async () => {
  using pair = connected();
  pair.a.sendSync({ data: bytes("a"), files: [0, 1] });
  const numbers = await (async () => {
    const message = await pair.b.receive({ files: 2 });
    return message?.files.map(({ fd }) => fd) ?? [];
  })();
  assertEquals(numbers.length, 2);
  await collectUntil(() => !numbers.some(isOpen));
  assertEquals(numbers.filter(isOpen), []);
});

const CRASHER = `
import os, socket, sys
peer = socket.socket(socket.AF_UNIX)
peer.connect(sys.argv[1])
socket.send_fds(peer, [b"partial"], [0])
os.kill(os.getpid(), 9)
`;
import { RECEIVES } from "../util/sockets.ts";

testWith(
  "python3",
  "a peer that is killed in the middle of a message leaves what it sent, and then the end",
  noLeaks(async () => {
    using dir = tempDir();
    using listener = listen(dir.join("a"));
    const { command } = needPeer("python3");
    const args = ["-c", CRASHER, dir.join("a")];
    const crashed = new Deno.Command(command, { args, stdin: "null" }).output();
    using server = await listener.accept();
    using message = await server.receive({ size: 100, files: 2, waitAll: true });
    assertEquals({ data: text(message?.data), fileCount: message?.files.length }, {
      data: "partial",
      fileCount: 1,
    });
    assertEquals(await server.receive({ waitAll: true }), null);
    assertEquals((await crashed).signal, "SIGKILL");
  }),
);
