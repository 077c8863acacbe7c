import { assertEquals } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { fcntl } from "../../ffi/syscalls/files.ts";
import {
  cmsgSpace,
  type ControlItem,
  writeControl,
  writeDescriptors,
} from "../../lib/message/cmsg.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { IncomingControl } from "../../lib/message/control.ts";
import {
  closeReceived,
  nothingReceived,
  ownReceivedFds,
  type Received,
} from "../../lib/handle/received_fds.ts";
import { isOpen, linuxTest, test } from "../util/cases.ts";

const { SOL_SOCKET, SCM_RIGHTS, SCM_PIDFD } = platform;

function item(type: number, numbers: number[], level = SOL_SOCKET): ControlItem {
  const data = new Uint8Array(numbers.length * 4);
  writeDescriptors(data, numbers);
  return { level, type, data };
}

/** Control messages as if the kernel had delivered them. */
function arrived(...items: ControlItem[]): IncomingControl {
  const control = new IncomingControl();
  control.prepare(1024);
  const buffer = new Uint8Array(control.view.buffer);
  let offset = 0;
  for (const { level, type, data } of items) {
    writeControl(buffer, offset, level, type, data.byteLength, platform).set(data);
    offset += cmsgSpace(data.byteLength, platform);
  }
  control.arrived = offset;
  return control;
}

function taken(control: IncomingControl): Received {
  const received = nothingReceived();
  ownReceivedFds(control, received);
  return received;
}

function opened(): number {
  return OwnedFd.open("/dev/null").detach();
}

Deno.test("ownReceivedFds() returns nothing for a message without control data", () => {
  assertEquals(taken(new IncomingControl()), nothingReceived());
});

test("ownReceivedFds() owns descriptors in their order, also from several messages", () => {
  const numbers = [opened(), opened(), opened()];
  const [first = -1, ...others] = numbers;
  const received = taken(arrived(item(SCM_RIGHTS, [first]), item(SCM_RIGHTS, others)));
  assertEquals(received.files?.map(({ fd }) => fd), numbers);
  closeReceived(received);
  assertEquals(numbers.filter(isOpen), []);
});

test("ownReceivedFds() takes no number of another kind of message for a descriptor", () => {
  const fd = opened();
  const items = [item(SCM_RIGHTS + 1, [fd, 0, 0]), item(SCM_RIGHTS, [fd], SOL_SOCKET + 1)];
  const received = taken(arrived(...items));
  assertEquals({ files: received.files, pidfd: received.pidfd }, {
    files: undefined,
    pidfd: undefined,
  });
  closeReceived(received);
  assertEquals(isOpen(fd), true);
  OwnedFd.adopt(fd).close();
});

test("ownReceivedFds() makes no descriptor of a payload that is cut short", () => {
  const { level, type, data } = item(SCM_RIGHTS, [0, 1]);
  assertEquals(taken(arrived({ level, type, data: data.subarray(0, 3) })).files, undefined);
});

linuxTest("ownReceivedFds() keeps the descriptor of the sending process apart", () => {
  const fd = opened();
  const received = taken(arrived(item(SCM_PIDFD, [fd])));
  assertEquals({ files: received.files, fd: received.pidfd?.fd }, { files: undefined, fd });
  closeReceived(received);
  assertEquals(isOpen(fd), false);
});

linuxTest("ownReceivedFds() takes no error number for the descriptor of a process", () => {
  assertEquals(taken(arrived(item(SCM_PIDFD, [-3]))).pidfd, undefined);
});

linuxTest("ownReceivedFds() keeps one descriptor of a process, and closes a second", () => {
  const numbers = [opened(), opened()];
  const received = taken(arrived(item(SCM_PIDFD, numbers)));
  closeReceived(received);
  assertEquals(numbers.filter(isOpen), []);
});

test("closeReceived() closes what was not taken, once", () => {
  const numbers = [opened(), opened()];
  const received = taken(arrived(item(SCM_RIGHTS, numbers)));
  const kept = received.files?.[0]?.detach() ?? -1;
  closeReceived(received);
  closeReceived(received);
  assertEquals(numbers.map(isOpen), [true, false]);
  assertEquals(fcntl(kept, platform.F_GETFD, 0) >= 0, true);
  OwnedFd.adopt(kept).close();
});
