/**
 * What happens when the process runs out of descriptors. To be run with few of them:
 * `ulimit -n 100; deno run --allow-ffi --allow-read --allow-write shortage.ts`.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  ControlTruncatedError,
  Listener,
  Msghdr,
  OwnedFd,
  recvmsgSync,
  type Socket,
  unix,
} from "../../mod.ts";
import { countDescriptors, listDescriptors, settle } from "../util/descriptors.ts";
import { DATA, place } from "./place.ts";
import { fill, pair, TYPES } from "../util/cases.ts";

const { MSG_CTRUNC } = unix.constants;

// Deno opens what it needs for signals when it first gets to it, and panics if it cannot: let it do so now.
const ignore = (): void => {};
Deno.addSignalListener("SIGUSR2", ignore);
Deno.removeSignalListener("SIGUSR2", ignore);

/** How many descriptors are lent to a look at what is open. */
const LENT = 8;

/** Take every descriptor there is, and return them. */
function hoard(): OwnedFd[] {
  const taken = [OwnedFd.open("/dev/null")];
  for (;;) {
    try {
      taken.push(OwnedFd.open("/dev/null"));
    } catch (error) {
      assertEquals((error as { code?: string }).code, "EMFILE");
      return taken;
    }
  }
}

function release(taken: OwnedFd[], count = taken.length): void {
  for (const fd of taken.splice(0, count)) fd.close();
}

/** Check that an error says what is missing, and what can be done. */
function isShortage(error: unknown, syscall: string): void {
  const { code, syscall: actual, message } = error as Error & { code?: string; syscall?: string };
  assertEquals({ code, actual }, { code: "EMFILE", actual: syscall });
  assertStringIncludes(message, "RLIMIT_NOFILE");
}

const cases: Record<string, (stack: DisposableStack) => void | Promise<void>> = {
  // First: nothing has waited yet.
  "the first wait fails, the next one starts the best backend": async (stack) => {
    const [a, b] = pair(stack);
    const taken = hoard();
    isShortage(await assertRejects(() => b.receive()), "poll");
    assertThrows(() => unix.reactorBackend());
    release(taken);
    const receiving = b.receive();
    await new Promise((resolve) => setTimeout(resolve, 0));
    a.sendSync({ data: DATA });
    assertEquals((await receiving)?.data, DATA);
    console.log(`the backend is ${unix.reactorBackend()}`);
  },

  "accept() fails, and the connection with its data waits": async (stack) => {
    const { listener, clients } = queue(stack, 2);
    const taken = hoard();
    isShortage(await assertRejects(() => listener.accept()), "accept");
    isShortage(assertThrows(() => listener.acceptSync()), "accept");
    release(taken, 1);
    using server = await listener.accept();
    assertEquals(server.receiveSync()?.data, DATA);
    release(taken);
    using other = listener.acceptSync();
    assertEquals(other.receiveSync()?.data, DATA);
    assertEquals(clients.length, 2);
  },

  "the iterator goes on by itself": async (stack) => {
    const { listener } = queue(stack, 3);
    const taken = hoard();
    setTimeout(() => release(taken), 50);
    let accepted = 0;
    for await (using server of listener) {
      assertEquals(server.receiveSync()?.data, DATA);
      if (++accepted === 3) break;
    }
  },

  "everything that opens a descriptor says so": async (stack) => {
    const { listener } = queue(stack, 0);
    const { short } = place(stack);
    const adopted = stack.use(Listener.adopt(listener.dup().detach()));
    const taken = hoard();
    const before = openHoarding(taken);
    isShortage(assertThrows(() => unix.socketpair()), "socketpair");
    isShortage(assertThrows(() => unix.listen(short)), "socket");
    isShortage(assertThrows(() => unix.bind(short)), "socket");
    isShortage(assertThrows(() => unix.connectSync(listener.addr.path)), "socket");
    isShortage(await assertRejects(() => unix.connect(listener.addr.path)), "socket");
    isShortage(assertThrows(() => OwnedFd.memfd("x")), "memfd_create");
    isShortage(assertThrows(() => taken[0]?.dup()), "dup");
    isShortage(assertThrows(() => adopted.unlinkOnClose = true), "socket");
    await comesTo(taken, before);
    release(taken);
    unix.listen(short).close();
  },

  "closing works": (stack) => {
    const { short } = place(stack);
    const listener = unix.listen(short);
    const taken = hoard();
    listener.close();
    assertThrows(() => Deno.lstatSync(short), Deno.errors.NotFound);
    release(taken);
  },

  "plain data comes and goes": async (stack) => {
    const [a, b] = pair(stack);
    const taken = hoard();
    const receiving = b.receive();
    await a.send({ data: DATA, files: [0, 1, 2] });
    using message = await receiving;
    assertEquals({ data: message?.data, controlTruncated: message?.controlTruncated }, {
      data: DATA,
      controlTruncated: true,
    });
    release(taken);
  },
};

for (const type of TYPES) {
  cases[`the data of a ${type} message survives that of its descriptors`] = async (stack) => {
    const [a, b] = pair(stack, type);
    for (let i = 0; i < 3; i++) a.sendSync({ data: DATA, files: [0, 1, 2] });
    const taken = hoard();
    for (const space of [0, 1]) {
      release(taken, space);
      const before = openHoarding(taken);
      const error = await assertRejects(() => b.receive({ files: 3 }), ControlTruncatedError);
      assertEquals(error.data, DATA);
      assertStringIncludes(error.message, "descriptors");
      await comesTo(taken, before);
    }
    release(taken);
    using message = await b.receive({ files: 3 });
    assertEquals({ data: message?.data, fileCount: message?.files.length }, {
      data: DATA,
      fileCount: 3,
    });
  };

  cases[`recvmsg() hands out what arrived of a ${type} message`] = (stack) => {
    const [a, b] = pair(stack, type);
    a.sendSync({ data: DATA, files: [0, 1, 2] });
    const taken = hoard();
    release(taken, 2);
    using message = new Msghdr();
    const bytes = new Uint8Array(64);
    message.addVector(bytes);
    unix.allocFiles(message, 3);
    assertEquals(recvmsgSync(b, message), DATA.length);
    assertEquals(bytes.subarray(0, DATA.length), DATA);
    assert((message.flags & MSG_CTRUNC) !== 0);
    const files = unix.recvFiles(message);
    assertEquals(files.length, 2);
    for (const file of files) file.kind(); // open
    release(files);
    release(taken);
  };
}

cases["a sender that waits says that it cannot hold what it passes"] = async (stack) => {
  const [a, b] = pair(stack);
  fill(a);
  const taken = hoard();
  isShortage(await assertRejects(() => a.send({ data: DATA, files: [0] })), "dup");
  release(taken);
  const sending = a.send({ data: DATA, files: [0] });
  b.receiveSync({ size: 1 << 20 });
  await Promise.all([sending, readUntilFile(b)]);
};

async function readUntilFile(socket: Socket): Promise<void> {
  for (;;) {
    using message = await socket.receive({ files: 1, size: 1 << 20 });
    if (message?.files.length !== 0) return;
  }
}

cases["a sender to a full queue waits without a probe"] = async (stack) => {
  const { short } = place(stack);
  const inbox = stack.use(unix.bind(short));
  const sender = stack.use(unix.bind(""));
  sender.sendTimeout = 1;
  let queued = 0;
  try {
    for (;; queued++) sender.sendSync({ data: DATA, to: short });
  } catch (error) {
    assert(error instanceof Deno.errors.WouldBlock);
  }
  const taken = hoard();
  const sending = sender.send({ data: DATA, to: short });
  await new Promise((resolve) => setTimeout(resolve, 5));
  for (let i = 0; i < queued; i++) assertEquals(inbox.receiveSync()?.data, DATA);
  await sending;
  release(taken);
};

function queue(
  stack: DisposableStack,
  count: number,
): { listener: Listener; clients: Socket[] } {
  const { short } = place(stack);
  const listener = stack.use(unix.listen(short));
  const clients = Array.from({ length: count }, () => stack.use(unix.connectSync(short)));
  for (const client of clients) client.sendSync({ data: DATA });
  return { listener, clients };
}

/** List what is open. That takes descriptors itself, and the runtime's threads may take some: lend them. */
function openHoarding(taken: OwnedFd[]): string[] {
  const lent = taken.splice(-LENT);
  for (const fd of lent) fd.close();
  const open = [...listDescriptors().values()].sort();
  while (lent.pop() !== undefined) taken.push(OwnedFd.open("/dev/null"));
  return open;
}

/** Check what is open, some turns later where the runtime's threads have something open for a moment. */
async function comesTo(taken: OwnedFd[], expected: string[]): Promise<void> {
  let open = openHoarding(taken);
  await settle(() => {
    open = openHoarding(taken);
    return open.join() === expected.join() ? [] : ["something else is open"];
  }, 80);
  assertEquals(open, expected);
}

for (const [name, run] of Object.entries(cases)) {
  const before = name.startsWith("the first") ? Infinity : countDescriptors();
  {
    using stack = new DisposableStack();
    await run(stack);
  }
  const more = (): string[] => countDescriptors() <= before ? [] : ["descriptors stay open"];
  assertEquals(await settle(more, 80), [], name);
  console.log(name);
}
