import { assertEquals } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { fcntl } from "../../ffi/syscalls/files.ts";
import type { ControlItem } from "../../lib/cmsg.ts";
import { writeDescriptors } from "../../lib/cmsg.ts";
import { OwnedFd } from "../../lib/fd/owned_fd.ts";
import { closeReceived, NOTHING_RECEIVED, takeOver } from "../../lib/msghdr/received.ts";
import { isOpen, linuxTest, test } from "../util/cases.ts";

const { SOL_SOCKET, SCM_RIGHTS, SCM_PIDFD, SCM_CREDENTIALS } = platform;

function item(type: number, numbers: number[], level = SOL_SOCKET): ControlItem {
  const data = new Uint8Array(numbers.length * 4);
  writeDescriptors(data, numbers);
  return { level, type, data };
}

function opened(): number {
  return OwnedFd.open("/dev/null").detach();
}

Deno.test("takeOver() makes nothing of nothing", () => {
  assertEquals(takeOver([]), NOTHING_RECEIVED);
});

test("takeOver() owns descriptors in their order, also from several messages", () => {
  const numbers = [opened(), opened(), opened()];
  const [first = -1, ...others] = numbers;
  const received = takeOver([item(SCM_RIGHTS, [first]), item(SCM_RIGHTS, others)]);
  assertEquals(received.files.map(({ fd }) => fd), numbers);
  closeReceived(received);
  assertEquals(numbers.filter(isOpen), []);
});

test("takeOver() takes no number of another kind of message for a descriptor", () => {
  const fd = opened();
  const items = [item(SCM_CREDENTIALS, [fd, 0, 0]), item(SCM_RIGHTS, [fd], SOL_SOCKET + 1)];
  const received = takeOver(items);
  assertEquals([received.items.length, received.files, received.pidfd], [2, [], undefined]);
  closeReceived(received);
  assertEquals(isOpen(fd), true);
  OwnedFd.adopt(fd).close();
});

test("takeOver() makes no descriptor of a payload that is cut short", () => {
  const { level, type, data } = item(SCM_RIGHTS, [0, 1]);
  assertEquals(takeOver([{ level, type, data: data.subarray(0, 3) }]).files, []);
});

linuxTest("takeOver() keeps the descriptor of the sending process apart", () => {
  const fd = opened();
  const received = takeOver([item(SCM_PIDFD, [fd])]);
  assertEquals([received.files, received.pidfd?.fd], [[], fd]);
  closeReceived(received);
  assertEquals(isOpen(fd), false);
});

linuxTest("takeOver() takes no error number for the descriptor of a process", () => {
  assertEquals(takeOver([item(SCM_PIDFD, [-3])]).pidfd, undefined);
});

linuxTest("takeOver() keeps one descriptor of a process, and closes a second", () => {
  const numbers = [opened(), opened()];
  const received = takeOver([item(SCM_PIDFD, numbers)]);
  closeReceived(received);
  assertEquals(numbers.filter(isOpen), []);
});

test("closeReceived() closes what was not taken, once", () => {
  const numbers = [opened(), opened()];
  const received = takeOver([item(SCM_RIGHTS, numbers)]);
  const kept = received.files[0]?.detach() ?? -1;
  closeReceived(received);
  closeReceived(received);
  assertEquals(numbers.map(isOpen), [true, false]);
  assertEquals(fcntl(kept, platform.F_GETFD, 0) >= 0, true);
  OwnedFd.adopt(kept).close();
});
