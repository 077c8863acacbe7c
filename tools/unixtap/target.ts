/**
 * Finding out what type of socket a target is, without disturbing it.
 *
 * @module
 */

import { OwnedFd, type SocketType, unix } from "@denet/unix";
import { codeOf } from "./tap.ts";

/** `SOCK_STREAM`, `SOCK_DGRAM` and `SOCK_SEQPACKET` as `/proc/net/unix` writes them. */
const TYPES: Record<string, SocketType> = {
  "0001": "stream",
  "0002": "dgram",
  "0005": "seqpacket",
};

/** Look an address up in the kernel's list, which has no more than the text it was bound with. */
async function listedType(address: string): Promise<SocketType | undefined> {
  try {
    using list = OwnedFd.open("/proc/net/unix");
    for (const line of (await new Response(list.readable).text()).split("\n")) {
      // Number, reference count, protocol, flags, type, state, inode, path.
      const [, type = "", path] = /^\S+ \S+ \S+ \S+ (\S+) \S+ +\d+ (.*)$/.exec(line) ?? [];
      if (path === address) return TYPES[type];
    }
  } catch {
    // Hidden from us: ask the socket itself.
  }
  return undefined;
}

async function accepts(target: string, type: SocketType, signal: AbortSignal): Promise<boolean> {
  try {
    using _ = await unix.connect(target, { type, signal });
    return true;
  } catch (error) {
    if (codeOf(error) === "EPROTOTYPE") return false;
    throw error;
  }
}

/**
 * Find out what type of socket a target is. A datagram socket that connects is not noticed there; a
 * seqpacket one would be, and is the last resort.
 *
 * @throws {Error} if the target cannot be reached
 */
export async function typeOf(target: string, signal: AbortSignal): Promise<SocketType> {
  if (await accepts(target, "dgram", signal)) return "dgram";
  const listed = await listedType(target);
  if (listed !== undefined) return listed;
  return await accepts(target, "seqpacket", signal) ? "seqpacket" : "stream";
}
