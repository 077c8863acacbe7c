/**
 * Every operation that can be pending, and what it waits for.
 *
 * @module
 */

import { type Listener, Msghdr, OwnedFd, recvmsg, sendmsg, type Socket, unix } from "../../mod.ts";
import { write } from "../../ffi/syscalls/files.ts";
import { pipe } from "../../ffi/syscalls/readiness.ts";
import { tempDir } from "../util/tempdir.ts";
import { fill, pair, TYPES } from "../util/cases.ts";

/** Something that can be given up while an operation on it is pending. */
export interface Owner extends Disposable {
  close(): void;
  detach(): number;
}

/** An operation that waits. */
export interface Pending {
  /** What it works on. */
  readonly owner: Owner;
  /** Start it. */
  start(signal?: AbortSignal): Promise<unknown>;
}

/** How to make one, and whether it takes a signal. */
export interface Kind {
  readonly name: string;
  readonly takesSignal: boolean;
  make(stack: DisposableStack): Pending;
}

function receiving(
  name: string,
  type: unix.SocketType,
  start: (socket: Socket, signal: AbortSignal | undefined) => Promise<unknown>,
  takesSignal = false,
): Kind {
  return {
    name: `${name} on a ${type} socket`,
    takesSignal,
    make: (stack) => {
      const [owner] = pair(stack, type);
      return { owner, start: (signal) => start(owner, signal) };
    },
  };
}

function sending(
  name: string,
  type: unix.SocketType,
  start: (socket: Socket, signal: AbortSignal | undefined) => Promise<unknown>,
  takesSignal = false,
): Kind {
  return {
    name: `${name} on a full ${type} socket`,
    takesSignal,
    make: (stack) => {
      const [owner] = pair(stack, type);
      fill(owner);
      return { owner, start: (signal) => start(owner, signal) };
    },
  };
}

function withSignal(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

async function receiveRaw(socket: Socket, signal: AbortSignal | undefined): Promise<number> {
  using message = new Msghdr();
  message.addVector(new Uint8Array(16));
  return await recvmsg(socket, message, withSignal(signal));
}

async function sendRaw(socket: Socket, signal: AbortSignal | undefined): Promise<number> {
  using message = new Msghdr();
  message.addVector(new Uint8Array(16));
  unix.addFiles(message, 0);
  return await sendmsg(socket, message, withSignal(signal));
}

const onSockets: Kind[] = TYPES.flatMap((type) => [
  receiving(
    "receive()",
    type,
    (it, signal) => it.receive({ files: 2, ...withSignal(signal) }),
    true,
  ),
  receiving("recvmsg()", type, receiveRaw, true),
  receiving("messages()", type, (it) => it.messages().next()),
  sending(
    "send()",
    type,
    (it, signal) => it.send({ data: new Uint8Array(64), files: [0, 1] }, withSignal(signal)),
    true,
  ),
  sending("sendmsg()", type, sendRaw, true),
  sending("write()", type, (it) => it.write(new Uint8Array(64))),
]);

const onStreams: Kind[] = [
  receiving("read()", "stream", (it) => it.read(new Uint8Array(16))),
  receiving(
    "a wait for all",
    "stream",
    (it, signal) => it.receive({ size: 64, waitAll: true, ...withSignal(signal) }),
    true,
  ),
  receiving("the second receive()", "stream", (it, signal) => {
    it.receive().catch(() => {});
    return it.receive(withSignal(signal));
  }, true),
  sending("the second send()", "stream", (it, signal) => {
    it.send({ data: new Uint8Array(1 << 20) }).catch(() => {});
    return it.send({ data: new Uint8Array(1), files: [0] }, withSignal(signal));
  }, true),
  sending("closeWrite() behind a send()", "stream", (it) => {
    it.send({ data: new Uint8Array(1 << 20) }).catch(() => {});
    return it.closeWrite();
  }),
];

function listening(
  name: string,
  start: (listener: Listener, signal?: AbortSignal) => Promise<unknown>,
  takesSignal: boolean,
): Kind {
  return {
    name,
    takesSignal,
    make: (stack) => {
      const owner = stack.use(unix.listen(stack.use(tempDir()).join("s")));
      return { owner, start: (signal) => start(owner, signal) };
    },
  };
}

function onPipe(name: string, start: (fd: OwnedFd) => Promise<unknown>, end: 0 | 1): Kind {
  return {
    name,
    takesSignal: false,
    make: (stack) => {
      const ends = pipe();
      if (typeof ends === "number") throw new Error(`pipe: ${ends}`);
      const owned = [stack.use(OwnedFd.adopt(ends[0])), stack.use(OwnedFd.adopt(ends[1]))] as const;
      while (end === 1 && write(ends[1], new Uint8Array(4096)) > 0); // until it would block
      return { owner: owned[end], start: () => start(owned[end]) };
    },
  };
}

/** All of them. */
export const kinds: readonly Kind[] = [
  ...onSockets,
  ...onStreams,
  listening("accept()", (it, signal) => unix.accept(it, withSignal(signal)), true),
  listening("the second accept()", (it, signal) => {
    it.accept().catch(() => {});
    return unix.accept(it, withSignal(signal));
  }, true),
  onPipe("read() of a pipe", (it) => it.read(new Uint8Array(16)), 0),
  onPipe("write() to a full pipe", (it) => it.write(new Uint8Array(16)), 1),
];
