import { assert, assertEquals, assertObjectMatch, assertRejects } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import type { FileLike } from "../../lib/fd/file_like.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { descriptorOf } from "../../lib/handle/socket.ts";
import { type OutgoingMessage, senderOf } from "../../lib/socket/outgoing_message.ts";
import { concatenated } from "../../lib/socket/pieces.ts";
import { bind } from "../../lib/unix/bind.ts";
import { connectSync } from "../../lib/unix/connect.ts";
import { socket } from "../../lib/unix/socket.ts";
import { InvalidAddressError, SyscallError } from "../../mod.ts";
import { bytes, connected, fill, linuxTest, PAIRED, test, text } from "../util/cases.ts";
import { tempDir } from "../util/tempdir.ts";
import { readBytes, SENDS } from "../util/sockets.ts";

for (const [name, send] of Object.entries(SENDS)) {
  for (const type of PAIRED) {
    test(`${name}() sends one piece, several, and none (${type})`, async () => {
      using pair = connected(type);
      assertEquals(await send(pair.a, { data: bytes("hello") }), 5);
      assertEquals(text(pair.b.receiveSync()?.data), "hello");
      const pieces = [bytes("a"), bytes(""), bytes("bc")];
      assertEquals(await send(pair.a, { data: pieces }), 3);
      assertEquals(text(pair.b.receiveSync()?.data), "abc");
      for (const message of [{}, { data: [] }, { data: bytes("") }, { data: [bytes("")] }]) {
        assertEquals(await send(pair.a, message), 0);
        if (type === "stream") assertEquals(pair.b.bytesAvailable, 0);
        else assertEquals(pair.b.receiveSync()?.data.byteLength, 0);
      }
    });

    test(`${name}() passes descriptors once, which stay open here (${type})`, async () => {
      using pair = connected(type);
      using file = OwnedFd.open("/dev/zero");
      assertEquals(await send(pair.a, { data: bytes("abc"), files: [file, 0, pair.b] }), 3);
      using message = pair.b.receiveSync({ files: 3 });
      assertEquals(message?.files.map((it) => it.statSync().rdev)[0], file.statSync().rdev);
      assertEquals({
        fileCount: message?.files.length,
        isSocket: message?.files[2]?.statSync().isSocket,
      }, { fileCount: 3, isSocket: true });
      assertEquals(file.kind(), "character");
    });

    test(`${name}() takes more pieces than one call can (${type})`, async () => {
      using pair = connected(type);
      const pieces = Array.from({ length: 3000 }, (_, n) => new Uint8Array([n & 255]));
      assertEquals(await send(pair.a, { data: pieces, files: [0] }), 3000);
      using message = pair.b.receiveSync({ files: 1 });
      const first = message?.data ?? new Uint8Array(0);
      const rest = await readBytes(pair.b, type === "stream" ? 3000 - first.byteLength : 0);
      assertEquals(concatenated([first, rest]), concatenated(pieces));
      assertEquals(message?.files.length, 1);
    });
  }

  test(`${name}() refuses wrong arguments before anything is sent`, async () => {
    using pair = connected();
    using datagrams = connected("dgram");
    const wrong: [unknown, new (...args: never[]) => Error, string][] = [
      [{ data: "text" }, TypeError, "Uint8Array"],
      [{ data: [new Uint8Array(1), "text"] }, TypeError, "Uint8Array"],
      [{ data: new ArrayBuffer(1) }, TypeError, "Uint8Array"],
      [{ data: bytes("a"), files: Array(254).fill(0) }, RangeError, "253"],
      [{ data: bytes("a"), files: [-1] }, TypeError, "descriptor"],
      [{ data: bytes("a"), files: 0 }, TypeError, "array"],
      [{ data: bytes("a"), files: { fd: 0 } }, TypeError, "array"],
      [{ data: new DataView(new ArrayBuffer(1)) }, TypeError, "Uint8Array"],
      [{ data: Array(2) }, TypeError, "Uint8Array"],
      [{ data: bytes("a"), files: ["0"] }, TypeError, "descriptor"],
      [{ files: [0] }, TypeError, "at least one byte"],
      [{ data: bytes(""), files: [0] }, TypeError, "at least one byte"],
      [{ data: bytes("a"), to: "/run/a" }, TypeError, "datagram"],
    ];
    const claims: typeof wrong = [
      [{ data: bytes("a"), credentials: { pid: 0.5, uid: 0, gid: 0 } }, RangeError, "pid"],
      [{ data: bytes("a"), credentials: { pid: 1, uid: -1, gid: 0 } }, RangeError, "uid"],
      [{ data: bytes("a"), credentials: { pid: 1, uid: 0, gid: 2 ** 32 } }, RangeError, "gid"],
    ];
    if (Deno.build.os === "linux") wrong.push(...claims);
    for (const [message, expected, part] of wrong) {
      await assertRejects(() => send(pair.a, message as OutgoingMessage), expected, part);
    }
    assertEquals(pair.b.bytesAvailable, 0);
    await assertRejects(() => send(datagrams.a, { to: "a\0b" }), InvalidAddressError);
    await assertRejects(() => send(datagrams.a, { to: "" }), InvalidAddressError);
  });

  test(`${name}() of a number that is no descriptor, or a closed OwnedFd, sends nothing`, async () => {
    using pair = connected();
    const closed = OwnedFd.open("/dev/null");
    closed.close();
    for (const file of [0x7ffffffe, closed]) {
      const attempt = (): Promise<number> => send(pair.a, { data: bytes("a"), files: [0, file] });
      await assertRejects(attempt, Deno.errors.BadResource);
    }
    assertEquals(pair.b.bytesAvailable, 0);
  });

  test(`${name}() reads each property of a message once`, async () => {
    using pair = connected();
    const reads: string[] = [];
    const spy = <T extends object>(target: T, prefix = ""): T =>
      new Proxy(target, {
        get(object, key): unknown {
          if (typeof key === "string") reads.push(prefix + key);
          return Reflect.get(object, key);
        },
      });
    await send(pair.a, spy({ data: bytes("a"), files: [spy({ fd: 0 }, "file.")] }));
    assertEquals(reads.toSorted(), ["credentials", "data", "file.fd", "files", "to"]);
    using message = pair.b.receiveSync({ files: 1 });
    assertEquals(message?.files.length, 1);
  });

  test(`${name}() to a peer that is gone throws BrokenPipe, and raises no signal`, async () => {
    using pair = connected();
    pair.b.close();
    for (const message of [{ data: bytes("a") }, { data: bytes("a"), files: [0] }]) {
      const error = await assertRejects(() => send(pair.a, message), Deno.errors.BrokenPipe);
      assert("code" in error && "syscall" in error);
      assertObjectMatch(error, { code: "EPIPE", syscall: "sendmsg" });
    }
  });

  test(`${name}() to an address has it in its errors`, async () => {
    using dir = tempDir();
    using socket = bind(dir.join("a"));
    bind(dir.join("stale"), { unlinkOnClose: false }).close();
    const table = [
      ["none", Deno.errors.NotFound],
      ["stale", Deno.errors.ConnectionRefused],
    ] as const;
    for (const [path, expected] of table) {
      const message = { data: bytes("a"), to: dir.join(path) };
      const error = await assertRejects(() => send(socket, message), expected);
      assertEquals("address" in error && error.address, dir.join(path));
    }
    const error = await assertRejects(() => send(socket, { data: bytes("a") }), Error);
    assertEquals("code" in error && error.code, "ENOTCONN");
  });

  linuxTest(
    `${name}() of a message that is refused leaves nothing of a long address open`,
    async () => {
      using dir = tempDir();
      const folder = dir.join("d".repeat(100));
      Deno.mkdirSync(folder);
      using inbox = bind(`${folder}/inbox`);
      using socket = bind(dir.join("a"));
      const to = inbox.localAddress ?? "";
      const data = bytes("a");
      for (const files of [["text"], [-1], Array(254).fill(0)] as unknown as FileLike[][]) {
        await assertRejects(() => send(socket, { data, files, to }), Error, "descriptor");
      }
      assertEquals(inbox.bytesAvailable, 0);
    },
  );

  test(`${name}() of a datagram that is too large says what to do`, async () => {
    using pair = connected("dgram");
    const data = new Uint8Array(4 << 20);
    const error = await assertRejects(() => send(pair.a, { data }), SyscallError, "split it");
    assertEquals(error.code, "EMSGSIZE");
  });

  linuxTest(
    `${name}() of credentials without data is refused on a stream, and sends nothing`,
    async () => {
      using pair = connected();
      pair.b.passCredentials = true;
      const credentials = { pid: Deno.pid, uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0 };
      for (const data of [{}, { data: [] }, { data: bytes("") }, { data: [bytes("")] }]) {
        await assertRejects(() => send(pair.a, { ...data, credentials }), TypeError, "credentials");
      }
      await send(pair.a, { data: bytes("a"), credentials });
      assertEquals(text(pair.b.receiveSync()?.data), "a");
    },
  );

  linuxTest(
    `${name}() sends no file that a getter of its credentials has put in a file's place`,
    async () => {
      using dir = tempDir();
      for (const content of ["given", "other"]) Deno.writeTextFileSync(dir.join(content), content);
      using pair = connected();
      const given = OwnedFd.open(dir.join("given"));
      const { fd } = given;
      const opened: OwnedFd[] = [];
      const credentials = {
        get pid(): number {
          given.close();
          opened.push(OwnedFd.open(dir.join("other")));
          return Deno.pid;
        },
        uid: Deno.uid() ?? 0,
        gid: Deno.gid() ?? 0,
      };
      await assertRejects(
        () => send(pair.a, { data: bytes("a"), files: [given], credentials }),
        Deno.errors.BadResource,
      );
      assertEquals({ numbers: opened.map((it) => it.fd), sent: pair.b.bytesAvailable }, {
        numbers: [fd],
        sent: 0,
      });
      for (const it of opened) it.close();
    },
  );

  linuxTest(`${name}() claims credentials that are its own, and may claim no others`, async () => {
    using pair = connected();
    pair.b.passCredentials = true;
    const own = { pid: Deno.pid, uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0 };
    await send(pair.a, { data: bytes("a"), credentials: own, files: [0] });
    using message = pair.b.receiveSync({ files: 1 });
    assertEquals({ credentials: message?.credentials, fileCount: message?.files.length }, {
      credentials: own,
      fileCount: 1,
    });
    const nobody = { ...own, pid: 0x7ffffffe };
    await assertRejects(() => send(pair.a, { data: bytes("a"), credentials: nobody }), Error);
  });
}

test("files may be anything with an fd", async () => {
  using pair = connected();
  const { open } = await import("node:fs/promises");
  const handle = await open("/dev/zero");
  const files: FileLike[] = [handle, 2, pair.b];
  await pair.a.send({ data: bytes("a"), files });
  using message = await pair.b.receive({ files: 3 });
  assertEquals(message?.files.length, 3);
  await handle.close();
});

for (const [twin, send] of Object.entries(SENDS)) {
  test(`${twin}() takes neither bytes nor a string for a message`, async () => {
    using pair = connected("dgram");
    for (const wrong of [bytes("a"), "a", [bytes("a")]] as OutgoingMessage[]) {
      await assertRejects(() => send(pair.a, wrong), TypeError, "{ data: bytes }");
    }
    assertEquals(await send(pair.a, {}), 0, "an empty message is one");
  });
}

test("data in pieces goes to the address given with it, whatever was sent or received before", () => {
  using dir = tempDir();
  using sender = bind(dir.join("from"));
  using one = bind(dir.join("one"));
  using other = bind(dir.join("other"));
  for (const [name, receiver] of [["one", one], ["other", other], ["one", one]] as const) {
    sender.sendSync({ data: [bytes("to "), bytes(name)], to: dir.join(name) });
    assertEquals(text(receiver.receiveSync()?.data), `to ${name}`);
  }
});

linuxTest(
  "a connected socket whose queue is full waits for itself, and another one for a probe",
  () => {
    using dir = tempDir();
    using receiver = bind(dir.join("receiver"));
    for (const type of PAIRED) {
      using pair = connected(type);
      fill(pair.a);
      using sender = senderOf(descriptorOf(pair.a), type, { data: bytes("a") });
      assertEquals({ result: sender.attempt(), obstacle: sender.obstacle }, {
        result: -platform.EAGAIN,
        obstacle: undefined,
      });
    }
    using filling = connectSync(dir.join("receiver"), { type: "dgram" });
    fill(filling);
    using other = socket();
    const message = { data: bytes("a"), to: receiver.localAddr.path };
    using sender = senderOf(descriptorOf(other), "dgram", message);
    assertEquals(sender.attempt(), -platform.EAGAIN);
    assert(sender.obstacle !== undefined);
  },
);
