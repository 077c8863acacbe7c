/** Every system call of connecting, listening and accepting fails, with every error of its manual page. */

import { assert, assertThrows } from "@std/assert";
import { type Listener, unix } from "../../mod.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { type Place, place, remove } from "./place.ts";
import type { Outcome, PlacedFault, Scenario } from "./scenario.ts";
import { testFaults, testScenarios } from "./suite.ts";
import { TYPES } from "../util/cases.ts";

const short = (it: Place): string => it.short;
const long = (it: Place): string => it.long;

const pairs: Scenario<null>[] = TYPES.map((type) => ({
  name: `socketpair() ${type}`,
  prepare: () => null,
  act: () => {
    for (const socket of unix.socketpair({ type })) socket.close();
  },
}));

testScenarios("socketpair() fails cleanly", pairs);

interface Target {
  readonly address: string;
  readonly listener: Listener;
}

function target(stack: DisposableStack, path: (place: Place) => string): Target {
  const address = path(place(stack));
  return { address, listener: stack.use(unix.listen(address)) };
}

/** Opening a long path is a part of connect(2) for the user. */
const openedByConnect = ({ call }: PlacedFault, error: string): Outcome | undefined =>
  call === "open" && error !== "EINTR" ? { syscall: "connect" } : undefined;

const connecting: Scenario<Target>[] = [
  {
    name: "connectSync()",
    prepare: (stack) => target(stack, short),
    act: ({ address }) => unix.connectSync(address).close(),
  },
  {
    name: "connectSync() to a path beyond sun_path",
    prepare: (stack) => target(stack, long),
    act: ({ address }) => unix.connectSync(address, { nonblocking: true }).close(),
    expect: openedByConnect,
  },
  {
    name: "connect()",
    prepare: (stack) => target(stack, short),
    act: async ({ address }) => (await unix.connect(address)).close(),
  },
  {
    name: "connect() from an address",
    prepare: (stack) => target(stack, short),
    act: async ({ address }, closing) => {
      const socket = await unix.connect(address, { localAddress: `${address}.client` });
      close(socket, closing);
    },
    expect: fileStays,
    repair: ({ address }) => remove(`${address}.client`),
  },
];

testScenarios("connect() fails cleanly", connecting);

/** Close a socket in an operation under test. */
function close(socket: Disposable, closing: () => void): void {
  closing();
  socket[Symbol.dispose]();
}

/**
 * The file that was bound is looked at twice: bind(2) fails for the user where it cannot be told which one
 * it is; what cannot be told when the socket is closed is not removed, for another one may be there by now.
 */
function fileStays({ call, closing }: PlacedFault): Outcome | undefined {
  if (call !== "statx") return undefined;
  return closing ? "survives" : { syscall: "bind" };
}

const IN_USE: Outcome = { syscall: "bind", code: "EADDRINUSE" };

/** The operation on the file is a part of bind(2) for the user. */
function asBind(...calls: string[]): Scenario<unknown>["expect"] {
  return (fault, error) => {
    if (!calls.includes(fault.call) || error === "EINTR") return fileStays(fault);
    if (fault.call === "link" && error === "EEXIST") return IN_USE;
    return { syscall: "bind", code: error === "EWOULDBLOCK" ? "EAGAIN" : error };
  };
}

const listening: Scenario<Place>[] = [
  {
    name: "listen()",
    prepare: place,
    act: ({ short }, closing) => close(unix.listen(short), closing),
    expect: fileStays,
    repair: ({ short }) => remove(short),
  },
  {
    name: "listen() with a mode",
    prepare: place,
    act: ({ short }, closing) => close(unix.listen(short, { mode: 0o777 }), closing),
    // The file is opened, and looked at once more, before its mode is set.
    expect: (fault) =>
      fault.call === "statx" && fault.subject === "" ? { syscall: "fstat" } : fileStays(fault),
    repair: ({ short }) => remove(short),
  },
  {
    name: "listen() on a path beyond sun_path",
    prepare: place,
    act: ({ long }, closing) => close(unix.listen(long), closing),
    expect: asBind("open"),
    repair: ({ long }) => remove(long),
  },
  {
    name: "listen() on a name that fits only alone",
    prepare: place,
    act: ({ long }, closing) => close(unix.listen(`${long}${"n".repeat(100)}`), closing),
    expect: (fault, error) => {
      if (fault.call !== "statx") return asBind("open", "link")?.(fault, error);
      // Before bind(2) the name must be free.
      if (!fault.after.includes("bind") && error === "ENOENT") return "survives";
      return fileStays(fault);
    },
    repair: ({ long }) => {
      for (const { name } of Deno.readDirSync(long.slice(0, -2))) remove(long.slice(0, -1) + name);
    },
  },
  {
    name: "listen() with a name of the kernel's choosing",
    prepare: place,
    act: () => unix.listen("").close(),
  },
  {
    name: "bind()",
    prepare: place,
    act: ({ short }, closing) => close(unix.bind(short), closing),
    expect: fileStays,
    repair: ({ short }) => remove(short),
  },
  {
    name: "bind() to a path beyond sun_path",
    prepare: place,
    act: ({ long }, closing) => close(unix.bind(long), closing),
    expect: (fault, error) =>
      fault.call === "readlink" ? "survives" : asBind("open")?.(fault, error),
    repair: ({ long }) => remove(long),
  },
];

testScenarios("listen() and bind() fail cleanly", listening);

const replacing: Scenario<Place>[] = [{
  name: "listen() in the place of a stale socket",
  prepare: (stack) => {
    const made = place(stack);
    makeStale(made.short);
    return made;
  },
  act: ({ short }, closing) => close(unix.listen(short, { replaceStale: true }), closing),
  expect: replaced,
  repair: ({ short }) => makeStale(short),
}];

/** A path that may be in use by now is not replaced: it is in use then, as bind(2) says it. */
function replaced(fault: PlacedFault, error: string): Outcome | undefined {
  const { call, after } = fault;
  switch (call) {
    case "bind": // to the path, before it is known that a file is there
      return error === "EADDRINUSE" && !after.includes("bind") ? "survives" : undefined;
    case "statx":
      return replacedFile(fault, error);
    case "rename":
      return error === "ENOENT" ? "survives" : undefined;
    case "connect":
    case "open": // of the lock, without which it goes on
    case "flock":
    case "unlink":
      return "survives";
    default:
      return undefined;
  }
}

/** The file is looked at before and under the lock; then it is replaced, and the new one is looked at. */
function replacedFile(
  { subject, after, closing }: PlacedFault,
  error: string,
): Outcome | undefined {
  const isPath = subject.endsWith("/s");
  if (isPath && after.includes("rename") && !closing) return { syscall: "bind" };
  return isPath && !closing && error === "ENOENT" ? IN_USE : "survives";
}

function makeStale(path: string): void {
  remove(path);
  unix.listen(path, { unlinkOnClose: false }).close();
}

testScenarios("listen() fails cleanly in the place of a stale socket", replacing);

testFaults("listen() leaves a socket alone that keeps answering in an unusual way", (library) => {
  for (const error of ["EACCES", "EPROTOTYPE", "ENOMEM"]) {
    using stack = new DisposableStack();
    const { short } = place(stack);
    makeStale(short);
    library.inject({ call: "connect", error, times: 1_000_000 });
    assertThrows(() => unix.listen(short, { replaceStale: true }), Deno.errors.AddrInUse);
    library.clear();
    assert(Deno.lstatSync(short).isSocket);
  }
});

interface Queue {
  readonly listener: Listener;
}

/** Connections enough for a failed operation, its repetition and the failures of both. */
function queue(stack: DisposableStack, nonblocking: boolean): Queue {
  const { short } = place(stack);
  const listener = stack.use(unix.listen(short, { nonblocking }));
  for (let i = 0; i < 4; i++) stack.use(unix.connectSync(short));
  return { listener };
}

/** On a listener that blocks, O_NONBLOCK is set for the call: failing to take it away again is harmless. */
function flagSet({ call, subject, after }: PlacedFault, error: string): Outcome | undefined {
  if (call !== "fcntl" || error === "EINTR") return undefined;
  const isRestoring = subject.startsWith(`${platform.F_SETFL} `) && after.includes("accept4");
  return isRestoring || error === "EAGAIN" ? "survives" : { syscall: "accept" };
}

const accepting: Scenario<Queue>[] = [true, false].flatMap((nonblocking) => [
  {
    name: `acceptSync() of a ${nonblocking ? "non-blocking" : "blocking"} listener`,
    prepare: (stack: DisposableStack) => queue(stack, nonblocking),
    act: ({ listener }: Queue) => listener.acceptSync().close(),
    expect: flagSet,
  },
  {
    name: `accept() of a ${nonblocking ? "non-blocking" : "blocking"} listener`,
    prepare: (stack: DisposableStack) => queue(stack, nonblocking),
    act: async ({ listener }: Queue) => (await listener.accept()).close(),
    expect: flagSet,
  },
]);

testScenarios("accept() fails cleanly", accepting);
