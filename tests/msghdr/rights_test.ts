import { assert, assertEquals, assertThrows } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { Msghdr, OwnedFd, recvmsgSync, sendmsgSync } from "../../mod.ts";
import type { FileLike } from "../../lib/fd/file_like.ts";
import { addFiles, allocFiles, recvFiles, recvPidfd } from "../../lib/msghdr/rights.ts";
import {
  bytes,
  connected,
  emulated,
  gcTest,
  isForgotten,
  isOpen,
  linuxTest,
  test,
  turn,
  unemulatedTest,
} from "../util/cases.ts";
import { isInherited } from "../util/inherited.ts";
import { countDescriptors } from "../util/descriptors.ts";

/** Send files through a pair, and receive them with space for so many. */
function passed(files: FileLike[], space: number): Msghdr {
  using pair = connected();
  using out = new Msghdr();
  out.addVector(bytes("a"));
  addFiles(out, ...files);
  sendmsgSync(pair.a, out);
  const into = new Msghdr();
  into.addVector(new Uint8Array(1));
  allocFiles(into, space);
  recvmsgSync(pair.b, into);
  return into;
}

test("addFiles() takes numbers and objects with an fd, in their order", () => {
  using memory = OwnedFd.open("/dev/zero");
  using pair = connected();
  using into = passed([0, memory, pair.a], 3);
  const files = recvFiles(into);
  const kinds = files.map((it) => it.statSync());
  assertEquals({ rdev: kinds[1]?.rdev, isSocket: kinds[2]?.isSocket }, {
    rdev: memory.statSync().rdev,
    isSocket: true,
  });
  for (const file of files) file.close();
  assertEquals(
    { memory: isOpen(memory.fd), a: isOpen(pair.a.fd) },
    { memory: true, a: true },
    "they stay open here",
  );
});

test("addFiles() of none adds nothing", () => {
  using pair = connected();
  using out = new Msghdr();
  addFiles(out);
  assertEquals(sendmsgSync(pair.a, out), 0);
});

Deno.test("addFiles() refuses 254 files, and what is no descriptor, before anything is added", () => {
  using pair = connected();
  using out = new Msghdr();
  assertThrows(() => addFiles(out, ...Array(254).fill(0)), RangeError, "at most 253");
  assertThrows(() => addFiles(out, 0, -1), TypeError);
  const closed = OwnedFd.open("/dev/null");
  closed.close();
  assertThrows(() => addFiles(out, 0, closed), Deno.errors.BadResource);
  assertEquals(sendmsgSync(pair.a, out), 0);
});

test("addFiles() refuses what would be more than 253 files together with those added before", () => {
  using pair = connected();
  using out = new Msghdr();
  addFiles(out, ...Array(200).fill(0));
  assertThrows(() => addFiles(out, ...Array(54).fill(0)), RangeError, "Cannot pass 254");
  addFiles(out, ...Array(53).fill(0));
  assertThrows(() => addFiles(out, 0), RangeError, "at most 253");
  out.addVector(new Uint8Array(1));
  assertEquals(sendmsgSync(pair.a, out), 1);
  using message = pair.b.receiveSync({ files: 253 });
  assertEquals(message?.files.length, 253);
  out.reset();
  addFiles(out, ...Array(253).fill(0));
});

test("addFiles() and recvFiles() pass 253 files at once", () => {
  using into = passed(Array(253).fill(0), 253);
  const files = recvFiles(into);
  assertEquals(files.length, 253);
  for (const file of files) file.close();
});

test("recvFiles() returns what arrived, never more than was asked for", () => {
  for (const [sent, asked] of [[0, 3], [1, 3], [3, 3], [3, 2], [3, 0]] as const) {
    const before = countDescriptors();
    using into = passed(Array(sent).fill(0), 253);
    const files = recvFiles(into, asked);
    assertEquals(files.length, Math.min(sent, asked), `${sent} sent, ${asked} asked`);
    assertEquals(countDescriptors(), before + files.length, "the surplus is closed");
    for (const file of files) file.close();
  }
});

test("recvFiles() returns none the second time", () => {
  using into = passed([0, 1], 2);
  for (const file of recvFiles(into, 1)) file.close();
  assertEquals(recvFiles(into, 1), []);
  assertEquals(recvFiles(into), []);
});

test("recvFiles() takes by default as many as allocFiles() made space for", () => {
  // One descriptor's space has padding for a second one, on Linux.
  using into = passed([0, 1], 1);
  const files = recvFiles(into);
  assertEquals(files.length, 1);
  for (const file of files) file.close();
});

test("recvFiles() returns none before anything was received", () => {
  using message = new Msghdr();
  assertEquals(recvFiles(message), []);
  assertEquals(recvFiles(message, 3), []);
});

unemulatedTest("allocFiles() of none makes the kernel close what comes", () => {
  const before = countDescriptors();
  using into = passed([0, 1], 0);
  assertEquals(countDescriptors(), before);
  assertEquals(into.flags & platform.MSG_CTRUNC, platform.MSG_CTRUNC);
  assertEquals(recvFiles(into), []);
}, "QEMU gives the kernel twice the space for control data");

test("allocFiles() and recvFiles() refuse a number that cannot be", () => {
  using message = new Msghdr();
  for (const count of [-1, 254, 0.5, NaN, "1" as unknown as number]) {
    assertThrows(() => allocFiles(message, count), RangeError, "from 0 to 253");
    assertThrows(() => recvFiles(message, count), RangeError, "from 0 to 253");
  }
});

test("what recvFiles() returns is close-on-exec", () => {
  using pair = connected();
  using into = passed([pair.a], 1);
  using file = recvFiles(into)[0];
  assert(file);
  assertEquals({ kind: file.kind(), isInherited: isInherited(file.fd) }, {
    kind: "socket",
    isInherited: false,
  });
});

/** Why tests with process descriptors are left out. */
const NO_PIDFDS = emulated ? "QEMU knows no SO_PASSPIDFD" : undefined;

linuxTest("recvPidfd() takes the descriptor of the sending process, once", () => {
  using pair = connected();
  pair.b.passPidfd = true;
  pair.a.writeSync(bytes("a"));
  using into = new Msghdr({ controlCapacity: 64 });
  into.addVector(new Uint8Array(1));
  recvmsgSync(pair.b, into);
  using pidfd = recvPidfd(into);
  assertEquals({ kind: pidfd?.kind(), pidfd: recvPidfd(into) }, {
    kind: "pidfd",
    pidfd: undefined,
  });
}, NO_PIDFDS);

linuxTest("recvPidfd() and recvFiles() take their own only", () => {
  using pair = connected();
  pair.b.passPidfd = true;
  pair.a.sendSync({ data: bytes("a"), files: [0] });
  using into = new Msghdr({ controlCapacity: 64 });
  into.addVector(new Uint8Array(1));
  recvmsgSync(pair.b, into);
  using file = recvFiles(into)[0];
  using pidfd = recvPidfd(into);
  assertEquals(pidfd?.kind(), "pidfd");
  assert(file && file.kind() !== "pidfd");
}, NO_PIDFDS);

gcTest("a file that a message alone refers to stays open as long as the message does", async () => {
  const message = new Msghdr();
  message.addVector(bytes("a"));
  addFiles(message, OwnedFd.open("/dev/zero"));
  const into = new Msghdr();
  into.addVector(new Uint8Array(1));
  allocFiles(into, 1);
  // Another object becomes garbage in the same collection.
  assertEquals(await isForgotten(() => OwnedFd.open("/dev/null")), true);
  await turn();
  using pair = connected();
  sendmsgSync(pair.a, message);
  recvmsgSync(pair.b, into);
  using file = recvFiles(into)[0];
  assertEquals(file?.readSync(new Uint8Array(3)), 3, "it is /dev/zero");
  message.reset();
});

test("addFiles() counts the descriptors for which the caller has made control data", () => {
  using out = new Msghdr();
  out.addControl(4 * 250, platform.SOL_SOCKET, platform.SCM_RIGHTS);
  addFiles(out, 0, 0, 0);
  assertThrows(() => addFiles(out, 0), RangeError, "253");
});
