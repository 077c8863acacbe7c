/** Opens some of each kind, and ends as it is told: in a Worker of either sort. */

import { platform } from "../../ffi/platform/mod.ts";
import { fcntl } from "../../ffi/syscalls/files.ts";
import { Msghdr, OwnedFd, sendmsg, Socket, unix } from "../../mod.ts";

/** What a Worker is to do. */
export interface Order {
  /** Where to listen. */
  path: string;
  /** Where to receive datagrams: more than an address takes. */
  far: string;
  /** A file to open. */
  file: string;
  /** A socket to take over. */
  given: number;
  /** How to end: anything else than the two ways of its own leaves it to the other side. */
  end: string;
}

/** Say by a byte through the socket that all is open, and end. */
export async function follow({ path, far, file, given, end }: Order): Promise<void> {
  const socket = Socket.adopt(given);
  const listener = unix.listen(path);
  const opened = OwnedFd.open(file);
  OwnedFd.open(file).close();
  OwnedFd.open(file).detach();
  const full = unix.socketpair();
  const input = OwnedFd.adopt(0);
  Object.assign(globalThis, { kept: [socket, listener, opened, full, input] });
  readAgain(opened);
  sendAgain(full[0], opened);
  sendAgainTo(unix.bind(far), far);
  const reading = socket.read(new Uint8Array(1));
  listener.accept().catch(() => {});
  await socket.write(new Uint8Array(1));
  await new Promise((resolve) => setTimeout(resolve, 20));
  if (end === "self.close()") globalThis.close();
  if (end === "an error") throw new Error("The Worker ends");
  await reading;
}

/** Read for ever, in the thread pool: each call has a duplicate. */
async function readAgain(file: OwnedFd): Promise<void> {
  await file.readAt(new Uint8Array(1), 0);
  await readAgain(file);
}

/** Pass a file until the socket is full: a message that waits has a duplicate. */
async function sendAgain(socket: Socket, file: OwnedFd): Promise<void> {
  const message = new Msghdr();
  message.addVector(new Uint8Array(1 << 16));
  unix.addFiles(message, file);
  await sendmsg(socket, message);
  await sendAgain(socket, file);
}

/** Send to an inbox until it is full: a long address that is in use has a descriptor. */
async function sendAgainTo(inbox: Socket, to: string): Promise<void> {
  const sender = unix.socket();
  Object.assign(globalThis, { inbox, sender });
  for (;;) await sender.send({ data: new Uint8Array(1 << 10), to });
}

/** Open a file with each of these numbers, and detach all but the first of them. */
export function ownFirstOf(numbers: readonly number[], file: string): void {
  using opened = OwnedFd.open(file);
  const owned = numbers.map((it) => OwnedFd.adopt(fcntl(opened.fd, platform.F_DUPFD_CLOEXEC, it)));
  for (const it of owned.slice(1)) it.detach();
  Object.assign(globalThis, { kept: owned });
}
