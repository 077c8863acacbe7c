/**
 * A call for each public function that takes options or plain values, so that each of them can be given one of the
 * wrong kind.
 *
 * @module
 */

import * as frames from "../../lib/frames/mod.ts";
import * as msghdr from "../../lib/msghdr/mod.ts";
import * as systemd from "../../lib/systemd/mod.ts";
import * as root from "../../mod.ts";
import type { Anything } from "../util/cases.ts";
import { tempDir } from "../util/tempdir.ts";

const { unix, OwnedFd, Socket, Listener, Msghdr } = root;
const { SO_SNDBUF, SO_TYPE, SOL_SOCKET, SCM_RIGHTS } = unix.constants;

/** What calls are made on. */
export interface Objects extends Disposable {
  readonly socket: Anything;
  readonly datagrams: Anything;
  readonly listener: Anything;
  readonly file: Anything;
  readonly message: Anything;
  readonly frames: Anything;
  /** A path that is not there. */
  readonly nowhere: string;
}

/** Make them, with what keeps each call from waiting: data to read, and a connection to accept. */
export function objects(): Objects {
  const dir = tempDir();
  const [socket, peer] = unix.socketpair();
  const [framed, framedPeer] = unix.socketpair();
  const [datagrams, datagramPeer] = unix.socketpair({ type: "dgram" });
  const listener = unix.listen(dir.join("listener"));
  const client = unix.connectSync(dir.join("listener"));
  const file = OwnedFd.open("/dev/null");
  for (const it of [peer, framedPeer, datagramPeer]) it.writeSync(LINES);
  return {
    socket,
    datagrams,
    listener,
    file,
    message: new Msghdr(),
    frames: new frames.Frames(framed, frames.delimited()),
    nowhere: dir.join("nowhere"),
    [Symbol.dispose]: () => {
      const sockets = [socket, peer, framed, framedPeer, datagrams, datagramPeer, client];
      for (const it of [...sockets, listener, file]) it.close();
      dir[Symbol.dispose]();
    },
  };
}

const LINES = new Uint8Array([0x0a, 0x0a]);

/** A call with an object of options. */
export type OptionsCall = (on: Objects, options: Anything) => unknown;

const byte = new Uint8Array(1);
const NO_CREDENTIALS = { pid: 1, uid: 1, gid: 1 };

/** By the name in `tests/api.txt`: each function with an object of options. */
export const OPTIONS: Readonly<Record<string, OptionsCall>> = {
  "FileMethods.read": ({ file }, it) => file.read(byte, it),
  "FileMethods.ready": ({ file }, it) => file.ready("read", it),
  "FileMethods.write": ({ file }, it) => file.write(byte, it),
  "Frames.constructor": ({ socket }, it) => new frames.Frames(socket, frames.delimited(), it),
  "Frames.next": ({ frames }, it) => frames.next(it),
  "Frames.readExactly": ({ frames }, it) => frames.readExactly(1, it),
  "Frames.send": ({ frames }, it) => frames.send({ data: byte }, it),
  "Listener.accept": ({ listener }, it) => listener.accept(it),
  "Listener.acceptSync": ({ listener }, it) => listener.acceptSync(it),
  "Listener.ready": ({ listener }, it) => listener.ready("read", it),
  "Msghdr.constructor": (_, it) => new Msghdr(it),
  "OwnedFd.map": ({ file }, it) => file.map(it),
  "OwnedFd.memfd": (_, it) => OwnedFd.memfd("a", undefined, it),
  "OwnedFd.open": ({ nowhere }, it) => OwnedFd.open(nowhere, { read: true, write: true, ...it }),
  "SocketEndpoint.bind": ({ datagrams, nowhere }, it) => datagrams.bind(nowhere, it),
  "SocketEndpoint.connect": ({ datagrams, nowhere }, it) => datagrams.connect(nowhere, it),
  "SocketEndpoint.connectSync": ({ datagrams, nowhere }, it) => datagrams.connectSync(nowhere, it),
  "SocketEndpoint.listen": ({ socket }, it) => socket.listen(it),
  "SocketEndpoint.ready": ({ socket }, it) => socket.ready("read", it),
  "SocketTransfer.messages": ({ socket }, it) => socket.messages(it).next(),
  "SocketTransfer.read": ({ socket }, it) => socket.read(byte, it),
  "SocketTransfer.readSync": ({ socket }, it) => socket.readSync(byte, it),
  "SocketTransfer.receive": ({ socket }, it) => socket.receive(it),
  "SocketTransfer.receiveSync": ({ socket }, it) => socket.receiveSync(it),
  "SocketTransfer.send": ({ socket }, it) => socket.send({ data: byte }, it),
  "SocketTransfer.sendSync": ({ socket }, it) => socket.sendSync({ data: byte }, it),
  "SocketTransfer.write": ({ socket }, it) => socket.write(byte, it),
  "SocketTransfer.writeSync": ({ socket }, it) => socket.writeSync(byte, it),
  "accept": ({ listener }, it) => unix.accept(listener, it),
  "acceptSync": ({ listener }, it) => unix.acceptSync(listener, it),
  "bind": ({ nowhere }, it) => unix.bind(nowhere, it),
  "connect": ({ nowhere }, it) => unix.connect(nowhere, it),
  "connectSync": ({ nowhere }, it) => unix.connectSync(nowhere, it),
  "dial": ({ nowhere }, it) => root.dial("unix", nowhere, "", it),
  "dialUri": ({ nowhere }, it) => root.dialUri(`unix:${nowhere}`, it),
  "lengthPrefixed": (_, it) => frames.lengthPrefixed(it),
  "listen": ({ nowhere }, it) => unix.listen(nowhere, it),
  "notify": (_, it) => systemd.notify({ ready: true }, it),
  "notifyBarrier": (_, it) => systemd.notifyBarrier(it),
  "recvmsg": ({ socket, message }, it) => root.recvmsg(socket, message, it),
  "recvmsgSync": ({ socket, message }, it) => root.recvmsgSync(socket, message, it),
  "registerProtocol": (_, it) => root.registerProtocol("mine", () => Promise.reject(), it),
  "sendmsg": ({ socket, message }, it) => root.sendmsg(socket, message, it),
  "sendmsgSync": ({ socket, message }, it) => root.sendmsgSync(socket, message, it),
  "socket": (_, it) => unix.socket(it),
  "socketpair": (_, it) => unix.socketpair(it),
};

/** The same for messages, states and records, by the name of their type. */
export const RECORDS: Readonly<Record<string, readonly OptionsCall[]>> = {
  OutgoingMessage: [
    ({ datagrams }, it) => datagrams.send({ data: byte, ...it }),
    ({ datagrams }, it) => datagrams.sendSync({ data: byte, ...it }),
    ({ frames }, it) => frames.send({ data: byte, ...it }),
  ],
  Credentials: [
    ({ socket }, it) => socket.send({ data: byte, credentials: { ...NO_CREDENTIALS, ...it } }),
    ({ socket }, it) => socket.sendSync({ data: byte, credentials: { ...NO_CREDENTIALS, ...it } }),
  ],
  NotifyState: [
    (_, it) => systemd.notify({ name: "a", ...it }),
    (_, it) => systemd.notifySync({ name: "a", ...it }),
  ],
  Service: [(_, it) => root.registerService({ protocol: "tcp", name: "mine", port: 5, ...it })],
  SetRawOptions: [({ file }, it) => file.setRaw(true, it)],
};

/** A call with a plain value. */
export type ValueCall = (on: Objects, value: Anything) => unknown;

/** What kinds of values there are. */
export type Kind = "boolean" | "number" | "number | bigint" | "string" | "choice" | "time";

const settersOf = (object: "socket" | "listener" | "file", names: string, kind: Kind): Value[] =>
  names.split(" ").map((name) => [
    `${object}.${name} =`,
    kind,
    ({ [object]: it }, value) => it[name] = value,
  ]);

type Value = readonly [name: string, kind: Kind, call: ValueCall];

const FLAGS = "closeOnExec nonblocking passCredentials passPidfd passRights";
const SIZES = "sendBufferSize receiveBufferSize sendTimeout receiveTimeout busyPoll";

/** Each function that takes a plain value, and each property that can be set to one. */
export const VALUES: readonly Value[] = [
  ...settersOf("socket", FLAGS, "boolean"),
  ...settersOf("socket", SIZES, "number"),
  ...settersOf("listener", `${FLAGS} unlinkOnClose`, "boolean"),
  ...settersOf("listener", SIZES, "number"),
  ...settersOf("file", "closeOnExec nonblocking", "boolean"),
  ["lock", "boolean", ({ file }, it) => file.lock(it)],
  ["lockSync", "boolean", ({ file }, it) => file.lockSync(it)],
  ["tryLock", "boolean", ({ file }, it) => file.tryLock(it)],
  ["tryLockSync", "boolean", ({ file }, it) => file.tryLockSync(it)],
  ["setRaw", "boolean", ({ file }, it) => file.setRaw(it)],
  ["readAt", "number | bigint", ({ file }, it) => file.readAt(byte, it)],
  ["readAtSync", "number | bigint", ({ file }, it) => file.readAtSync(byte, it)],
  ["writeAt", "number | bigint", ({ file }, it) => file.writeAt(byte, it)],
  ["writeAtSync", "number | bigint", ({ file }, it) => file.writeAtSync(byte, it)],
  ["seek", "number | bigint", ({ file }, it) => file.seek(it, Deno.SeekMode.Start)],
  ["seekSync", "number | bigint", ({ file }, it) => file.seekSync(it, Deno.SeekMode.Start)],
  ["seek from", "number", ({ file }, it) => file.seek(0, it)],
  ["seekSync from", "number", ({ file }, it) => file.seekSync(0, it)],
  ["truncate", "number", ({ file }, it) => file.truncate(it)],
  ["truncateSync", "number", ({ file }, it) => file.truncateSync(it)],
  ["utime accessed", "time", ({ file }, it) => file.utime(it, 1)],
  ["utime modified", "time", ({ file }, it) => file.utime(1, it)],
  ["utimeSync accessed", "time", ({ file }, it) => file.utimeSync(it, 1)],
  ["utimeSync modified", "time", ({ file }, it) => file.utimeSync(1, it)],
  ["file.ready", "choice", ({ file }, it) => file.ready(it)],
  ["socket.ready", "choice", ({ socket }, it) => socket.ready(it)],
  ["listener.ready", "choice", ({ listener }, it) => listener.ready(it)],
  ["shutdown", "choice", ({ socket }, it) => socket.shutdown(it)],
  ["addSeals", "choice", ({ file }, it) => file.addSeals(it)],
  ["memfd", "string", (_, it) => OwnedFd.memfd(it)],
  ["open", "string", (_, it) => OwnedFd.open(it)],
  ["eventfd", "number", (_, it) => OwnedFd.eventfd(it)],
  ["OwnedFd.adopt", "number", (_, it) => OwnedFd.adopt(it)],
  ["Socket.adopt", "number", (_, it) => Socket.adopt(it)],
  ["Listener.adopt", "number", (_, it) => Listener.adopt(it)],
  ["getOption level", "number", ({ socket }, it) => socket.getOption(it, SO_TYPE)],
  ["getOption name", "number", ({ socket }, it) => socket.getOption(SOL_SOCKET, it)],
  ["getOption size", "number", ({ socket }, it) => socket.getOption(SOL_SOCKET, SO_TYPE, it)],
  ["setOption level", "number", ({ socket }, it) => socket.setOption(it, SO_SNDBUF, 5000)],
  ["setOption name", "number", ({ socket }, it) => socket.setOption(SOL_SOCKET, it, 1)],
  ["Msghdr.flags =", "number", ({ message }, it) => message.flags = it],
  [
    "addControl length",
    "number",
    ({ message }, it) => message.addControl(it, SOL_SOCKET, SCM_RIGHTS),
  ],
  ["addControl level", "number", ({ message }, it) => message.addControl(4, it, SCM_RIGHTS)],
  ["addControl type", "number", ({ message }, it) => message.addControl(4, SOL_SOCKET, it)],
  ["getControl level", "number", ({ message }, it) => message.getControl(it, SCM_RIGHTS)],
  ["getControl type", "number", ({ message }, it) => message.getControl(SOL_SOCKET, it)],
  ["allocFiles", "number", ({ message }, it) => unix.allocFiles(message, it)],
  ["recvFiles", "number", ({ message }, it) => unix.recvFiles(message, it)],
  ["cmsgLen", "number", (_, it) => msghdr.cmsgLen(it)],
  ["cmsgSpace", "number", (_, it) => msghdr.cmsgSpace(it)],
  ["readExactly", "number", ({ frames }, it) => frames.readExactly(it)],
  ["delimited", "number", (_, it) => frames.delimited(it)],
  ["lookupService protocol", "string", (_, it) => root.lookupService(it, "http")],
  ["lookupService service", "string", (_, it) => root.lookupService("tcp", it)],
  ["dial protocol", "string", (_, it) => root.dial(it, "[::1]:1")],
  ["dial address", "string", (_, it) => root.dial("tcp", it, "1")],
  ["dial service", "string", (_, it) => root.dial("tcp", "::1", it)],
  ["dialUri", "string", (_, it) => root.dialUri(it)],
  ["registerProtocol", "string", (_, it) => root.registerProtocol(it, () => Promise.reject())],
];
