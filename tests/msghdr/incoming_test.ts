import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { HeaderReceiver } from "../../lib/msghdr/incoming.ts";
import { stateOf } from "../../lib/msghdr/msghdr.ts";
import { stateOf as socketStateOf } from "../../lib/handle/socket_transfer.ts";
import { Msghdr, recvmsg, recvmsgSync, unix } from "../../mod.ts";
import {
  bytes,
  connected,
  emulated,
  isPending,
  linuxTest,
  PAIRED,
  rootTest,
  test,
  text,
} from "../util/cases.ts";
import { countDescriptors } from "../util/descriptors.ts";
import { pollTimeouts } from "../util/poll_timeouts.ts";

const { MSG_DONTWAIT, MSG_PEEK, MSG_WAITALL } = platform;

/** A message with space for `size` bytes in two vectors, and for files. */
function spaceFor(size: number, files = 0): [Msghdr, () => string] {
  const message = new Msghdr({ controlCapacity: 64 });
  const vectors = [new Uint8Array(1), new Uint8Array(size - 1)];
  for (const it of vectors) message.addVector(it);
  unix.allocFiles(message, files);
  return [message, () => vectors.map(text).join("").replaceAll("\0", "")];
}

test("recvmsg() with MSG_WAITALL fills the vectors", async () => {
  using pair = connected();
  pair.a.writeSync(bytes("ab"));
  const [into, got] = spaceFor(6);
  const received = recvmsg(pair.b, into, { flags: MSG_WAITALL });
  assertEquals(await isPending(received), true);
  for (const data of ["cd", "efgh"]) pair.a.writeSync(bytes(data));
  assertEquals({ received: await received, bytesReceived: into.bytesReceived, got: got() }, {
    received: 6,
    bytesReceived: 6,
    got: "abcdef",
  });
  assertEquals(recvmsgSync(pair.b, into, { flags: MSG_WAITALL | MSG_DONTWAIT }), 2);
  into.reset();
});

test("recvmsg() with MSG_WAITALL stops at the end and at descriptors", async () => {
  using pair = connected();
  pair.a.sendSync({ data: bytes("ab"), files: [0] });
  pair.a.writeSync(bytes("cd"));
  pair.a.close();
  const [into, got] = spaceFor(6, 1);
  assertEquals({ received: await recvmsg(pair.b, into, { flags: MSG_WAITALL }), got: got() }, {
    received: 2,
    got: "ab",
  });
  const files = unix.recvFiles(into);
  assertEquals(files.length, 1);
  for (const file of files) file.close();
  assertEquals(recvmsgSync(pair.b, into, { flags: MSG_WAITALL }), 2);
  assertEquals(recvmsgSync(pair.b, into, { flags: MSG_WAITALL }), 0);
  into.reset();
});

linuxTest(
  "recvmsg() with MSG_WAITALL does not wait for more than came with the descriptor of a process",
  async () => {
    using pair = connected();
    pair.b.passPidfd = true;
    pair.a.writeSync(bytes("ab"));
    const [into, got] = spaceFor(6);
    const received = recvmsg(pair.b, into, { flags: MSG_WAITALL });
    assertEquals(await isPending(received), false);
    assertEquals({ received: await received, got: got() }, { received: 2, got: "ab" });
    using pidfd = unix.recvPidfd(into);
    assertEquals(pidfd?.kind(), "pidfd");
  },
  emulated ? "QEMU knows no SO_PASSPIDFD" : undefined,
);

linuxTest("recvmsg() with MSG_WAITALL keeps the descriptors of the last part", () => {
  using pair = connected();
  pair.a.writeSync(bytes("ab"));
  const [into, got] = spaceFor(8, 1);
  // What comes later is received by a second call, which stops there.
  const receiver = new HeaderReceiver(
    socketStateOf(pair.b).receiveState(pair.b),
    stateOf(into),
    MSG_WAITALL,
  );
  assertEquals(receiver.attempt(), -platform.EAGAIN);
  receiver.beforeWait();
  pair.a.sendSync({ data: bytes("cd"), files: [0] });
  assertEquals({ outcome: receiver.outcome(receiver.attempt()), got: got() }, {
    outcome: 4,
    got: "abcd",
  });
  const files = unix.recvFiles(into);
  assertEquals(files.length, 1);
  for (const file of files) file.close();
});

linuxTest("recvmsg() with MSG_WAITALL keeps the sender of what came before the end", async () => {
  const { SCM_CREDENTIALS, SOL_SOCKET } = platform;
  for (const end of ["closed", "limited", "closed while it waits"]) {
    using pair = connected();
    pair.b.passCredentials = true;
    pair.a.writeSync(bytes("ab"));
    if (end === "limited") pair.b.receiveTimeout = 2;
    if (end === "closed") pair.a.close();
    const [into, got] = spaceFor(6);
    const received = end === "limited"
      ? Promise.resolve(recvmsgSync(pair.b, into, { flags: MSG_WAITALL }))
      : recvmsg(pair.b, into, { flags: MSG_WAITALL });
    assertEquals(await isPending(received), end === "closed while it waits");
    pair.a.close();
    const count = await received;
    const credentials = into.getControl(SOL_SOCKET, SCM_CREDENTIALS) ?? new Uint8Array();
    assertEquals(
      { count, got: got(), pid: new Int32Array(new Uint8Array(credentials).buffer)[0] },
      { count: 2, got: "ab", pid: Deno.pid },
      end,
    );
  }
});

test("recvmsgSync() with MSG_WAITALL gives what came within the socket's time limit", () => {
  using pair = connected();
  pair.a.writeSync(bytes("ab"));
  pair.b.receiveTimeout = 60_000;
  const [into, got] = spaceFor(6);
  const receive = (): number => recvmsgSync(pair.b, into, { flags: MSG_WAITALL });
  const waits = pollTimeouts(() => {
    assertEquals({ received: receive(), got: got() }, { received: 2, got: "ab" });
    assertThrows(receive, Deno.errors.WouldBlock);
  });
  // Both have waited for more.
  assertEquals(waits.map((it) => it > 40_000 && it <= 60_000), [true, true]);
});

test("recvmsg() with MSG_WAITALL that is aborted leaves what came to the next receive", async () => {
  for (const [name, receive] of Object.entries(RECEIVES)) {
    using pair = connected();
    pair.a.writeSync(bytes("abc"));
    const abort = new AbortController();
    const [into] = spaceFor(6);
    const received = recvmsg(pair.b, into, { flags: MSG_WAITALL, signal: abort.signal });
    assertEquals(await isPending(received), true);
    abort.abort("enough");
    assertEquals(await assertRejects(() => received), "enough");
    pair.a.writeSync(bytes("d"));
    assertEquals(await receive(pair.b), "abc", name);
    assertEquals(await receive(pair.b), "d", name);
  }
});

test("recvmsg() of bytes that an earlier receive left forgets what came along before", async () => {
  using pair = connected();
  const [into] = spaceFor(6, 2);
  pair.a.sendSync({ data: bytes("x"), files: [0, 0] });
  assertEquals(recvmsgSync(pair.b, into), 1);
  const before = countDescriptors();
  pair.a.writeSync(bytes("abc"));
  const abort = new AbortController();
  const [other] = spaceFor(6);
  const received = recvmsg(pair.b, other, { flags: MSG_WAITALL, signal: abort.signal });
  assertEquals(await isPending(received), true);
  abort.abort();
  await assertRejects(() => received);
  assertEquals(recvmsgSync(pair.b, into), 3);
  assertEquals({
    rights: into.getControl(platform.SOL_SOCKET, platform.SCM_RIGHTS),
    fileCount: unix.recvFiles(into).length,
    closed: before - countDescriptors(),
  }, { rights: undefined, fileCount: 0, closed: 2 });
});

/** Receives once, into memory of 6 bytes. */
const RECEIVES: Readonly<Record<string, (socket: unix.Socket) => Promise<string>>> = {
  recvmsg: async (socket) => {
    const [into, got] = spaceFor(6);
    await recvmsg(socket, into);
    return got();
  },
  recvmsgSync: (socket) => {
    const [into, got] = spaceFor(6);
    recvmsgSync(socket, into);
    return Promise.resolve(got());
  },
  read: async (socket) => {
    const into = new Uint8Array(6);
    return text(into.subarray(0, await socket.read(into) ?? 0));
  },
  receive: async (socket) => text((await socket.receive({ size: 6 }))?.data),
};

rootTest("recvmsg() with MSG_WAITALL keeps bytes of different senders apart", async () => {
  using pair = connected();
  const own = { uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0 };
  pair.a.writeSync(bytes("ab"));
  pair.b.passCredentials = true;
  pair.a.sendSync({ data: bytes("cd"), credentials: { pid: 1, ...own } });
  pair.a.sendSync({ data: bytes("ef"), credentials: { pid: Deno.pid, ...own } });
  for (const expected of ["ab", "cd"]) {
    using into = new Msghdr({ controlCapacity: expected === "ab" ? 0 : 64 });
    const vector = new Uint8Array(8);
    into.addVector(vector);
    assertEquals(await recvmsg(pair.b, into, { flags: MSG_WAITALL }), 2);
    assertEquals(text(vector.subarray(0, 2)), expected);
  }
});

test("recvmsg() of a message that was reset meanwhile rejects, and takes nothing", async () => {
  for (const type of PAIRED) {
    using pair = connected(type);
    const [into] = spaceFor(8, 1);
    const received = recvmsg(pair.b, into);
    assertEquals(await isPending(received), true);
    into.reset();
    pair.a.sendSync({ data: bytes("ab"), files: [0] });
    await assertRejects(() => received, TypeError, "reset");
    using message = pair.b.receiveSync({ files: 1 });
    assertEquals({ data: text(message?.data), fileCount: message?.files.length }, {
      data: "ab",
      fileCount: 1,
    }, type);
  }
});

test("recvmsg() and receive() that wait fill a vector that grows as far as it went at the call", async () => {
  for (const others of [[], [new Uint8Array(1)]]) {
    using pair = connected();
    const space = 4 + others.length;
    for (const isRaw of [true, false]) {
      const memory = new ArrayBuffer(4, { maxByteLength: 64 });
      const vectors = [new Uint8Array(memory), ...others];
      using into = new Msghdr();
      for (const it of vectors) into.addVector(it);
      const received = isRaw
        ? recvmsg(pair.b, into)
        : pair.b.receive({ buffer: vectors }).then((it) => it?.data.byteLength);
      assertEquals(await isPending(received), true);
      memory.resize(64);
      pair.a.writeSync(new Uint8Array(10));
      assertEquals({ received: await received, left: pair.b.bytesAvailable }, {
        received: space,
        left: 10 - space,
      });
      pair.b.readSync(new Uint8Array(64));
    }
  }
});

test("recvmsg() that waits takes no vector that is added for one that was lost", async () => {
  using pair = connected();
  using message = new Msghdr();
  const lost = new Uint8Array(100);
  message.addVector(lost);
  const received = recvmsg(pair.b, message);
  assertEquals(await isPending(received), true);
  structuredClone(lost, { transfer: [lost.buffer] });
  message.addVector(new Uint8Array(100));
  const refused = assertRejects(() => received, TypeError, "detached or resized");
  pair.a.writeSync(bytes("kept"));
  await refused;
  assertEquals(text(pair.b.receiveSync()?.data), "kept");
});

test("recvmsg() that is aborted in the same turn as its data takes nothing", async () => {
  for (const type of PAIRED) {
    using pair = connected(type);
    const [into] = spaceFor(8, 1);
    const abort = new AbortController();
    const received = recvmsg(pair.b, into, { signal: abort.signal });
    assertEquals(await isPending(received), true);
    pair.a.sendSync({ data: bytes("ab"), files: [0] });
    abort.abort("enough");
    assertEquals(await assertRejects(() => received), "enough");
    using message = pair.b.receiveSync({ files: 1 });
    assertEquals({ data: text(message?.data), fileCount: message?.files.length }, {
      data: "ab",
      fileCount: 1,
    }, type);
  }
});

test("recvmsg() that waits receives into the vectors that it was given", async () => {
  using pair = connected("dgram");
  const first = new Uint8Array(2);
  using into = new Msghdr();
  into.addVector(first);
  const received = recvmsg(pair.b, into);
  assertEquals(await isPending(received), true);
  const later = new Uint8Array(2);
  into.addVector(later);
  pair.a.writeSync(bytes("abcd"));
  assertEquals({ received: await received, first: text(first), later: [...later] }, {
    received: 2,
    first: "ab",
    later: [0, 0],
  });
});

test("a message serves again after a receive without descriptors or name", () => {
  for (const type of PAIRED) {
    using pair = connected(type);
    const [into] = spaceFor(8, 1);
    for (const count of [1, 0, 1, 0, 1]) {
      pair.a.sendSync({ data: bytes("a"), files: Array(count).fill(0) });
      assertEquals(recvmsgSync(pair.b, into), 1);
      const files = unix.recvFiles(into);
      assertEquals(files.length, count, type);
      for (const file of files) file.close();
    }
  }
});

linuxTest("a message has the name of its sender also after one without a name", () => {
  using receiver = unix.bind("");
  using named = unix.bind("");
  const [into] = spaceFor(8);
  const to = receiver.localAddress ?? "";
  for (let round = 0; round < 3; round++) {
    using nameless = unix.connectSync(to, { type: "dgram" });
    nameless.writeSync(bytes("a"));
    assertEquals({ received: recvmsgSync(receiver, into), name: into.name }, {
      received: 1,
      name: null,
    });
    named.sendSync({ data: bytes("b"), to });
    assertEquals({ received: recvmsgSync(receiver, into), name: into.name }, {
      received: 1,
      name: named.localAddr.path,
    });
  }
});

test("a stream keeps no name: neither one that was set, nor after bytes that an earlier receive left", () => {
  using pair = connected();
  socketStateOf(pair.b).receiveState(pair.b).giveBack(bytes("ab"));
  const [into, got] = spaceFor(8);
  into.name = "/run/old";
  assertEquals({ received: recvmsgSync(pair.b, into), name: into.name, got: got() }, {
    received: 2,
    name: null,
    got: "ab",
  });
  into.name = "/run/old";
  pair.a.writeSync(bytes("cd"));
  assertEquals({ received: recvmsgSync(pair.b, into), name: into.name, got: got() }, {
    received: 2,
    name: null,
    got: "cd",
  });
});

test("MSG_PEEK of bytes that an earlier receive left leaves them", async () => {
  using pair = connected();
  socketStateOf(pair.b).receiveState(pair.b).giveBack(bytes("ab"));
  const before = countDescriptors();
  for (const flags of [MSG_PEEK, MSG_PEEK, 0]) {
    const [into, got] = spaceFor(8);
    assertEquals({ received: await recvmsg(pair.b, into, { flags }), got: got() }, {
      received: 2,
      got: "ab",
    });
  }
  assertEquals(countDescriptors(), before);
});

test("files that came into a message while another receive into it waited are closed by that one", async () => {
  using one = connected();
  using other = connected();
  const [into] = spaceFor(4, 1);
  const received = recvmsg(one.b, into);
  assertEquals(await isPending(received), true);
  const before = countDescriptors();
  other.a.sendSync({ data: bytes("b"), files: [0] });
  recvmsgSync(other.b, into);
  assertEquals(countDescriptors(), before + 1);
  one.a.writeSync(bytes("a"));
  assertEquals(await received, 1);
  assertEquals(countDescriptors(), before);
  assertEquals(unix.recvFiles(into), []);
});
