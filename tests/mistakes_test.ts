/** Mistakes of users get messages of this module, never those of V8 or of Deno's FFI, and leave nothing open. */

import { assertEquals, assertMatch } from "@std/assert";
import {
  dialUri,
  Listener,
  Msghdr,
  OwnedFd,
  recvmsg,
  sendmsg,
  sendmsgSync,
  Socket,
  unix,
} from "../mod.ts";
import { type Anything, test } from "./util/cases.ts";
import { tempDir } from "./util/tempdir.ts";

const [S, L, O, U, M, D]: Anything[] = [Socket, Listener, OwnedFd, unix, Msghdr, dialUri];
const { TypeError } = globalThis;
const { BadResource, ConnectionRefused, NotFound } = Deno.errors;

/** A mistake, the class that it throws or rejects with, and its message. */
type Mistake = [name: string, make: () => unknown, kind: unknown, message: RegExp];

test("the error for a mistake says what was given, and what to give", async () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("plain"), "");
  const pair = unix.socketpair();
  using a = pair[0];
  using _b = pair[1];
  using file = OwnedFd.open("/dev/null");
  using deno = Deno.openSync("/dev/null");
  using tcp = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [closed, detached] = unix.socketpair();
  closed.close();
  using again = Socket.adopt(detached.detach());
  const socket: Anything = a;
  const byte = new Uint8Array(1);
  using sender = unix.socket();
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: tcp.addr.port });
  using disposed = new Msghdr();
  disposed[Symbol.dispose]();
  a.sendSync({ data: byte, files: [0] });
  const message = _b.receiveSync({ files: 1 });
  const lost: Anything = message?.files[0];
  message?.[Symbol.dispose]();
  using listening = unix.socket({ type: "stream" });
  listening.bind(dir.join("listening"));
  using _listener = listening.listen();
  const streamed = OwnedFd.open("/dev/null");
  await new Response(streamed.readable).bytes();
  const mistakes: Mistake[] = [
    ["new Socket(3)", () => new S(3), TypeError, /^Cannot construct a Socket: use `Socket.adopt`/],
    ["new Listener()", () => new L(), TypeError, /^Cannot construct a Listener: use/],
    ["new OwnedFd(3)", () => new O(3), TypeError, /^Cannot construct an OwnedFd: use/],
    [
      "adopt an OwnedFd",
      () => S.adopt(file),
      TypeError,
      /^Cannot adopt an OwnedFd: .*`detach\(\)`/,
    ],
    ["adopt a string", () => O.adopt("3"), TypeError, /^Cannot use "3" as a descriptor: give the/],
    ["adopt nothing", () => L.adopt(), TypeError, /^Cannot use undefined as a descriptor/],
    ["accept(socket)", () => U.accept(a), TypeError, /^Cannot accept from a Socket: give a List/],
    ["acceptSync()", () => U.acceptSync(), TypeError, /^Cannot accept from undefined: give a List/],
    ["addFiles(socket)", () => U.addFiles(a), TypeError, /with a Socket: give a `Msghdr`/],
    ["addFiles(socket, file)", () => U.addFiles(a, 0), TypeError, /with a Socket: give a `Msghdr`/],
    [
      "a Deno.FsFile",
      () => U.addFiles(new M(), deno),
      TypeError,
      /^Cannot use an FsFile .*OwnedFd\.o/,
    ],
    ["a Deno.Listener", () => socket.send({ data: byte, files: [tcp] }), TypeError, /unix\.listen/],
    ["send()", () => socket.send(), TypeError, /^Cannot send undefined: give a message, as in/],
    ["sendSync(null)", () => socket.sendSync(null), TypeError, /^Cannot send null: give a message/],
    ["read()", () => socket.read(), TypeError, /^Cannot transfer undefined as data: give a Uint8/],
    [
      "write(string)",
      () => socket.write("x"),
      TypeError,
      /^Cannot transfer "x" as data: give a Uint/,
    ],
    [
      "a string as data",
      () => socket.send({ data: "x" }),
      TypeError,
      /^Cannot send "x" as data: give a Uint8/,
    ],
    [
      "a string as size",
      () => socket.receive({ size: "5" }),
      RangeError,
      /^Cannot receive "5" bytes/,
    ],
    [
      "standard input",
      () => socket.send({ data: byte, files: [Deno.stdin] }),
      TypeError,
      /give 0, 1/,
    ],
    ["a Deno.Conn", () => socket.send({ data: byte, files: [conn] }), TypeError, /`unix\.connect`/],
    ["dialUri(null)", () => D(null), TypeError, /^Cannot dial null: give a URI as a string or URL/],
    ["dialUri(5)", () => D(5), TypeError, /^Cannot dial 5: give a URI/],
    [
      "sendmsgSync(a, disposed)",
      () => sendmsgSync(a, disposed),
      BadResource,
      /`reset\(\)` instead to use/,
    ],
    [
      "send to a plain file",
      () => sender.send({ data: byte, to: dir.join("plain") }),
      ConnectionRefused,
      /it is no socket, but a regular file/,
    ],
    [
      "a file of a disposed message",
      () => lost.fd,
      BadResource,
      /take a file out of `files` to keep/,
    ],
    [
      "a socket that listens",
      () => listening.fd,
      BadResource,
      /the object that it was turned into$/,
    ],
    [
      "a file whose stream ended",
      () => streamed.fd,
      BadResource,
      /the end of its streams closed it/,
    ],
    [
      "a number as signal",
      () => socket.read(byte, { signal: 5 }),
      TypeError,
      /give an AbortSignal/,
    ],
    [
      "an object as signal",
      () => socket.receive({ signal: {} }),
      TypeError,
      /an object as `signal`/,
    ],
    ["sendmsg(3)", () => (sendmsg as Anything)(3, new M()), TypeError, /give a `Socket`/],
    ["sendmsgSync(a)", () => (sendmsgSync as Anything)(a), TypeError, /give a `Msghdr`/],
    ["recvmsg(a, {})", () => (recvmsg as Anything)(a, {}), TypeError, /give a `Msghdr`/],
    ["connect(5)", () => U.connect(5), TypeError, /^Cannot use 5 as an address: give a string/],
    [
      "no such type",
      () => U.socketpair({ type: "x" }),
      TypeError,
      /^Cannot use "x" as a socket type/,
    ],
    [
      "a URL as text",
      () => U.connect("unix:///run/none"),
      NotFound,
      /new URL\("unix:\/\/\/run\/none"\)/,
    ],
    ["a plain file", () => U.connect(dir.join("plain")), ConnectionRefused, /it is no socket/],
    ["use after close", () => closed.fd, BadResource, /^Cannot use the Socket: it is closed$/],
    [
      "use after detach",
      () => detached.fd,
      BadResource,
      /^Cannot use the Socket: it is closed; its descriptor was detached/,
    ],
  ];
  for (const [name, make, kind, message] of mistakes) {
    const error: Anything = await thrownBy(make);
    const classes = [error.constructor, Object.getPrototypeOf(error.constructor)];
    assertEquals(classes.includes(kind), true, `${name}: ${error}`);
    assertMatch(error.message, message, name);
  }
  assertEquals(again.type, "stream");
});

async function thrownBy(make: () => unknown): Promise<unknown> {
  try {
    await make();
  } catch (error) {
    return error;
  }
  return new Error("nothing was thrown");
}
