import { assert, assertEquals, assertThrows } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { unix } from "../../mod.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { writeDescriptors } from "../../lib/message/cmsg.ts";
import { Msghdr } from "../../lib/msghdr/msghdr.ts";
import { recvmsgSync, sendmsgSync } from "../../lib/msghdr/calls.ts";
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
  unemulatedTest,
} from "../util/cases.ts";
import { received } from "./received.ts";

const { SOL_SOCKET, SCM_RIGHTS, SCM_CREDENTIALS } = platform;

Deno.test("new Msghdr() refuses space that the kernel does not take", () => {
  for (const controlCapacity of [-1, 0.5, NaN, Infinity, 131073, "8"]) {
    assertThrows(() => new Msghdr({ controlCapacity: controlCapacity as number }), RangeError);
  }
  new Msghdr({ controlCapacity: 131072 })[Symbol.dispose]();
});

Deno.test("addVector() refuses what is no Uint8Array, and more than IOV_MAX", () => {
  using message = new Msghdr();
  for (const wrong of ["a", [1], new ArrayBuffer(1), new DataView(new ArrayBuffer(1)), null]) {
    assertThrows(() => message.addVector(wrong as unknown as Uint8Array), TypeError);
  }
  for (let n = 0; n < 1024; n++) message.addVector(bytes("a"));
  assertThrows(() => message.addVector(bytes("a")), RangeError, "1024");
});

test("addVector() uses the memory where it lies", () => {
  using pair = connected();
  using message = new Msghdr();
  const memory = bytes("abc");
  message.addVector(memory);
  memory.set(bytes("xyz"));
  sendmsgSync(pair.a, message);
  const [head, body] = [new Uint8Array(1), new Uint8Array(8)];
  using into = new Msghdr();
  into.addVector(head);
  into.addVector(body);
  assertEquals({ received: recvmsgSync(pair.b, into), bytesReceived: into.bytesReceived }, {
    received: 3,
    bytesReceived: 3,
  });
  assertEquals({ head: text(head), body: text(body.subarray(0, 2)) }, { head: "x", body: "yz" });
});

Deno.test("addControl() refuses what cannot be", () => {
  using message = new Msghdr();
  for (const length of [-1, 0.5, NaN, 131073]) {
    assertThrows(() => message.addControl(length, 1, 1), RangeError);
  }
  for (const number of [0.5, 2 ** 31, -(2 ** 31) - 1, NaN]) {
    assertThrows(() => message.addControl(4, number, 1), RangeError, "level");
    assertThrows(() => message.addControl(4, 1, number), RangeError, "type");
  }
  message.addControl(100_000, 1, 1);
  assertThrows(() => message.addControl(100_000, 1, 1), RangeError, "in all");
});

test("addControl() gives payloads that stay valid when the buffer grows", () => {
  using pair = connected();
  using file = OwnedFd.open("/dev/null");
  using message = new Msghdr();
  message.addVector(bytes("a"));
  const payloads = Array.from({ length: 60 }, () => message.addControl(4, SOL_SOCKET, SCM_RIGHTS));
  for (const payload of payloads) writeDescriptors(payload, [file.fd]);
  sendmsgSync(pair.a, message);
  using into = received(pair.b, 253);
  const files = unix.recvFiles(into);
  assertEquals(files.length, 60);
  assertEquals(files.map((it) => it.statSync().rdev), Array(60).fill(file.statSync().rdev));
  for (const it of files) it.close();
});

test("addControl() makes space for receiving, too", () => {
  using pair = connected();
  pair.a.sendSync({ data: bytes("a"), files: [0] });
  using into = new Msghdr();
  into.addVector(new Uint8Array(1));
  into.addControl(4, SOL_SOCKET, SCM_RIGHTS);
  recvmsgSync(pair.b, into);
  assertEquals(into.getControl(SOL_SOCKET, SCM_RIGHTS)?.byteLength, 4);
});

linuxTest("a payload of a custom protocol arrives as it was written", () => {
  using pair = connected();
  using credentials = new Msghdr();
  credentials.addVector(bytes("a"));
  const payload = credentials.addControl(12, SOL_SOCKET, SCM_CREDENTIALS);
  const ids = [Deno.pid, Deno.uid() ?? 0, Deno.gid() ?? 0];
  writeDescriptors(payload, ids);
  pair.b.passCredentials = true;
  sendmsgSync(pair.a, credentials);
  using into = new Msghdr({ controlCapacity: 64 });
  into.addVector(new Uint8Array(1));
  recvmsgSync(pair.b, into);
  const data = into.getControl(SOL_SOCKET, SCM_CREDENTIALS);
  assertEquals([...new Int32Array(data?.slice().buffer ?? new ArrayBuffer(0))], ids);
});

linuxTest(
  "controls() goes through all that arrived, getControl() finds the first of a kind",
  () => {
    using pair = connected();
    pair.b.passCredentials = true;
    pair.a.sendSync({ data: bytes("a"), files: [0, 1] });
    using into = new Msghdr({ controlCapacity: 128 });
    into.addVector(new Uint8Array(1));
    recvmsgSync(pair.b, into);
    const found = [...into.controls()].map((
      { level, type, data },
    ) => [level, type, data.byteLength]);
    assertEquals(found, [[SOL_SOCKET, SCM_CREDENTIALS, 12], [SOL_SOCKET, SCM_RIGHTS, 8]]);
    const first = into.getControl(SOL_SOCKET, SCM_RIGHTS);
    assertEquals(first?.byteLength, 8);
    assertEquals(into.getControl(SOL_SOCKET, 77), undefined);
    assertEquals(into.getControl(77, SCM_RIGHTS), undefined);
  },
);

test("getControl() gives a copy that the next receive leaves alone", () => {
  using pair = connected();
  pair.a.sendSync({ data: bytes("a"), files: [0] });
  using into = received(pair.b, 4);
  const first = into.getControl(SOL_SOCKET, SCM_RIGHTS);
  const before = first?.slice();
  first?.fill(0xff);
  assertEquals(into.getControl(SOL_SOCKET, SCM_RIGHTS), before);
  pair.a.sendSync({ data: bytes("a"), files: [0, 1, 2] });
  recvmsgSync(pair.b, into);
  assertEquals(first, new Uint8Array(4).fill(0xff));
});

unemulatedTest("getControl() gives a payload that the kernel cut as short as it came", () => {
  using pair = connected();
  pair.a.sendSync({ data: bytes("a"), files: [0, 1, 2] });
  // Space for one header and two descriptors: the third is dropped, and MSG_CTRUNC says so.
  using into = received(pair.b, 1);
  assertEquals(into.flags & platform.MSG_CTRUNC, platform.MSG_CTRUNC);
  const arrived = (into.getControl(SOL_SOCKET, SCM_RIGHTS)?.byteLength ?? 0) / 4;
  const files = unix.recvFiles(into, 253);
  assertEquals(files.length, arrived);
  assert(arrived < 3);
  for (const it of files) it.close();
}, "QEMU gives the kernel twice the space for control data");

test("receiving again closes descriptors that were not taken", () => {
  using pair = connected();
  pair.a.sendSync({ data: bytes("a"), files: [0, 1] });
  pair.a.sendSync({ data: bytes("b") });
  using into = received(pair.b, 2, 1);
  const numbers = descriptorsIn(into);
  assertEquals(numbers.map(isOpen), [true, true]);
  recvmsgSync(pair.b, into);
  assertEquals(numbers.map(isOpen), [false, false]);
  assertEquals({ control: into.getControl(SOL_SOCKET, SCM_RIGHTS), files: unix.recvFiles(into) }, {
    control: undefined,
    files: [],
  });
});

/** The numbers in the SCM_RIGHTS payload of a message. */
function descriptorsIn(message: Msghdr): number[] {
  const data = message.getControl(SOL_SOCKET, SCM_RIGHTS);
  return [...new Int32Array(data?.slice().buffer ?? new ArrayBuffer(0))];
}

for (const how of ["reset", Symbol.dispose] as const) {
  test(`${String(how)} closes descriptors that were not taken, and empties the message`, () => {
    using pair = connected();
    pair.a.sendSync({ data: bytes("a"), files: [0, 1] });
    const into = received(pair.b, 2);
    const numbers = descriptorsIn(into);
    into.addControl(4, 1, 1);
    into.name = "/run/a";
    into[how]();
    assertEquals(numbers.map(isOpen), [false, false]);
    const { name, flags, bytesReceived } = into;
    assertEquals({ name, flags, bytesReceived }, { name: null, flags: 0, bytesReceived: 0 });
    assertEquals([...into.controls()], []);
    assertEquals(unix.recvFiles(into), []);
    // Neither the vector nor the control message is sent.
    if (how === "reset") assertEquals(sendmsgSync(pair.a, into), 0);
    else assertThrows(() => sendmsgSync(pair.a, into), Deno.errors.BadResource, "it is closed");
  });

  test(`${String(how)} leaves descriptors alone that were taken`, () => {
    using pair = connected();
    pair.a.sendSync({ data: bytes("a"), files: [0, 1] });
    const into = received(pair.b, 2);
    const files = unix.recvFiles(into);
    into[how]();
    assertEquals(files.map(({ fd }) => isOpen(fd)), [true, true]);
    for (const file of files) file.close();
  });
}

test("a disposed message takes neither files nor flags", () => {
  const message = new Msghdr();
  message[Symbol.dispose]();
  for (
    const use of [
      () => unix.addFiles(message, 0),
      () => unix.allocFiles(message, 1),
      () => message.flags = 1,
    ]
  ) assertThrows(use, Deno.errors.BadResource, "it was disposed");
});

linuxTest("controls() gives what had arrived when it was begun", () => {
  using pair = connected("seqpacket");
  pair.b.passCredentials = true;
  pair.a.sendSync({ data: bytes("a"), files: [0] });
  using message = new Msghdr({ controlCapacity: 128 });
  message.addVector(new Uint8Array(1));
  recvmsgSync(pair.b, message);
  const whole = [...message.controls()];
  const controls = message.controls();
  const seen = [controls.next().value];
  pair.b.passCredentials = false;
  pair.a.sendSync({ data: bytes("b"), files: Array(9).fill(0) });
  recvmsgSync(pair.b, message);
  seen.push(...controls);
  assertEquals(seen, whole);
  assertEquals(whole.map(({ type }) => type), [
    platform.SCM_CREDENTIALS,
    platform.SCM_RIGHTS,
  ]);
});

test("reset() forgets the control message of an earlier send", () => {
  using pair = connected();
  using message = new Msghdr();
  message.addVector(bytes("a"));
  unix.addFiles(message, 0);
  sendmsgSync(pair.a, message);
  message.reset();
  message.addVector(bytes("b"));
  sendmsgSync(pair.a, message);
  using first = received(pair.b, 2, 1);
  assertEquals(descriptorsIn(first).length, 1);
  recvmsgSync(pair.b, first);
  assertEquals(descriptorsIn(first).length, 0);
});

Deno.test("flags are what was set until something arrived", () => {
  using pair = connected("dgram");
  using message = new Msghdr();
  message.flags = platform.MSG_PEEK;
  assertEquals(message.flags, platform.MSG_PEEK);
  assertThrows(() => message.flags = 0.5, TypeError);
  assertThrows(() => message.flags = 2 ** 32, RangeError);
  pair.a.writeSync(bytes("abc"));
  message.addVector(new Uint8Array(1));
  recvmsgSync(pair.b, message);
  assertEquals(message.flags & platform.MSG_TRUNC, platform.MSG_TRUNC);
  // What was set still counts: the message was only looked at.
  assertEquals(recvmsgSync(pair.b, message), 1);
  message.flags = 0;
  assertEquals({ flags: message.flags, received: recvmsgSync(pair.b, message) }, {
    flags: 0,
    received: 1,
  });
});

gcTest("descriptors in a Msghdr that becomes garbage are closed", async () => {
  using pair = connected();
  pair.a.sendSync({ data: bytes("a"), files: [0, 1] });
  const numbers = (() => descriptorsIn(received(pair.b, 2)))();
  assertEquals(numbers.length, 2);
  await collectUntil(() => !numbers.some(isOpen));
  assertEquals(numbers.filter(isOpen), []);
});

/** Whether a message's data is copied into its header or used where it lies: it is one piece, or several, small or not. */
const LAYOUTS = [[0], [1], [64], [65], [4096], [1, 1], [64, 65]];

test("data of any size is sent and received as it is at that time, with new headers and kept ones", () => {
  for (const type of PAIRED) {
    for (const sizes of LAYOUTS) {
      if (type === "stream" && sizes[0] === 0) continue;
      using pair = connected(type);
      using out = new Msghdr();
      using into = new Msghdr();
      const sent = sizes.map((size) => new Uint8Array(size));
      const got = sizes.map((size) => new Uint8Array(size));
      sent.forEach((it) => out.addVector(it));
      got.forEach((it) => into.addVector(it));
      unix.addFiles(out, 0);
      unix.allocFiles(into, 1);
      for (const value of [7, 8, 9]) {
        sent.forEach((it, i) => it.fill(value + i));
        sendmsgSync(pair.a, out);
        sent.forEach((it) => it.fill(0));
        recvmsgSync(pair.b, into);
        got.forEach((it, i) => assertEquals(it, new Uint8Array(it.length).fill(value + i), type));
        assertEquals(unix.recvFiles(into).map((it) => it.close()).length, 1);
      }
    }
  }
});

test("a small vector takes what fits, and nothing behind its end or of an earlier message", () => {
  for (const type of PAIRED) {
    using pair = connected(type);
    using into = new Msghdr();
    const memory = new Uint8Array(64).fill(1);
    for (const flags of [platform.MSG_PEEK, 0, platform.MSG_PEEK, 0]) {
      into.reset();
      into.addVector(memory.subarray(8, 11));
      if (flags !== 0) pair.a.writeSync(bytes("abcd"));
      assertEquals(recvmsgSync(pair.b, into, { flags }), 3);
      assertEquals(text(memory.subarray(7, 12)), "\x01abc\x01", type);
      memory.fill(1);
      if (flags === 0 && type === "stream") pair.b.readSync(new Uint8Array(1));
    }
    pair.a.writeSync(bytes("x"));
    recvmsgSync(pair.b, into);
    assertEquals(text(memory.subarray(7, 12)), "\x01x\x01\x01\x01", type);
  }
});

test("a small vector whose memory is taken away is as long as it is at the time of the call", () => {
  using pair = connected();
  using out = new Msghdr();
  const data = bytes("abc");
  out.addVector(data);
  structuredClone(data.buffer, { transfer: [data.buffer] });
  assertEquals(sendmsgSync(pair.a, out), 0);
});

linuxTest("addFiles() and addControl() can be mixed, also where the buffer grows", () => {
  using pair = connected("seqpacket");
  using out = new Msghdr();
  out.addVector(bytes("a"));
  unix.addFiles(out, 0, 1);
  const payload = out.addControl(4, SOL_SOCKET, SCM_RIGHTS);
  unix.addFiles(out, ...Array(200).fill(0));
  unix.addFiles(out, ...Array(50).fill(0));
  using file = OwnedFd.memfd("mixed");
  writeDescriptors(payload, [file.fd]);
  sendmsgSync(pair.a, out);
  using into = received(pair.b, 253);
  const files = unix.recvFiles(into);
  assertEquals(files.length, 253);
  assertEquals(files.map((it) => it.kind() === "memfd").indexOf(true), 2);
  for (const file of files) file.close();
});
