import {
  assert,
  assertEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { Msghdr, OwnedFd, recvmsg, recvmsgSync, sendmsg, sendmsgSync, unix } from "../../mod.ts";
import { SyscallError } from "../../lib/errors.ts";
import {
  bytes,
  connected,
  emulated,
  fill,
  isOpen,
  isPending,
  linuxTest,
  test,
  text,
  turn,
  unemulatedTest,
} from "../util/cases.ts";
import { tempDir } from "../util/tempdir.ts";

const { MSG_DONTWAIT, MSG_OOB, MSG_PEEK, MSG_TRUNC, SOL_SOCKET, SCM_RIGHTS } = platform;

/** A message with some vectors. */
function message(...vectors: Uint8Array[]): Msghdr {
  const made = new Msghdr();
  for (const vector of vectors) made.addVector(vector);
  return made;
}

/** Send `out`, and show what arrives: the text, and how many descriptors came along. */
function exchanged(out: Msghdr): [string, number] {
  using pair = connected();
  sendmsgSync(pair.a, out);
  using got = pair.b.receiveSync({ files: 8 });
  return [text(got?.data), got?.files.length ?? -1];
}

test("a message sent again is what has become of it", () => {
  const memory = new Uint8Array(new ArrayBuffer(3, { maxByteLength: 8 })).fill(97);
  using out = message(memory);
  assertEquals([exchanged(out), exchanged(out)], [["aaa", 0], ["aaa", 0]]);
  memory.fill(98);
  assertEquals(exchanged(out), ["bbb", 0]);
  memory.buffer.resize(2);
  assertEquals(exchanged(out), ["bb", 0]);
  unix.addFiles(out, 0);
  assertEquals([exchanged(out), exchanged(out)], [["bb", 1], ["bb", 1]]);
  out.addVector(bytes("c"));
  assertEquals([exchanged(out), exchanged(out)], [["bbc", 1], ["bbc", 1]]);
  unix.addFiles(out, 0, 0);
  assertEquals(exchanged(out), ["bbc", 3]);
  memory.buffer.resize(8);
  assertEquals(exchanged(out)[0].length, 9);
  out.reset();
  out.addVector(bytes("d"));
  assertEquals([exchanged(out), exchanged(out)], [["d", 0], ["d", 0]]);
});

test("memory that is detached between two calls is not touched again", () => {
  using pair = connected();
  for (const count of [1, 2]) {
    const pieces = Array.from({ length: count }, () => new Uint8Array(64).fill(97));
    using out = message(...pieces);
    using into = message(...pieces.map((it) => it.slice()));
    assertEquals([sendmsgSync(pair.a, out), recvmsgSync(pair.b, into)], [64 * count, 64 * count]);
    const moved = pieces.map((it) => new Uint8Array(it.buffer.transfer()));
    assertEquals(sendmsgSync(pair.a, out), 0);
    unix.addFiles(out, 0);
    assertThrows(() => sendmsgSync(pair.a, out), TypeError, "byte");
    for (const it of moved) assertEquals(it.every((byte) => byte === 97), true);
  }
});

test("a payload that is transferred between two calls is noticed", () => {
  using pair = connected();
  using out = message(bytes("a"));
  const payload = out.addControl(4, SOL_SOCKET, SCM_RIGHTS);
  assertEquals(sendmsgSync(pair.a, out), 1); // descriptor 0, as the payload is zeroed
  (payload.buffer as ArrayBuffer).transfer();
  assertThrows(() => sendmsgSync(pair.a, out), TypeError, "transferred");
});

test("one message serves to send, to receive and to send to an address in turn", () => {
  using dir = tempDir();
  using pair = connected();
  using inbox = unix.bind(dir.join("inbox"));
  using outbox = unix.bind(dir.join("outbox"));
  using both = message(bytes("abc"));
  unix.addFiles(both, 0);
  for (let round = 0; round < 3; round++) {
    assertEquals([sendmsgSync(pair.a, both), recvmsgSync(pair.b, both)], [3, 3]);
    assertEquals([both.name, unix.recvFiles(both).map((it) => it.close()).length], [null, 1]);
    both.name = dir.join("inbox");
    assertEquals([sendmsgSync(outbox, both), recvmsgSync(inbox, both)], [3, 3]);
    assertEquals(both.name, dir.join("outbox"));
    assertEquals(unix.recvFiles(both).map((it) => it.close()).length, 1);
    assertThrows(() => recvmsgSync(inbox, both, { flags: MSG_DONTWAIT }), Deno.errors.WouldBlock);
    assertEquals([both.bytesReceived, unix.recvFiles(both)], [0, []]);
    both.name = null;
  }
});

unemulatedTest(
  "descriptors without data are refused on a stream, although they went out as a datagram before",
  () => {
    using pair = connected("dgram");
    using stream = connected();
    using out = new Msghdr();
    unix.addFiles(out, 0);
    for (let n = 0; n < 2; n++) {
      assertEquals(sendmsgSync(pair.a, out), 0);
      using got = pair.b.receiveSync({ files: 1 });
      assertEquals(got?.files.length, 1);
    }
    assertThrows(() => sendmsgSync(stream.a, out), TypeError, "byte");
  },
  "QEMU sends no message without vectors",
);

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
    using out = message(bytes("head"), bytes("body"));
    unix.addFiles(out, 0, 1);
    assertEquals(await send(pair.a, out), 8);
    const [head, body] = [new Uint8Array(4), new Uint8Array(8)];
    using into = message(head, body);
    unix.allocFiles(into, 2);
    assertEquals([await receive(pair.b, into), into.bytesReceived], [8, 8]);
    assertEquals([text(head), text(body.subarray(0, 4))], ["head", "body"]);
    const files = unix.recvFiles(into);
    assertEquals(files.length, 2);
    for (const file of files) file.close();
  });

  test(`recvmsg asks for close-on-exec descriptors (${twin})`, async () => {
    using pair = connected();
    await pair.a.send({ data: bytes("a"), files: [0] });
    using into = message(new Uint8Array(1));
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
    using into = message(new Uint8Array(4));
    assertEquals([await receive(pair.b, into), into.bytesReceived], [0, 0]);
  });

  test(`sendmsg to a peer that is gone throws BrokenPipe, and raises no signal (${twin})`, async () => {
    using pair = connected();
    pair.b.close();
    using out = message(bytes("a"));
    const error = await assertRejects(() => send(pair.a, out), Deno.errors.BrokenPipe);
    assertEquals("syscall" in error && error.syscall, "sendmsg");
  });

  test(`MSG_DONTWAIT means WouldBlock instead of a wait (${twin})`, async () => {
    using pair = connected();
    using into = message(new Uint8Array(4));
    const error = await assertRejects(
      () => receive(pair.b, into, { flags: MSG_DONTWAIT }),
      Deno.errors.WouldBlock,
    );
    assertEquals("syscall" in error && error.syscall, "recvmsg");
    fill(pair.a);
    using out = message(new Uint8Array(4096));
    await assertRejects(() => send(pair.a, out, { flags: MSG_DONTWAIT }), Deno.errors.WouldBlock);
    out.flags = MSG_DONTWAIT;
    await assertRejects(() => send(pair.a, out), Deno.errors.WouldBlock);
    assertEquals(await receive(pair.b, into, { flags: MSG_DONTWAIT }), 4);
  });

  test(`a failed recvmsg leaves no control data to read (${twin})`, async () => {
    using pair = connected();
    await pair.a.send({ data: bytes("a"), files: [0, 1] });
    using into = message(new Uint8Array(4));
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
    assertEquals([into.getControl(SOL_SOCKET, SCM_RIGHTS), unix.recvFiles(into)], [undefined, []]);
    assertEquals([into.bytesReceived, into.flags], [0, 0]);
  });

  test(`MSG_PEEK leaves the data, each time with descriptors of its own (${twin})`, async () => {
    using pair = connected();
    await pair.a.send({ data: bytes("abc"), files: [0] });
    using into = message(new Uint8Array(8));
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
    using out = message(bytes("ab!"));
    assertEquals(await send(pair.a, out, { flags: MSG_OOB }), 3);
    const byte = new Uint8Array(1);
    using urgent = message(byte);
    assertEquals([await receive(pair.b, urgent, { flags: MSG_OOB }), text(byte)], [1, "!"]);
    const rest = new Uint8Array(8);
    using into = message(rest);
    assertEquals([await receive(pair.b, into), text(rest.subarray(0, 2))], [2, "ab"]);
    const error = await assertRejects(
      () => receive(pair.b, urgent, { flags: MSG_OOB | MSG_DONTWAIT }),
      SyscallError,
    );
    assertEquals(error.code, "EINVAL");
  });

  test(`flags say that a datagram was cut (${twin})`, async () => {
    using pair = connected("dgram");
    await pair.a.write(bytes("abc"));
    using into = message(new Uint8Array(2));
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
    for (const out of [message(), message(new Uint8Array(0), new Uint8Array(0))]) {
      using _out = out;
      unix.addFiles(out, 0);
      await assertRejects(() => send(pair.a, out), TypeError, "at least one byte");
    }
  });

  linuxTest(`sendmsg passes descriptors without data on a seqpacket socket (${twin})`, async () => {
    using pair = connected("seqpacket");
    using out = message();
    unix.addFiles(out, 0);
    assertEquals(await send(pair.a, out), 0);
    using into = message(new Uint8Array(1));
    unix.allocFiles(into, 1);
    assertEquals(await receive(pair.b, into), 0);
    using file = unix.recvFiles(into)[0];
    assert(file);
  }, emulated ? "QEMU sends no message without a vector" : undefined);

  test(`sendmsg sends to name, and its errors have it (${twin})`, async () => {
    using dir = tempDir();
    using sender = unix.bind(dir.join("from"));
    using receiver = unix.bind(dir.join("to"));
    using out = message(bytes("abc"));
    out.name = dir.join("to");
    assertEquals(await send(sender, out), 3);
    using into = message(new Uint8Array(8));
    assertEquals([await receive(receiver, into), into.name], [3, dir.join("from")]);
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
    using out = message(bytes("abc"));
    out.name = path;
    const sent = send(sender, out);
    // It takes the number that has just become free.
    using file = OwnedFd.open("/dev/null");
    assertEquals(await sent, 3);
    assertEquals([isOpen(file.fd), receiver.bytesAvailable], [true, 3]);
  });

  test(`recvmsg on a stream asks for no name (${twin})`, async () => {
    using dir = tempDir();
    using listener = unix.listen(dir.join("to"));
    using client = await unix.connect(dir.join("to"), { localAddress: dir.join("from") });
    using server = await listener.accept();
    client.writeSync(bytes("abc"));
    using into = message(new Uint8Array(8));
    assertEquals([await receive(server, into), into.name], [3, null]);
    assertEquals(server.remoteAddr.path, dir.join("from"));
  });

  test(`sendmsg with a descriptor that is not open sends nothing (${twin})`, async () => {
    using pair = connected();
    using out = message(bytes("a"));
    unix.addFiles(out, 0, 0x7ffffffe);
    await assertRejects(() => send(pair.a, out), Deno.errors.BadResource);
    assertEquals(pair.b.bytesAvailable, 0);
  });

  test(`flags that are no integer are refused (${twin})`, async () => {
    using pair = connected();
    using made = message(bytes("a"));
    await assertRejects(() => send(pair.a, made, { flags: 0.5 }), TypeError);
    await assertRejects(() => receive(pair.a, made, { flags: NaN }), TypeError);
  });

  test(`use after close throws BadResource (${twin})`, async () => {
    using pair = connected();
    pair.a.close();
    using made = message(bytes("a"));
    await assertRejects(() => send(pair.a, made), Deno.errors.BadResource);
    await assertRejects(() => receive(pair.a, made), Deno.errors.BadResource);
    const flags = MSG_DONTWAIT;
    await assertRejects(() => send(pair.a, made, { flags }), Deno.errors.BadResource);
    await assertRejects(() => receive(pair.a, made, { flags }), Deno.errors.BadResource);
  });
}

test("recvmsg() waits, and ends with the signal's reason", async () => {
  using pair = connected();
  using into = message(new Uint8Array(4));
  const abort = new AbortController();
  const reason = new Error("enough");
  const pending = recvmsg(pair.b, into, { signal: abort.signal });
  assertEquals(await isPending(pending), true);
  abort.abort(reason);
  assertStrictEquals(await assertRejects(() => pending), reason);
  const { signal } = abort;
  assertStrictEquals(await assertRejects(() => recvmsg(pair.b, into, { signal })), reason);
  pair.a.writeSync(bytes("abc"));
  assertEquals(await recvmsg(pair.b, into), 3);
});

test("sendmsg() waits, and ends with the signal's reason", async () => {
  using pair = connected();
  fill(pair.a);
  using out = message(new Uint8Array(4096));
  const abort = new AbortController();
  const pending = sendmsg(pair.a, out, { signal: abort.signal });
  assertEquals(await isPending(pending), true);
  abort.abort("enough");
  assertEquals(await assertRejects(() => pending), "enough");
});

test("close() ends a pending recvmsg() and sendmsg() with BadResource", async () => {
  using pair = connected();
  fill(pair.a);
  using out = message(new Uint8Array(4096));
  using into = message(new Uint8Array(4));
  const pending = [sendmsg(pair.a, out), recvmsg(pair.a, into)];
  await turn();
  pair.a.close();
  for (const it of pending) await assertRejects(() => it, Deno.errors.BadResource);
});

test("recvmsg() into one message twice at a time closes what the first one got", async () => {
  using pair = connected();
  using into = message(new Uint8Array(1));
  unix.allocFiles(into, 1);
  const pending = [recvmsg(pair.b, into), recvmsg(pair.b, into)];
  await turn();
  pair.a.sendSync({ data: bytes("a"), files: [0] });
  pair.a.sendSync({ data: bytes("b"), files: [0] });
  assertEquals(await Promise.all(pending), [1, 1]);
  using file = unix.recvFiles(into)[0];
  assert(file);
});

test("memory that is detached while recvmsg() or sendmsg() waits is refused, and nothing is lost", async () => {
  using pair = connected();
  const memory = new Uint8Array(64);
  using into = message(new Uint8Array(4), memory);
  const pending = recvmsg(pair.b, into);
  await turn();
  memory.buffer.transfer();
  pair.a.writeSync(bytes("abc"));
  await assertRejects(() => pending, TypeError, "detached or resized");
  assertEquals(await pair.b.read(new Uint8Array(8)), 3);

  fill(pair.a);
  const data = new Uint8Array(4096);
  using out = message(data);
  unix.addFiles(out, 0);
  const sending = sendmsg(pair.a, out);
  await turn();
  data.buffer.transfer();
  while (pair.b.bytesAvailable > 0) pair.b.readSync(new Uint8Array(1 << 16));
  await assertRejects(() => sending, TypeError, "detached or resized");
});

test("sendmsg() to a full queue waits until there is space", async () => {
  using dir = tempDir();
  using receiver = unix.bind(dir.join("to"));
  using sender = unix.bind(dir.join("from"));
  using out = message(bytes("a"));
  out.name = dir.join("to");
  let sent = 0;
  const flood = async (): Promise<void> => {
    for (; sent < 2000; sent++) await sendmsg(sender, out);
  };
  const pending = flood();
  assertEquals(await isPending(pending), true);
  for (let n = 0; n < 2000; n++) assertEquals(await receiver.read(new Uint8Array(4)), 1);
  await pending;
  assertEquals(sent, 2000);
});

test("sendmsgSync() and recvmsgSync() give up after the socket's time limits", () => {
  using pair = connected();
  fill(pair.a);
  pair.a.sendTimeout = 1;
  pair.a.receiveTimeout = 1;
  using made = message(new Uint8Array(4096));
  assertThrows(() => sendmsgSync(pair.a, made), Deno.errors.WouldBlock);
  assertThrows(() => recvmsgSync(pair.a, made), Deno.errors.WouldBlock);
});

linuxTest("sendmsgSync() gives up on a full queue after the time limit", () => {
  using dir = tempDir();
  using _receiver = unix.bind(dir.join("to"));
  using sender = unix.bind(dir.join("from"));
  using out = message(bytes("a"));
  out.name = dir.join("to");
  sender.sendTimeout = 1;
  assertThrows(() => {
    for (;;) sendmsgSync(sender, out);
  }, Deno.errors.WouldBlock);
});

test("sendmsg() and recvmsg() say what they take", async () => {
  using pair = connected();
  using made = message(bytes("a"));
  for (const call of [sendmsg, recvmsg, sendmsgSync, recvmsgSync]) {
    for (const wrong of [{}, 3, { fd: pair.a.fd }] as unknown as typeof pair.a[]) {
      await assertRejects(() => Promise.try(call, wrong, made), TypeError, "give a `Socket`");
    }
    const wrong = {} as unknown as Msghdr;
    await assertRejects(() => Promise.try(call, pair.a, wrong), TypeError, "give a `Msghdr`");
  }
});
