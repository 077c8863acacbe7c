/** Opens some of each kind, and ends as it is told: in a Worker of either sort. */

import { OwnedFd, Socket, unix } from "../../mod.ts";

/** What a Worker is to do. */
export interface Order {
  /** Where to listen. */
  path: string;
  /** A file to open. */
  file: string;
  /** A socket to take over. */
  given: number;
  /** How to end: anything else than the two ways of its own leaves it to the other side. */
  end: string;
}

/** Say by a byte through the socket that all is open, and end. */
export async function follow({ path, file, given, end }: Order): Promise<void> {
  const socket = Socket.adopt(given);
  const listener = unix.listen(path);
  const opened = OwnedFd.open(file);
  OwnedFd.open(file).close();
  OwnedFd.open(file).detach();
  Object.assign(globalThis, { kept: [socket, listener, opened] });
  const reading = socket.read(new Uint8Array(1));
  listener.accept().catch(() => {});
  await socket.write(new Uint8Array(1));
  await new Promise((resolve) => setTimeout(resolve, 20));
  if (end === "self.close()") globalThis.close();
  if (end === "an error") throw new Error("The Worker ends");
  await reading;
}
