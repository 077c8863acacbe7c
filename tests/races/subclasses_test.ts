// Subclasses of `Uint8Array` with constructors and methods of their own: their true bytes count, everywhere.

import { assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { Msghdr, OwnedFd, recvmsg, sendmsg, type Socket } from "../../mod.ts";
import { bytes, connected, isPending, PAIRED, test, text } from "../util/cases.ts";
import { tempDir } from "../util/tempdir.ts";

/** A subclass whose constructor does not take a buffer: its `subarray` and `slice` are of no use. */
class Packet extends Uint8Array {
  constructor() {
    super(8);
  }
}

/** A subclass that says nothing true of itself. */
class Liar extends Uint8Array {
  override get byteLength(): number {
    return 1;
  }
  override get length(): number {
    return 2;
  }
  override get byteOffset(): number {
    return 5;
  }
  override get buffer(): ArrayBuffer {
    return new ArrayBuffer(1);
  }
  override subarray(): Uint8Array<ArrayBuffer> {
    return bytes("no");
  }
  override slice(): Uint8Array<ArrayBuffer> {
    return bytes("no");
  }
  override set(): void {}
}

const KINDS: readonly (() => Uint8Array)[] = [
  () => new Packet(),
  () => new Liar(8),
  () => Buffer.alloc(8),
];

/** The first bytes of what may be a {@linkcode Liar}. */
const start = (of: Uint8Array): string =>
  text(Uint8Array.from({ length: 3 }, (_, i) => of[i] ?? 0));

const INTO: Readonly<Record<string, (far: Socket, into: Uint8Array) => Promise<string>>> = {
  "read()": async (far, into) => {
    assertEquals(await far.read(into), 3);
    return start(into);
  },
  "receive()": async (far, buffer) => {
    using message = await far.receive({ buffer });
    return text(message?.data);
  },
  "receive() into pieces": async (far, piece) => {
    using message = await far.receive({ buffer: [piece, piece] });
    return text(message?.data);
  },
  "recvmsg()": async (far, into) => {
    using message = new Msghdr();
    message.addVector(into);
    assertEquals(await recvmsg(far, message), 3);
    return start(into);
  },
};

for (const [name, receive] of Object.entries(INTO)) {
  test(`${name} fills the memory of subclasses of Uint8Array`, async () => {
    for (const type of PAIRED) {
      for (const make of KINDS) {
        using pair = connected(type);
        const early = receive(pair.b, make());
        await pair.a.write(bytes("abc"));
        assertEquals(await early, "abc", type);
        await pair.a.write(bytes("def"));
        assertEquals(await receive(pair.b, make()), "def", type);
      }
    }
  });
}

test("an aborted receive keeps the bytes that came into the memory of a subclass", async () => {
  for (const make of KINDS) {
    using pair = connected();
    const abort = new AbortController();
    const all = pair.b.receive({ buffer: make(), waitAll: true, signal: abort.signal });
    await pair.a.write(bytes("abc"));
    assertEquals(await isPending(all), true);
    abort.abort();
    await assertRejects(() => all, DOMException);
    using message = await pair.b.receive();
    assertEquals(text(message?.data), "abc");
  }
});

test("all bytes of a subclass are written, sent and copied", async () => {
  using dir = tempDir();
  for (const make of KINDS) {
    const data = make().fill(97);
    for (const type of PAIRED) {
      using pair = connected(type);
      using message = new Msghdr();
      message.addVector(data);
      const sends = [
        () => pair.a.write(data),
        () => pair.a.send({ data }),
        () => pair.a.send({ data, files: [0] }),
        () => pair.a.send({ data: [data] }),
        () => sendmsg(pair.a, message),
        () => sendmsg(pair.a, message), // laid out in another way
      ];
      for (const send of sends) {
        assertEquals(await send(), 8);
        assertEquals(await pair.b.read(new Uint8Array(16)), 8);
      }
    }
    using file = OwnedFd.open(dir.join("file"), { read: true, write: true, create: true });
    for (
      const count of [await file.write(data), file.writeSync(data), await file.writeAt(data, 9)]
    ) {
      assertEquals(count, 8);
    }
  }
});
