/** Every system call of sending and receiving fails, with every error of its manual page. */

import { assertEquals } from "@std/assert";
import {
  Msghdr,
  recvmsg,
  recvmsgSync,
  sendmsg,
  sendmsgSync,
  type Socket,
  unix,
} from "../../mod.ts";
import { DATA, place } from "./place.ts";
import type { Outcome, PlacedFault, Scenario } from "./scenario.ts";
import { testScenarios } from "./suite.ts";
import { pair, TYPES } from "../util/cases.ts";

type Pair = [Socket, Socket];
type Expect = (fault: PlacedFault, error: string) => Outcome | undefined;

/** `send` makes the simpler call where it will do, and duplicates what it passes when it has to wait. */
const asSend: Expect = ({ call }, error) => {
  if (error === "EINTR" || error === "EAGAIN") return undefined;
  return call === "send" ? { syscall: "sendmsg" } : undefined;
};

const sending: Scenario<Pair>[] = TYPES.flatMap((type) => [
  {
    name: `sendSync() ${type}`,
    prepare: (stack: DisposableStack) => pair(stack, type),
    act: ([a]: Pair) => a.sendSync({ data: DATA }),
    expect: asSend,
  },
  {
    name: `send() ${type} with descriptors and credentials`,
    prepare: (stack: DisposableStack) => pair(stack, type),
    act: async ([a]: Pair) => {
      const credentials = { pid: Deno.pid, uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0 };
      assertEquals(await a.send({ data: [DATA, DATA], files: [0, 1], credentials }), 38);
    },
    expect: asSend,
  },
  {
    name: `sendmsg() and sendmsgSync() ${type}`,
    prepare: (stack: DisposableStack) => pair(stack, type),
    act: async ([a]: Pair) => {
      using message = new Msghdr();
      message.addVector(DATA);
      unix.addFiles(message, 0);
      sendmsgSync(a, message);
      await sendmsg(a, message);
    },
  },
  {
    name: `write() and writeSync() ${type}`,
    prepare: (stack: DisposableStack) => pair(stack, type),
    act: async ([a]: Pair) => {
      a.writeSync(DATA);
      await a.write(DATA);
    },
  },
]);

testScenarios("send() fails cleanly", sending);

/** Messages enough for a failed operation, its repetition and what both take. */
function filledPair(stack: DisposableStack, type: unix.SocketType): Pair {
  const [a, b] = pair(stack, type);
  for (let i = 0; i < 6; i++) a.sendSync({ data: DATA, files: [0, 1] });
  return [a, b];
}

/**
 * Options that cannot be read count as off: nothing is lost but what they would have added. The look that tells
 * an empty message from the end, by recv(2), is a part of receiving, and fails in its name.
 */
const optionsOff: Expect = ({ call }, error) => {
  if (call === "getsockopt" || call === "setsockopt") return "survives";
  const isLook = call === "recv" && error !== "EINTR" && error !== "EAGAIN";
  return isLook ? { syscall: "recvmsg" } : undefined;
};

const receiving: Scenario<Pair>[] = TYPES.flatMap((type) => [
  {
    name: `receiveSync() ${type}`,
    prepare: (stack: DisposableStack) => filledPair(stack, type),
    act: ([, b]: Pair) => {
      using message = b.receiveSync();
      assertEquals(message?.data, DATA);
    },
    expect: optionsOff,
  },
  {
    name: `receive() ${type} with descriptors`,
    prepare: (stack: DisposableStack) => filledPair(stack, type),
    act: async ([, b]: Pair) => {
      using message = await b.receive({ files: 2 });
      assertEquals({ data: message?.data, fileCount: message?.files.length }, {
        data: DATA,
        fileCount: 2,
      });
    },
    expect: optionsOff,
  },
  {
    name: `recvmsg() and recvmsgSync() ${type}`,
    prepare: (stack: DisposableStack) => filledPair(stack, type),
    act: async ([, b]: Pair) => {
      using message = new Msghdr();
      message.addVector(new Uint8Array(64));
      unix.allocFiles(message, 2);
      recvmsgSync(b, message);
      assertEquals(await recvmsg(b, message), DATA.length);
      const files = unix.recvFiles(message);
      for (const file of files) file.close();
      assertEquals(files.length, 2);
    },
  },
]);

receiving.push({
  name: "read() and readSync() stream",
  prepare: (stack) => filledPair(stack, "stream"),
  act: async ([, b]) => {
    assertEquals(b.readSync(new Uint8Array(64)), DATA.length);
    assertEquals(await b.read(new Uint8Array(64)), DATA.length);
  },
});

testScenarios("receive() fails cleanly", receiving);

/** What the reactor of this thread calls: it has tests of its own. */
const ofReactor = /^(?:io_|epoll_|eventfd|poll$|read$|write$)/;

interface Inbox {
  readonly inbox: Socket;
  readonly sender: Socket;
  readonly to: string;
}

function inbox(stack: DisposableStack, long: boolean): Inbox {
  const { short: path, long: longPath } = place(stack);
  const to = long ? longPath : path;
  const inbox = stack.use(unix.bind(to));
  return { inbox, sender: stack.use(unix.bind("")), to };
}

function drain(inbox: Socket): number {
  for (let count = 0;; count++) {
    try {
      using message = new Msghdr();
      message.addVector(new Uint8Array(64));
      recvmsgSync(inbox, message, { flags: unix.constants.MSG_DONTWAIT });
    } catch (error) {
      if (error instanceof Deno.errors.WouldBlock) return count;
      throw error;
    }
  }
}

function fill({ sender, to }: Inbox): void {
  for (;;) {
    try {
      using message = new Msghdr();
      message.addVector(DATA);
      message.name = to;
      sendmsgSync(sender, message, { flags: unix.constants.MSG_DONTWAIT });
    } catch (error) {
      if (error instanceof Deno.errors.WouldBlock) return;
      throw error;
    }
  }
}

const datagrams: Scenario<Inbox>[] = [
  {
    name: "send() to a path",
    prepare: (stack) => inbox(stack, false),
    act: ({ sender, to }) => sender.send({ data: DATA, to }),
    fails: (call) => !ofReactor.test(call),
  },
  {
    name: "send() to a path beyond sun_path",
    prepare: (stack) => inbox(stack, true),
    act: ({ sender, to }) => sender.send({ data: DATA, to, files: [0] }),
    fails: (call) => !ofReactor.test(call),
    expect: ({ call }, error) =>
      call === "open" && error !== "EINTR" ? { syscall: "sendmsg" } : undefined,
  },
  {
    name: "send() to a full queue",
    prepare: (stack) => inbox(stack, false),
    act: async (it) => {
      fill(it);
      const sending = it.sender.send({ data: DATA, to: it.to, files: [0] });
      const [sent] = await Promise.allSettled([
        sending,
        new Promise<void>((resolve) => setTimeout(() => resolve(void drain(it.inbox)), 0)),
      ]);
      drain(it.inbox);
      if (sent.status === "rejected") throw sent.reason;
    },
    fails: (call) => !ofReactor.test(call) && !["sendmsg", "recvmsg"].includes(call),
    // Without a probe of its own the sender asks again and again.
    expect: ({ call }, error) =>
      call === "fcntl" && error !== "EINTR" ? { syscall: "dup" } : "survives",
  },
];

testScenarios("send() to an address fails cleanly", datagrams);
