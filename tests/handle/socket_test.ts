import { assert, assertEquals, assertObjectMatch, assertRejects, assertThrows } from "@std/assert";
import { constants } from "../../lib/unix/constants.ts";
import { libc, replaceLibc } from "../../ffi/libc.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { Socket } from "../../lib/handle/socket.ts";
import { bind } from "../../lib/unix/bind.ts";
import { listen } from "../../lib/unix/listen.ts";
import { socketpair } from "../../lib/unix/socketpair.ts";
import {
  bytes,
  connected,
  fill,
  isOpen,
  isPending,
  linuxTest,
  PAIRED,
  test,
  text,
  turn,
} from "../util/cases.ts";
import { countDescriptors } from "../util/descriptors.ts";
import { outOfDescriptors } from "../util/limits.ts";
import { tempDir } from "../util/tempdir.ts";

test("Socket is what Deno calls a connection", () => {
  using pair = connected();
  const conn: Deno.Conn<Deno.UnixAddr> = pair.a;
  assertEquals({ localAddr: conn.localAddr, remoteAddr: conn.remoteAddr }, {
    localAddr: { transport: "unix", path: "" },
    remoteAddr: { transport: "unix", path: "" },
  });
});

for (const type of PAIRED) {
  test(`read() and write(), and their twins, pass bytes (${type})`, async () => {
    using pair = connected(type);
    const chunk = new Uint8Array(8);
    for (const [from, to] of [[pair.a, pair.b], [pair.b, pair.a]] as const) {
      assertEquals(await from.write(bytes("abc")), 3);
      assertEquals({ read: await to.read(chunk), chunk: text(chunk.subarray(0, 3)) }, {
        read: 3,
        chunk: "abc",
      });
      assertEquals(from.writeSync(bytes("de")), 2);
      assertEquals({ read: to.readSync(chunk), chunk: text(chunk.subarray(0, 2)) }, {
        read: 2,
        chunk: "de",
      });
      const read = to.read(chunk);
      assertEquals(await isPending(read), true);
      from.writeSync(bytes("f"));
      assertEquals(await read, 1);
    }
  });
}

test("read() and readSync() return null at the end, again and again", async () => {
  using pair = connected();
  pair.a.writeSync(bytes("a"));
  pair.a.close();
  const chunk = new Uint8Array(8);
  assertEquals({ first: await pair.b.read(chunk), second: await pair.b.read(chunk) }, {
    first: 1,
    second: null,
  });
  assertEquals({ first: pair.b.readSync(chunk), second: pair.b.readSync(chunk) }, {
    first: null,
    second: null,
  });
});

test("read() and write() of nothing do nothing", async () => {
  using pair = connected();
  const nothing = new Uint8Array(0);
  assertEquals({ async: await pair.a.write(nothing), sync: pair.a.writeSync(nothing) }, {
    async: 0,
    sync: 0,
  });
  assertEquals({ async: await pair.a.read(nothing), sync: pair.a.readSync(nothing) }, {
    async: 0,
    sync: 0,
  }, "no data");
  pair.b.writeSync(bytes("a"));
  assertEquals({ async: await pair.a.read(nothing), sync: pair.a.readSync(nothing) }, {
    async: 0,
    sync: 0,
  }, "data");
  assertEquals(pair.a.readSync(new Uint8Array(8)), 1);
  pair.b.close();
  assertEquals({ async: await pair.a.read(nothing), sync: pair.a.readSync(nothing) }, {
    async: 0,
    sync: 0,
  }, "the end");
});

linuxTest("read() distinguishes an empty seqpacket message from the end", async () => {
  using pair = connected("seqpacket");
  const chunk = new Uint8Array(8);
  await pair.a.write(new Uint8Array(0));
  pair.a.writeSync(new Uint8Array(0));
  pair.a.close();
  assertEquals({ async: await pair.b.read(chunk), sync: pair.b.readSync(chunk) }, {
    async: 0,
    sync: 0,
  });
  assertEquals({ async: await pair.b.read(chunk), sync: pair.b.readSync(chunk) }, {
    async: null,
    sync: null,
  });
});

test("read() discards descriptors that come along: the kernel closes them", async () => {
  using pair = connected();
  const before = countDescriptors();
  for (const read of ["read", "readSync"] as const) {
    pair.a.sendSync({ data: bytes("a"), files: [0, 1] });
    assertEquals(await pair.b[read](new Uint8Array(8)), 1);
  }
  assertEquals(countDescriptors(), before);
});

test("read() throws ConnectionReset when the peer closed with data unread, and then ends", async () => {
  using pair = connected();
  pair.b.writeSync(bytes("unread"));
  pair.a.writeSync(bytes("late"));
  pair.a.close();
  const chunk = new Uint8Array(8);
  const results: unknown[] = [];
  for (let n = 0; n < 3; n++) {
    results.push(await pair.b.read(chunk).catch((error) => error.constructor));
  }
  assertEquals(results.at(-1), null);
  assert(Deno.build.os !== "linux" || results.includes(Deno.errors.ConnectionReset));
});

test("write() to a peer that is gone throws BrokenPipe, and raises no signal", async () => {
  using pair = connected();
  pair.b.close();
  const error = await assertRejects(() => pair.a.write(bytes("a")), Deno.errors.BrokenPipe);
  assert("code" in error && "syscall" in error);
  assertObjectMatch(error, { code: "EPIPE", syscall: "send" });
  assertThrows(() => pair.a.writeSync(bytes("a")), Deno.errors.BrokenPipe);
});

test("write() that finds no space waits, and writes a part", async () => {
  using pair = connected();
  fill(pair.a);
  const pending = pair.a.write(new Uint8Array(1 << 22));
  assertEquals(await isPending(pending), true);
  // The event may come late: what is not there is not waited for.
  while (await isPending(pending)) {
    if (pair.b.bytesAvailable > 0) pair.b.readSync(new Uint8Array(1 << 16));
  }
  const count = await pending;
  assert(count > 0 && count < 1 << 22);
});

test("read() and write() refuse what is no Uint8Array", async () => {
  using pair = connected();
  for (const wrong of ["a", new ArrayBuffer(1), [1], null, undefined]) {
    const given = wrong as unknown as Uint8Array;
    await assertRejects(() => pair.a.read(given), TypeError, "Uint8Array");
    await assertRejects(() => pair.a.write(given), TypeError, "Uint8Array");
    assertThrows(() => pair.a.readSync(given), TypeError, "Uint8Array");
    assertThrows(() => pair.a.writeSync(given), TypeError, "Uint8Array");
  }
});

test("read() from two sides takes turns in the order of the calls", async () => {
  using pair = connected();
  const [first, second] = [new Uint8Array(2), new Uint8Array(2)];
  const pending = [pair.b.read(first), pair.b.read(second)];
  await turn();
  pair.a.writeSync(bytes("abcd"));
  assertEquals(await Promise.all(pending), [2, 2]);
  assertEquals({ first: text(first), second: text(second) }, { first: "ab", second: "cd" });
});

test("read() of memory that is detached while it waits loses nothing", async () => {
  using pair = connected();
  const memory = new Uint8Array(64);
  const pending = pair.b.read(memory);
  await turn();
  memory.buffer.transfer();
  pair.a.writeSync(bytes("abc"));
  await assertRejects(() => pending, TypeError, "detached or resized");
  assertEquals(await pair.b.read(new Uint8Array(8)), 3);
});

/** Operations that a full socket, or an empty one, refuses for now. */
const REFUSED: Readonly<Record<string, (full: Socket, empty: Socket) => Promise<unknown>>> = {
  write: (full) => full.write(new Uint8Array(4096)),
  send: (full) => full.send({ data: new Uint8Array(4096) }),
  "send with a descriptor": (full) => full.send({ data: new Uint8Array(4096), files: [0] }),
  read: (_, empty) => empty.read(new Uint8Array(1)),
  receive: (_, empty) => empty.receive(),
};

for (const [name, refused] of Object.entries(REFUSED)) {
  test(`${name}() that is refused for now does not yield the processor in its turn`, async () => {
    const c = libc();
    let yields = 0;
    const counting: typeof c.sched_yield = () => {
      yields++;
      return c.sched_yield();
    };
    for (const type of PAIRED) {
      using full = connected(type);
      using empty = connected(type);
      fill(full.a);
      const previous = replaceLibc(Object.create(c, { sched_yield: { value: counting } }));
      const waiting = refused(full.a, empty.a);
      replaceLibc(previous);
      full.a.close();
      empty.a.close();
      await assertRejects(() => waiting, Deno.errors.BadResource);
    }
    assertEquals(yields, 0);
  });
}

test("a busy socket does not starve timers and others", async () => {
  using pair = connected();
  using other = connected();
  let fired = false;
  let answered = false;
  setTimeout(() => fired = true, 0);
  const answer = other.b.read(new Uint8Array(1)).then(() => answered = true);
  other.a.writeSync(bytes("a"));
  const chunk = new Uint8Array(1);
  for (let n = 0; n < 100_000 && !(fired && answered); n++) {
    await pair.a.write(chunk);
    await pair.b.read(chunk);
  }
  assertEquals({ fired, answered }, { fired: true, answered: true });
  await answer;
});

test("shutdown() ends one direction or both", async () => {
  using pair = connected();
  pair.a.shutdown("write");
  assertEquals(await pair.b.read(new Uint8Array(1)), null);
  await pair.b.write(bytes("still"));
  assertEquals(await pair.a.read(new Uint8Array(8)), 5);
  await assertRejects(() => pair.a.write(bytes("a")), Deno.errors.BrokenPipe);
  pair.a.shutdown("read");
  assertEquals(await pair.a.read(new Uint8Array(1)), null);
  await assertRejects(() => pair.b.write(bytes("a")), Deno.errors.BrokenPipe);
  using other = connected();
  other.a.shutdown("both");
  assertEquals(await other.b.read(new Uint8Array(1)), null);
  for (const wrong of ["", "rd", undefined, "toString"]) {
    assertThrows(() => other.a.shutdown(wrong as "both"), TypeError, '"both"');
  }
});

test("shutdown() ends a read() that waits", async () => {
  using pair = connected();
  const read = pair.a.read(new Uint8Array(1));
  await turn();
  pair.a.shutdown("read");
  assertEquals(await read, null);
});

test("closeWrite() comes after what was written before it", async () => {
  using pair = connected();
  const sent = pair.a.send({ data: new Uint8Array(1 << 20) });
  const closed = pair.a.closeWrite();
  const chunk = new Uint8Array(1 << 16);
  let total = 0;
  for (let count = await pair.b.read(chunk); count !== null; count = await pair.b.read(chunk)) {
    total += count;
  }
  assertEquals({ sent: await sent, total }, { sent: 1 << 20, total: 1 << 20 });
  await closed;
});

test("adopt() keeps type and names of the socket", () => {
  using dir = tempDir();
  for (const type of PAIRED) {
    const [a, b] = socketpair({ type });
    using adopted = Socket.adopt(a.detach());
    using _b = b;
    assertEquals(adopted.type, type);
  }
  using bound = Socket.adopt(bind(dir.join("a")).detach());
  assertEquals({ type: bound.type, path: bound.localAddr.path }, {
    type: "dgram",
    path: dir.join("a"),
  });
});

test("adopt() refuses anything else, which stays open and with its owner", () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"));
  using file = OwnedFd.open("/dev/null");
  using tcp = OwnedFd.adopt(libc().socket(constants.AF_INET, platform.SOCK_STREAM, 0));
  for (const { fd } of [listener, file, tcp]) {
    assertThrows(() => Socket.adopt(fd), TypeError, "Cannot adopt");
    assertEquals(isOpen(fd), true);
  }
  for (const fd of [-1, 0.5, NaN, 0x7ffffffe]) assertThrows(() => Socket.adopt(fd), TypeError);
});

test("Deno.inspect() shows type and addresses", () => {
  using pair = connected();
  const shown = `Socket { fd: ${pair.a.fd}, type: "stream", local: "", remote: "" }`;
  assertEquals(Deno.inspect(pair.a), shown);
  pair.a.close();
  assertEquals(Deno.inspect(pair.a), "Socket (closed)");
});

test("socketpair() without descriptors throws EMFILE, and works again", () => {
  using shortage = outOfDescriptors();
  shortage.free(1);
  const error = assertThrows(() => socketpair(), Error, "too many open descriptors");
  assert("code" in error && "syscall" in error);
  assertObjectMatch(error, { code: "EMFILE", syscall: "socketpair" });
  shortage.free(8); // the runtime's own threads may take some
  const [a, b] = socketpair();
  a.close();
  b.close();
});
