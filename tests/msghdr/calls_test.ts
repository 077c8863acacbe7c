import { assert, assertEquals, assertObjectMatch, assertRejects, assertThrows } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { Msghdr, OwnedFd, recvmsg, recvmsgSync, sendmsg, sendmsgSync, unix } from "../../mod.ts";
import { SyscallError } from "../../lib/errors.ts";
import { bytes, connected, emulated, fill, isOpen, linuxTest, test, text } from "../util/cases.ts";
import { tempDir } from "../util/tempdir.ts";
import { messageOf } from "../util/sockets.ts";

const { MSG_DONTWAIT, MSG_OOB, MSG_PEEK, MSG_TRUNC, SOL_SOCKET, SCM_RIGHTS } = platform;

test("only a Socket and a Msghdr, or what is derived from them, can be transferred", () => {
  class Derived extends Msghdr {}
  using pair = connected();
  using out = new Derived();
  out.addVector(bytes("a"));
  assertEquals(sendmsgSync(pair.a, out), 1);
  for (const wrong of [undefined, null, 3, "a", {}, { constructor: Msghdr }, pair.b]) {
    const given = wrong as unknown as Msghdr;
    assertThrows(() => sendmsgSync(pair.a, given), TypeError);
    assertThrows(() => recvmsgSync(pair.b, given), TypeError);
  }
  for (const wrong of [undefined, null, 3, {}, out]) {
    assertThrows(() => sendmsgSync(wrong as unknown as unix.Socket, out), TypeError, "`Socket`");
  }
});

for (const twin of ["async", "sync"] as const) {
  const send = (...args: Parameters<typeof sendmsgSync>): Promise<number> =>
    twin === "async" ? sendmsg(...args) : Promise.try(sendmsgSync, ...args);
  const receive = (...args: Parameters<typeof recvmsgSync>): Promise<number> =>
    twin === "async" ? recvmsg(...args) : Promise.try(recvmsgSync, ...args);

  test(`sendmsg and recvmsg pass data and descriptors (${twin})`, async () => {
    using pair = connected();
    using out = messageOf(bytes("head"), bytes("body"));
    unix.addFiles(out, 0, 1);
    assertEquals(await send(pair.a, out), 8);
    const [head, body] = [new Uint8Array(4), new Uint8Array(8)];
    using into = messageOf(head, body);
    unix.allocFiles(into, 2);
    assertEquals({ received: await receive(pair.b, into), bytesReceived: into.bytesReceived }, {
      received: 8,
      bytesReceived: 8,
    });
    assertEquals({ head: text(head), body: text(body.subarray(0, 4)) }, {
      head: "head",
      body: "body",
    });
    const files = unix.recvFiles(into);
    assertEquals(files.length, 2);
    for (const file of files) file.close();
  });

  test(`recvmsg asks for close-on-exec descriptors (${twin})`, async () => {
    using pair = connected();
    await pair.a.send({ data: bytes("a"), files: [0] });
    using into = messageOf(new Uint8Array(1));
    unix.allocFiles(into, 1);
    await receive(pair.b, into);
    using file = unix.recvFiles(into)[0];
    const flags = Deno.readTextFileSync(`/proc/self/fdinfo/${file?.fd}`).match(/flags:\s*(\d+)/)
      ?.[1];
    assertEquals(parseInt(flags ?? "", 8) & platform.O_CLOEXEC, platform.O_CLOEXEC);
  });

  test(`recvmsg returns 0 at the end (${twin})`, async () => {
    using pair = connected();
    pair.a.close();
    using into = messageOf(new Uint8Array(4));
    assertEquals({ received: await receive(pair.b, into), bytesReceived: into.bytesReceived }, {
      received: 0,
      bytesReceived: 0,
    });
  });

  test(`sendmsg to a peer that is gone throws BrokenPipe, and raises no signal (${twin})`, async () => {
    using pair = connected();
    pair.b.close();
    using out = messageOf(bytes("a"));
    const error = await assertRejects(() => send(pair.a, out), Deno.errors.BrokenPipe);
    assertEquals("syscall" in error && error.syscall, "sendmsg");
  });

  test(`MSG_DONTWAIT means WouldBlock instead of a wait (${twin})`, async () => {
    using pair = connected();
    using into = messageOf(new Uint8Array(4));
    const error = await assertRejects(
      () => receive(pair.b, into, { flags: MSG_DONTWAIT }),
      Deno.errors.WouldBlock,
    );
    assertEquals("syscall" in error && error.syscall, "recvmsg");
    fill(pair.a);
    using out = messageOf(new Uint8Array(4096));
    await assertRejects(() => send(pair.a, out, { flags: MSG_DONTWAIT }), Deno.errors.WouldBlock);
    out.flags = MSG_DONTWAIT;
    await assertRejects(() => send(pair.a, out), Deno.errors.WouldBlock);
    assertEquals(await receive(pair.b, into, { flags: MSG_DONTWAIT }), 4);
  });

  test(`a failed recvmsg leaves no control data to read (${twin})`, async () => {
    using pair = connected();
    await pair.a.send({ data: bytes("a"), files: [0, 1] });
    using into = messageOf(new Uint8Array(4));
    unix.allocFiles(into, 2);
    await receive(pair.b, into);
    const data = into.getControl(SOL_SOCKET, SCM_RIGHTS);
    const numbers = [...new Int32Array(data?.slice().buffer ?? new ArrayBuffer(0))];
    await assertRejects(
      () => receive(pair.b, into, { flags: MSG_DONTWAIT }),
      Deno.errors.WouldBlock,
    );
    assertEquals(numbers.map(isOpen), [false, false]);
    assertEquals([...into.controls()], []);
    assertEquals(
      { control: into.getControl(SOL_SOCKET, SCM_RIGHTS), files: unix.recvFiles(into) },
      { control: undefined, files: [] },
    );
    assertEquals({ bytesReceived: into.bytesReceived, flags: into.flags }, {
      bytesReceived: 0,
      flags: 0,
    });
  });

  test(`MSG_PEEK leaves the data, each time with descriptors of its own (${twin})`, async () => {
    using pair = connected();
    await pair.a.send({ data: bytes("abc"), files: [0] });
    using into = messageOf(new Uint8Array(8));
    unix.allocFiles(into, 1);
    for (const flags of [MSG_PEEK, MSG_PEEK, 0]) {
      assertEquals(await receive(pair.b, into, { flags }), 3);
      assertEquals(into.getControl(SOL_SOCKET, SCM_RIGHTS)?.byteLength, 4);
    }
    await assertRejects(
      () => receive(pair.b, into, { flags: MSG_DONTWAIT }),
      Deno.errors.WouldBlock,
    );
  });

  linuxTest(`MSG_OOB sends and takes a byte of urgent data (${twin})`, async () => {
    using pair = connected();
    using out = messageOf(bytes("ab!"));
    assertEquals(await send(pair.a, out, { flags: MSG_OOB }), 3);
    const byte = new Uint8Array(1);
    using urgent = messageOf(byte);
    assertEquals(
      { received: await receive(pair.b, urgent, { flags: MSG_OOB }), byte: text(byte) },
      { received: 1, byte: "!" },
    );
    const rest = new Uint8Array(8);
    using into = messageOf(rest);
    assertEquals({ received: await receive(pair.b, into), rest: text(rest.subarray(0, 2)) }, {
      received: 2,
      rest: "ab",
    });
    const error = await assertRejects(
      () => receive(pair.b, urgent, { flags: MSG_OOB | MSG_DONTWAIT }),
      SyscallError,
      "no urgent data is there",
    );
    assertEquals(error.code, "EINVAL");
    await assertRejects(
      () => receive(pair.b, urgent, { flags: MSG_OOB }),
      SyscallError,
      "no urgent data is there",
    );
  });

  test(`flags say that a datagram was cut (${twin})`, async () => {
    using pair = connected("dgram");
    await pair.a.write(bytes("abc"));
    using into = messageOf(new Uint8Array(2));
    assertEquals(await receive(pair.b, into), 2);
    assertEquals(into.flags & MSG_TRUNC, MSG_TRUNC);
    await pair.a.write(bytes("abc"));
    assertEquals(
      await receive(pair.b, into, { flags: MSG_TRUNC }),
      3,
      "MSG_TRUNC: the whole length",
    );
  });

  test(`sendmsg refuses descriptors without data on a stream (${twin})`, async () => {
    using pair = connected();
    for (const out of [messageOf(), messageOf(new Uint8Array(0), new Uint8Array(0))]) {
      using _out = out;
      unix.addFiles(out, 0);
      await assertRejects(() => send(pair.a, out), TypeError, "at least one byte");
    }
  });

  test(`recvmsg refuses a message without vectors on a stream, where 0 is the end (${twin})`, async () => {
    using pair = connected();
    using empty = new Msghdr();
    assertEquals(await send(pair.a, empty), 0);
    await assertRejects(() => receive(pair.b, empty), TypeError, "without vectors: 0 bytes");
    empty.addVector(new Uint8Array(0)); // an empty vector is no oversight
    assertEquals(await send(pair.a, empty), 0);
    pair.a.writeSync(new Uint8Array(1));
    assertEquals(await receive(pair.b, empty), 0);
  });

  test(`recvmsg into empty vectors on a stream returns at once, and takes nothing (${twin})`, async () => {
    using pair = connected();
    using empty = messageOf(new Uint8Array(0), new Uint8Array(0));
    unix.allocFiles(empty, 1);
    for (const flags of [0, MSG_DONTWAIT, platform.MSG_WAITALL]) {
      assertEquals(await receive(pair.b, empty, { flags }), 0, "nothing has come");
    }
    pair.a.sendSync({ data: bytes("a"), files: [0] });
    assertEquals(await receive(pair.b, empty), 0);
    assertEquals({ flags: empty.flags, files: unix.recvFiles(empty) }, { flags: 0, files: [] });
    using message = await pair.b.receive({ files: 1 });
    assertEquals({ data: text(message?.data), files: message?.files.length }, {
      data: "a",
      files: 1,
    });
  });

  linuxTest(`sendmsg passes descriptors without data on a seqpacket socket (${twin})`, async () => {
    using pair = connected("seqpacket");
    using out = messageOf();
    unix.addFiles(out, 0);
    assertEquals(await send(pair.a, out), 0);
    using into = messageOf(new Uint8Array(1));
    unix.allocFiles(into, 1);
    assertEquals(await receive(pair.b, into), 0);
    using file = unix.recvFiles(into)[0];
    assert(file);
  }, emulated ? "QEMU sends no message without a vector" : undefined);

  test(`sendmsg sends to name, and its errors have it (${twin})`, async () => {
    using dir = tempDir();
    using sender = unix.bind(dir.join("from"));
    using receiver = unix.bind(dir.join("to"));
    using out = messageOf(bytes("abc"));
    out.name = dir.join("to");
    assertEquals(await send(sender, out), 3);
    using into = messageOf(new Uint8Array(8));
    assertEquals({ received: await receive(receiver, into), name: into.name }, {
      received: 3,
      name: dir.join("from"),
    });
    out.name = dir.join("none");
    const error = await assertRejects(() => send(sender, out), Deno.errors.NotFound);
    assert("address" in error && "syscall" in error);
    assertObjectMatch(error, { address: dir.join("none"), syscall: "sendmsg" });
  });

  linuxTest(`sendmsg to a path beyond sun_path closes what it opened, once (${twin})`, async () => {
    using dir = tempDir();
    Deno.mkdirSync(dir.join("d".repeat(120)));
    const path = dir.join("d".repeat(120), "to");
    using sender = unix.bind(dir.join("from"));
    using receiver = unix.bind(path);
    using out = messageOf(bytes("abc"));
    out.name = path;
    const sent = send(sender, out);
    // It takes the number that has just become free.
    using file = OwnedFd.open("/dev/null");
    assertEquals(await sent, 3);
    assertEquals({ isOpen: isOpen(file.fd), bytesAvailable: receiver.bytesAvailable }, {
      isOpen: true,
      bytesAvailable: 3,
    });
  });

  test(`recvmsg on a stream asks for no name (${twin})`, async () => {
    using dir = tempDir();
    using listener = unix.listen(dir.join("to"));
    using client = await unix.connect(dir.join("to"), { localAddress: dir.join("from") });
    using server = await listener.accept();
    client.writeSync(bytes("abc"));
    using into = messageOf(new Uint8Array(8));
    assertEquals({ received: await receive(server, into), name: into.name }, {
      received: 3,
      name: null,
    });
    assertEquals(server.remoteAddr.path, dir.join("from"));
  });

  test(`sendmsg with a descriptor that is not open sends nothing (${twin})`, async () => {
    using pair = connected();
    using out = messageOf(bytes("a"));
    unix.addFiles(out, 0, 0x7ffffffe);
    await assertRejects(() => send(pair.a, out), Deno.errors.BadResource);
    assertEquals(pair.b.bytesAvailable, 0);
  });

  test(`flags that are no integer are refused (${twin})`, async () => {
    using pair = connected();
    using made = messageOf(bytes("a"));
    await assertRejects(() => send(pair.a, made, { flags: 0.5 }), TypeError);
    await assertRejects(() => receive(pair.a, made, { flags: NaN }), TypeError);
    await assertRejects(() => send(pair.a, made, { flags: 2 ** 32 }), RangeError);
    await assertRejects(() => receive(pair.a, made, { flags: -(2 ** 31) - 1 }), RangeError);
  });

  test(`use after close throws BadResource (${twin})`, async () => {
    using pair = connected();
    pair.a.close();
    using made = messageOf(bytes("a"));
    await assertRejects(() => send(pair.a, made), Deno.errors.BadResource);
    await assertRejects(() => receive(pair.a, made), Deno.errors.BadResource);
    const flags = MSG_DONTWAIT;
    await assertRejects(() => send(pair.a, made, { flags }), Deno.errors.BadResource);
    await assertRejects(() => receive(pair.a, made, { flags }), Deno.errors.BadResource);
  });
}
