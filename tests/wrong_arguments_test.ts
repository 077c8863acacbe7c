/**
 * Calls every public function and method with values of wrong types, and looks at the words of the errors: they
 * are to be this module's, not those of V8 or of Deno's FFI.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import * as frames from "../lib/frames/mod.ts";
import * as systemd from "../lib/systemd/mod.ts";
import * as root from "../mod.ts";
import { type Anything, test } from "./util/cases.ts";
import { tempDir } from "./util/tempdir.ts";

const { unix } = root;

/** Words of V8, of Deno's FFI and of its web interfaces for values that are of the wrong type. */
const FOREIGN = new RegExp(
  [
    "Cannot read propert",
    "Cannot set propert",
    "(?:\\?\\.|\\w\\.)\\w+ is not a function",
    "not iterable",
    "Cannot destructure",
    "is not a constructor",
    "Cannot convert",
    "Cannot mix",
    "Cannot use 'in'",
    "FFI",
    "Illegal",
    "Receiver must",
    "must be of type",
  ].join("|"),
);

const WRONG: readonly Anything[] = [
  undefined,
  null,
  5,
  -1,
  1.5,
  NaN,
  "x",
  "",
  {},
  [],
  [1],
  () => {},
  Symbol("s"),
  1n,
  true,
  new Date(0),
  { fd: "3" },
  { fd: -1 },
  { signal: 5 },
  { signal: {} },
  { signal: null },
  { timeout: "x" },
  { timeout: null },
  { timeout: -1 },
  { files: "1" },
  { files: [null] },
  { files: ["3"] },
  { files: [{}] },
  { data: "x" },
  { data: [1] },
  { to: 5 },
  { credentials: 5 },
  { credentials: {} },
  { buffer: 5 },
  { buffer: [5] },
  { size: "5" },
  { size: -1 },
  { type: "x" },
  { type: 5 },
  { mode: "600" },
  { backlog: "5" },
  { localAddress: 5 },
  { flags: "x" },
  { seal: 5 },
  { seal: ["x"] },
  { maxSize: "5" },
  { bytes: 3 },
  { cloexec: "x" },
  { busyPoll: "x" },
  { passCredentials: 1 },
  { sendBufferSize: "x" },
  { store: 5 },
  { store: ["x"] },
  { status: 5 },
  { extra: 5 },
  { address: 5 },
  { protocol: 5 },
  { protocol: "tcp", name: 5, port: 1 },
  { protocol: "tcp", name: "n", port: 1, aliases: [5] },
];

/** A call that is well up to its last argument. */
type Call = (wrong: Anything) => unknown;

/** How a call ended: how it said so, and its error. */
interface Outcome {
  readonly by: "throw" | "promise" | "return";
  readonly error: unknown;
}

/** Set a limit on everything that would block, and close what a call made. */
async function attempt(call: Call, wrong: unknown): Promise<Outcome> {
  // What took the argument for a right one waits: it ends with its object.
  const late = new Promise<void>((resolve) => setTimeout(resolve, 0));
  let by: Outcome["by"] = "throw";
  try {
    const result = call(wrong);
    by = result instanceof Promise ? "promise" : "return";
    const made: Anything = await Promise.race([result, late]);
    made?.close?.();
    made?.[Symbol.dispose]?.();
    for (const each of Array.isArray(made) ? made : []) each?.close?.();
  } catch (error) {
    return { by, error };
  }
  return { by, error: undefined };
}

/** Makes a call, and returns how that ended. */
type Attempt = (wrong: Anything) => Promise<Outcome>;

/** What is wrong: errors in foreign words, and calls that throw although others of them return promises. */
async function faults(attempts: Record<string, Attempt>): Promise<string[]> {
  const found: string[] = [];
  for (const [name, make] of Object.entries(attempts)) {
    const ways = new Set<Outcome["by"]>();
    for (const wrong of WRONG) {
      const { by, error } = await make(wrong);
      ways.add(by);
      if (error === undefined) continue;
      const words = error instanceof Error ? error.message : `no error: ${String(error)}`;
      if (!(error instanceof Error) || FOREIGN.test(words)) {
        found.push(`${name} with ${Deno.inspect(wrong)}: ${words}`);
      }
    }
    if (ways.has("promise") && ways.has("throw")) found.push(`${name} throws and does not reject`);
  }
  return found;
}

test("functions name what is wrong with their arguments", async () => {
  using dir = tempDir();
  const nowhere = dir.join("none");
  const { recvmsg, recvmsgSync, sendmsg, sendmsgSync, Msghdr, OwnedFd, Socket, Listener } = root;
  const [a, b] = unix.socketpair();
  using _a = a;
  using _b = b;
  b.receiveTimeout = 1;
  using listener = unix.listen(dir.join("listener"));
  const message = (): root.Msghdr => new Msghdr();
  const { Frames, lengthPrefixed, delimited } = frames;
  const F: Anything = Frames;
  const calls: Record<string, Call> = {
    connect: (it) => unix.connect(it),
    "connect(path, …)": (it) => unix.connect(nowhere, it),
    connectSync: (it) => unix.connectSync(it),
    "connectSync(path, …)": (it) => unix.connectSync(nowhere, it),
    "listen(path, …)": (it) => unix.listen(dir.join("l"), it),
    "bind(path, …)": (it) => unix.bind(dir.join("b"), it),
    socket: (it) => unix.socket(it),
    socketpair: (it) => unix.socketpair(it),
    accept: (it) => unix.accept(it),
    acceptSync: (it) => unix.acceptSync(it),
    "accept(listener, …)": (it) => unix.accept(listener, it),
    "addFiles(m, …)": (it) => unix.addFiles(message(), it),
    addFiles: (it) => unix.addFiles(it, 0),
    allocFiles: (it) => unix.allocFiles(it, 1),
    "allocFiles(m, …)": (it) => unix.allocFiles(message(), it),
    recvFiles: (it) => unix.recvFiles(it),
    "recvFiles(m, …)": (it) => unix.recvFiles(message(), it),
    "new Msghdr": (it) => new Msghdr(it),
    sendmsg: (it) => sendmsg(it, message()),
    "sendmsg(a, …)": (it) => sendmsg(a, it),
    "sendmsg(a, m, …)": (it) => sendmsg(a, message(), it),
    "sendmsgSync(a, m, …)": (it) => sendmsgSync(a, message(), it),
    recvmsg: (it) => recvmsg(it, message()),
    "recvmsg(b, m, …)": (it) => recvmsg(b, message(), it),
    "recvmsgSync(b, m, …)": (it) => recvmsgSync(b, message(), it),
    "Socket.adopt": (it) => Socket.adopt(typeof it === "number" ? String(it) as Anything : it),
    "Listener.adopt": (it) => Listener.adopt(typeof it === "number" ? String(it) as Anything : it),
    "OwnedFd.adopt": (it) => OwnedFd.adopt(typeof it === "number" ? String(it) as Anything : it),
    "OwnedFd.open": (it) => OwnedFd.open(it),
    "OwnedFd.open(path, …)": (it) => OwnedFd.open("/dev/null", it),
    "OwnedFd.memfd": (it) => OwnedFd.memfd(it),
    "OwnedFd.memfd(name, …)": (it) => OwnedFd.memfd("m", it),
    "OwnedFd.memfd(name, data, …)": (it) => OwnedFd.memfd("m", undefined, it),
    "OwnedFd.eventfd": (it) => OwnedFd.eventfd(it),
    dial: (it) => root.dial(it, nowhere),
    "dial(unix, …)": (it) => root.dial("unix", it),
    "dial(unix, path, …)": (it) => root.dial("unix", nowhere, it),
    "dial(unix, path, service, …)": (it) => root.dial("unix", nowhere, "", it),
    dialUri: (it) => root.dialUri(it),
    "dialUri(uri, …)": (it) => root.dialUri(`unix:${nowhere}`, it),
    lookupService: (it) => root.lookupService(it, it),
    registerProtocol: (it) => root.registerProtocol(it, () => unix.connect(nowhere)),
    "registerProtocol(name, …)": (it) => root.registerProtocol("wrong", it),
    "registerProtocol(name, dialer, …)": (it) =>
      root.registerProtocol("wrong", () => unix.connect(nowhere), it),
    registerService: (it) => root.registerService(it),
    lengthPrefixed: (it) => lengthPrefixed(it),
    delimited: (it) => delimited(it),
    "new Frames": (it) => new F(it, lengthPrefixed()),
    "new Frames(b, framing, …)": (it) => new F(b, lengthPrefixed(), it),
    notify: (it) => systemd.notify(it),
    notifySync: (it) => systemd.notifySync(it),
    "notify(state, …)": (it) => systemd.notify({ ready: true }, it),
    notifyBarrier: (it) => systemd.notifyBarrier(it),
  };
  Deno.env.set("NOTIFY_SOCKET", nowhere);
  try {
    const attempts = Object.entries(calls)
      .map(([name, call]) => [name, (it: unknown) => attempt(call, it)] as const);
    assertEquals(await faults(Object.fromEntries(attempts)), []);
  } finally {
    Deno.env.delete("NOTIFY_SOCKET");
  }
});

/** What each kind of object needs in front of an argument of the wrong type. */
const BEFORE: Record<string, unknown> = {
  read: new Uint8Array(2),
  readSync: new Uint8Array(2),
  write: new Uint8Array(1),
  writeSync: new Uint8Array(1),
  send: { data: new Uint8Array(1) },
  sendSync: { data: new Uint8Array(1) },
  connect: "/no/such/place",
  connectSync: "/no/such/place",
  bind: "/no/such/place",
  ready: "write",
  seek: 1,
  seekSync: 1,
  readAt: new Uint8Array(1),
  readAtSync: new Uint8Array(1),
  writeAt: new Uint8Array(1),
  writeAtSync: new Uint8Array(1),
  getOption: 1,
  setOption: 1,
  addControl: 4,
  getControl: 1,
  utime: 1,
  utimeSync: 1,
  readExactly: 2,
};

const WITHOUT_ARGUMENTS = new Set(
  "close detach dup ref unref kind seals asSocket asListener isTerminal reset controls".split(" "),
);

/** The methods and properties to set of an object, with those that it inherits. */
function members(of: object): Map<string, "method" | "setter"> {
  const found = new Map<string, "method" | "setter">();
  for (
    let it = Object.getPrototypeOf(of);
    it !== Object.prototype;
    it = Object.getPrototypeOf(it)
  ) {
    for (const [name, { value, set }] of Object.entries(Object.getOwnPropertyDescriptors(it))) {
      if (name === "constructor" || WITHOUT_ARGUMENTS.has(name)) continue;
      if (typeof value === "function") found.set(name, "method");
      else if (set !== undefined) found.set(name, "setter");
    }
  }
  return found;
}

/** An object to call, and what else is to be closed with it. */
interface Subject extends Disposable {
  readonly object: Anything;
}

const SUBJECTS: Record<string, () => Subject> = {
  Socket: () => {
    const [object, peer] = unix.socketpair();
    object.receiveTimeout = object.sendTimeout = 1;
    return subject(object, object, peer);
  },
  "datagram Socket": () => {
    const object = unix.socket();
    object.receiveTimeout = object.sendTimeout = 1;
    return subject(object, object);
  },
  Listener: () => {
    const dir = tempDir();
    const object = unix.listen(dir.join("l"));
    object.receiveTimeout = 1;
    return subject(object, object, { close: () => dir[Symbol.dispose]() });
  },
  OwnedFd: () => {
    const object = root.OwnedFd.open("/dev/null", { read: true, write: true });
    return subject(object, object);
  },
  Msghdr: () => subject(new root.Msghdr()),
  Frames: () => {
    const [socket, peer] = unix.socketpair();
    return subject(new frames.Frames(socket, frames.lengthPrefixed()), socket, peer);
  },
};

function subject(object: unknown, ...rest: readonly { close(): void }[]): Subject {
  return { object, [Symbol.dispose]: () => rest.forEach((it) => it.close()) };
}

for (const [name, make] of Object.entries(SUBJECTS)) {
  test(`${name} names what is wrong with arguments of its methods`, async () => {
    using probe = make();
    const attempts: Record<string, Attempt> = {};
    const on = (call: (object: Anything, wrong: Anything) => unknown): Attempt => async (wrong) => {
      using fresh = make();
      return await attempt(() => call(fresh.object, wrong), wrong);
    };
    for (const [member, kind] of members(probe.object)) {
      if (kind === "setter") {
        attempts[`${member} =`] = on((it, wrong) => it[member] = wrong);
        continue;
      }
      attempts[member] = on((it, wrong) => it[member](wrong));
      if (member in BEFORE) {
        attempts[`${member}(ok, …)`] = on((it, wrong) => it[member](BEFORE[member], wrong));
      }
    }
    assert(Object.keys(attempts).length > 3, `${name} has too few members`);
    assertEquals(await faults(attempts), []);
  });
}
