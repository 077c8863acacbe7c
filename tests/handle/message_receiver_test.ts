import { assert, assertEquals, assertObjectMatch, assertRejects } from "@std/assert";
import { libc, replaceLibc } from "../../ffi/libc.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { closeFd } from "../../ffi/syscalls/files.ts";
import { setsockopt } from "../../ffi/syscalls/sockets.ts";
import { messageReceiver } from "../../lib/handle/message_receiver.ts";
import { stateOf } from "../../lib/handle/socket_transfer.ts";
import { Socket } from "../../lib/handle/socket.ts";
import { duplicate } from "../../lib/fd/file_like.ts";
import { bind } from "../../lib/unix/bind.ts";
import { socketpair } from "../../lib/unix/socketpair.ts";
import { ControlTruncatedError } from "../../mod.ts";
import { bytes, connected, linuxTest, PAIRED, test, text } from "../util/cases.ts";
import { countDescriptors } from "../util/descriptors.ts";
import { tempDir } from "../util/tempdir.ts";
import { RECEIVES } from "../util/sockets.ts";

const { SOL_SOCKET, SO_PASSCRED, SO_TIMESTAMP, SO_TIMESTAMPNS, SO_PASSSEC } = platform;

/** Set options through a second owner of the same open file, which the first knows nothing of. */
function throughDuplicate(socket: Socket, set: (twin: Socket) => void): void {
  using twin = Socket.adopt(duplicate(socket.fd));
  set(twin);
}

/** What adds control data to messages. */
const OPTIONS: Readonly<Record<string, (socket: Socket) => void>> = {
  SO_TIMESTAMP: (socket) => socket.setOption(SOL_SOCKET, SO_TIMESTAMP, 1),
  SO_TIMESTAMPNS: (socket) => socket.setOption(SOL_SOCKET, SO_TIMESTAMPNS, 1),
  SO_PASSSEC: (socket) => socket.setOption(SOL_SOCKET, SO_PASSSEC, 1),
  passCredentials: (socket) => socket.passCredentials = true,
  passPidfd: (socket) => socket.passPidfd = true,
  "all of them": (socket) => {
    for (const name of [SO_TIMESTAMPNS, SO_PASSSEC]) socket.setOption(SOL_SOCKET, name, 1);
    socket.passCredentials = socket.passPidfd = true;
  },
};

/** Memory of which no part can be made. */
class Whole extends Uint8Array {
  static get [Symbol.species](): never {
    throw new Error("no parts");
  }
}

for (const [name, receive] of Object.entries(RECEIVES)) {
  test(`${name}() into memory that makes no part of itself gives a part of it`, async () => {
    using pair = connected();
    pair.a.sendSync({ data: bytes("a"), files: [0, 0] });
    const buffer = new Whole(8);
    using message = await receive(pair.b, { buffer, files: 2 });
    assertEquals([text(message?.data), message?.files.length], ["a", 2]);
    assertEquals(message?.data.buffer, buffer.buffer);
  });

  test(`${name}() refuses flags that are no booleans, and takes nothing`, async () => {
    using pair = connected();
    pair.a.writeSync(bytes("a"));
    for (const flag of ["filesFirst", "peek", "waitAll"]) {
      for (const value of ["no", 1, 0, null]) {
        const options = { [flag]: value } as never;
        await assertRejects(() => receive(pair.b, options), TypeError, `\`${flag}\``);
      }
    }
    using message = await receive(pair.b, { filesFirst: true, peek: false, waitAll: false });
    assertEquals(text(message?.data), "a");
  });

  for (const type of PAIRED) {
    for (const [option, set] of Object.entries(OPTIONS)) {
      linuxTest(
        `${name}() loses no descriptor to ${option}, set through a duplicate (${type})`,
        async () => {
          using pair = connected(type);
          pair.a.sendSync({ data: bytes("a") });
          (await receive(pair.b))?.[Symbol.dispose]();
          throughDuplicate(pair.b, set);
          for (const count of [1, 3, 253]) {
            pair.a.sendSync({ data: bytes("b"), files: Array(count).fill(0) });
            using message = await receive(pair.b, { files: count });
            assertEquals({
              fileCount: message?.files.length,
              controlTruncated: message?.controlTruncated,
            }, { fileCount: count, controlTruncated: false });
          }
        },
      );
    }

    linuxTest(`${name}() changes no option of the socket (${type})`, async () => {
      using pair = connected(type);
      pair.b.setOption(SOL_SOCKET, SO_TIMESTAMPNS, 1);
      const options = () =>
        [SO_TIMESTAMP, SO_TIMESTAMPNS].map((it) => pair.b.getOption(SOL_SOCKET, it));
      const before = options();
      for (const data of ["a", "", "b"]) {
        if (data === "" && type === "stream") continue;
        pair.a.sendSync({ data: bytes(data) });
        await receive(pair.b);
      }
      pair.a.close();
      if (type !== "dgram") assertEquals(await receive(pair.b), null);
      assertEquals({ before, options: options() }, { before: [0, 1], options: [0, 1] });
    });

    linuxTest(
      `${name}() without files gives the credentials that a duplicate asked for (${type})`,
      async () => {
        using pair = connected(type);
        pair.a.sendSync({ data: bytes("a") });
        await receive(pair.b);
        throughDuplicate(pair.b, (twin) => twin.passCredentials = true);
        pair.a.sendSync({ data: bytes("b"), files: [0, 1, 2] });
        const before = countDescriptors();
        using message = await receive(pair.b);
        assertEquals(message?.credentials?.pid, Deno.pid);
        assertEquals({ files: message?.files, descriptors: countDescriptors() }, {
          files: [],
          descriptors: before,
        });
      },
    );

    test(`${name}() says how long a message was, also where it is cut (${type})`, async () => {
      using pair = connected(type);
      for (const [size, sent] of [[2, 5], [5, 5], [9, 5]] as const) {
        pair.a.writeSync(bytes("hello".slice(0, sent)));
        using message = await receive(pair.b, { size });
        const length = type === "stream" || !platform.reportsFullLength
          ? Math.min(size, sent)
          : sent;
        assertEquals({ fullLength: message?.fullLength, byteLength: message?.data.byteLength }, {
          fullLength: length,
          byteLength: Math.min(size, sent),
        });
        if (type === "stream" && size < sent) await receive(pair.b);
      }
      pair.a.writeSync(bytes("hello"));
      using seen = await receive(pair.b, { size: 2, peek: true });
      const whole = type !== "stream" && platform.reportsFullLength;
      assertEquals({ fullLength: seen?.fullLength, data: text(seen?.data) }, {
        fullLength: whole ? 5 : 2,
        data: "he",
      });
    });

    test(`${name}() into a view that follows its memory takes what the call was given (${type})`, async () => {
      using pair = connected(type);
      const memory = new ArrayBuffer(4, { maxByteLength: 64 });
      const buffer = new Uint8Array(memory);
      const pending = name === "receive" ? pair.b.receive({ buffer }) : undefined;
      if (pending !== undefined) memory.resize(64);
      pair.a.writeSync(bytes("abcdefgh"));
      using message = await (pending ?? receive(pair.b, { buffer }));
      assertEquals(text(message?.data), "abcd");
      if (type === "stream") assertEquals(pair.b.bytesAvailable, 4);
    });
  }

  test(`${name}() into no space on a stream gives an empty message at once, and takes nothing`, async () => {
    using pair = connected();
    for (const options of [{ size: 0 }, { buffer: new Uint8Array(0) }, { buffer: [] }]) {
      assertEquals((await receive(pair.b, options))?.data.byteLength, 0);
    }
    pair.a.sendSync({ data: bytes("a"), files: [0] });
    assertEquals((await receive(pair.b, { size: 0, files: 1 }))?.files.length, 0);
    using message = await receive(pair.b, { files: 1 });
    assertEquals({ data: text(message?.data), fileCount: message?.files.length }, {
      data: "a",
      fileCount: 1,
    });
  });

  linuxTest(`${name}() that refuses descriptors names their sender`, async () => {
    using dir = tempDir();
    using server = bind(dir.join("server"));
    using client = bind(dir.join("client"));
    server.passCredentials = true;
    client.sendSync({ data: bytes("hello"), files: [0, 1, 2], to: dir.join("server") });
    const before = countDescriptors();
    const error = await assertRejects(() => receive(server, { files: 1 }), ControlTruncatedError);
    assertEquals({ data: text(error.data), path: error.from?.path }, {
      data: "hello",
      path: dir.join("client"),
    });
    assertEquals(
      { fromAddress: text(error.fromAddress ?? undefined), pid: error.credentials?.pid },
      { fromAddress: dir.join("client"), pid: Deno.pid },
    );
    assertEquals(countDescriptors(), before);
    // What the error says serves for an answer.
    server.sendSync({ data: bytes("no"), to: error.fromAddress ?? "" });
    assertEquals(text(client.receiveSync()?.data), "no");
  });

  linuxTest(`${name}() gives a name that is no UTF-8 in bytes, which send() takes`, async () => {
    using dir = tempDir();
    const names = [
      new Uint8Array([...bytes(dir.join("x")), 0xff]),
      new Uint8Array([0, ...bytes(`denet${Deno.pid}`), 0xff]),
    ];
    for (const own of names) {
      using client = bind(own);
      using server = bind("");
      client.sendSync({ data: bytes("a"), to: server.localAddress ?? "" });
      using message = await receive(server);
      assertEquals([...message?.fromAddress ?? []], [...own]);
      server.sendSync({ data: bytes("b"), to: message?.fromAddress ?? "" });
      assertEquals(text(client.receiveSync()?.data), "b");
    }
  });

  test(`${name}() gives an address in Deno's form, which send() takes`, async () => {
    using dir = tempDir();
    using client = bind(dir.join("client"));
    using server = bind(dir.join("server"));
    client.sendSync({ data: bytes("a"), to: server.localAddr });
    using message = await receive(server);
    assert(message?.from);
    server.sendSync({ data: bytes("b"), to: message.from });
    assertEquals(text(client.receiveSync()?.data), "b");
  });
}

linuxTest(
  "receive() without files notices at the first message that another process has set an option",
  async () => {
    for (const type of PAIRED) {
      using pair = connected(type);
      pair.a.writeSync(bytes("a"));
      await pair.b.receive();
      // As another process does it: this module is not told.
      setsockopt(pair.b.fd, SOL_SOCKET, SO_PASSCRED, new Uint8Array([1, 0, 0, 0]));
      const seen: unknown[] = [];
      for (const data of ["b", "c"]) {
        pair.a.writeSync(bytes(data));
        using message = await pair.b.receive();
        seen.push([text(message?.data), message?.controlTruncated, message?.credentials?.pid]);
      }
      assertEquals(seen, [["b", true, undefined], ["c", false, Deno.pid]], type);
    }
  },
);

linuxTest("a message sent before credentials were requested has none", async () => {
  for (const type of PAIRED) {
    using pair = connected(type);
    pair.a.writeSync(bytes("a"));
    pair.b.passCredentials = true;
    using message = await pair.b.receive();
    assertEquals(message?.credentials, undefined, type);
  }
});

test("MessageReceiver that does not refuse gives the message without its descriptors", () => {
  using pair = connected();
  pair.a.sendSync({ data: bytes("a"), files: [0, 1, 2] });
  const before = countDescriptors();
  const state = stateOf(pair.b).receiveState(pair.b);
  const receiver = messageReceiver(state, { files: 1 }, false);
  const message = receiver.outcome(receiver.attempt());
  assertObjectMatch(message ?? {}, { files: [], controlTruncated: true });
  assertEquals({ data: text(message?.data), descriptors: countDescriptors() }, {
    data: "a",
    descriptors: before,
  });
});

/** More operations than one turn of the event loop completes. */
const MORE_THAN_BUDGET = 256;

for (const end of ["close", "detach"] as const) {
  test(`receive() gives a message that came before ${end}(), with descriptors it did not want`, async () => {
    // One of them waits for the next turn with what it has received.
    const received: Promise<unknown>[] = [];
    for (let n = 0; n < MORE_THAN_BUDGET; n++) {
      const [near, far] = socketpair();
      near.sendSync({ data: bytes("b"), files: [0] });
      received.push(
        far.receive().then((message) => [text(message?.data), message?.controlTruncated]),
      );
      if (end === "close") far.close();
      else closeFd(far.detach());
      near.close();
    }
    for (const result of await Promise.all(received)) assertEquals(result, ["b", true]);
  });
}

/** The C library, in which another reader of the socket takes a message between a peek at it and the receive. */
class EarlierReader implements Disposable {
  /** How many messages it is to take. */
  left = 1;
  readonly #previous = libc();

  constructor() {
    const { recv, recvmsg } = this.#previous;
    const takeBefore = (fd: number, flags: number): void => {
      if ((flags & platform.MSG_PEEK) !== 0 || this.left === 0) return;
      this.left--;
      recv(fd, new Uint8Array(8), 8n, platform.MSG_DONTWAIT);
    };
    const calls: Partial<ReturnType<typeof libc>> = {
      recv: (fd, bytes, length, flags) => {
        takeBefore(fd, flags);
        return recv(fd, bytes, length, flags);
      },
      recvmsg: (fd, header, flags) => {
        takeBefore(fd, flags);
        return recvmsg(fd, header, flags);
      },
    };
    const properties = Object.entries(calls).map(([name, value]) => [name, { value }]);
    replaceLibc(Object.create(this.#previous, Object.fromEntries(properties)));
  }

  [Symbol.dispose](): void {
    replaceLibc(this.#previous);
  }
}

linuxTest(
  "a receive and a read find the end where another reader took the last message first",
  async () => {
    for (const isLast of [true, false]) {
      for (const how of ["receive", "receiveSync", "read", "readSync"] as const) {
        using pair = connected("seqpacket");
        for (const data of isLast ? ["ab"] : ["ab", "cd"]) pair.a.sendSync({ data: bytes(data) });
        pair.a.close();
        using reader = new EarlierReader();
        let result: number | string | null | undefined;
        if (how === "read" || how === "readSync") result = await pair.b[how](new Uint8Array(8));
        else {
          const message = await pair.b[how]();
          result = message && text(message.data);
        }
        const other = how.startsWith("read") ? 2 : "cd";
        assertEquals({ how, result, left: reader.left }, {
          how,
          result: isLast ? null : other,
          left: 0,
        });
      }
    }
  },
);
