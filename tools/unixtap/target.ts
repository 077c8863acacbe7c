/**
 * The socket that clients are passed on to: what type it has, and how it is connected to.
 *
 * @module
 */

import { OwnedFd, type Socket, type SocketType, unix } from "../../mod.ts";
import { codeOf } from "../cli/text.ts";
import { actAs, type Identity } from "../native/identity.ts";
import { BUSY_POLL } from "./pass_on.ts";

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
    // Hidden from this process: ask the socket itself.
  }
  return undefined;
}

/**
 * Whether a path leads to a socket of a type. With another type the kernel refuses before anything reaches
 * the server; a datagram socket does not notice that another one connects to it.
 */
async function accepts(path: string, type: SocketType, signal: AbortSignal): Promise<boolean> {
  try {
    using _ = await unix.connect(path, { type, signal });
    return true;
  } catch (error) {
    if (codeOf(error) === "EPROTOTYPE") return false;
    throw error;
  }
}

/**
 * Find out what type of socket a target is, without connecting to a server. Of a path that the kernel's list
 * does not have, because it was bound by another name, a seqpacket server sees a connection that ends at once.
 *
 * @throws {Error} If the target cannot be reached.
 */
export async function typeOf(target: string, signal: AbortSignal): Promise<SocketType> {
  if (isAbstract(target)) {
    const type = await listedType(target.replace(/^\0/, "@"));
    if (type !== undefined) return type;
    throw new Deno.errors.ConnectionRefused(
      `Cannot connect to "${target}": no server listens there`,
    );
  }
  if (await accepts(target, "dgram", signal)) return "dgram";
  const listed = await listedType(target);
  if (listed !== undefined) return listed;
  return await accepts(target, "seqpacket", signal) ? "seqpacket" : "stream";
}

/** Whether an address is an abstract name. */
export function isAbstract(address: string): boolean {
  return address.startsWith("@") || address.startsWith("\0");
}

/** Errors that pass when other connections end. */
const SHORTAGES = ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"];

/** The first and the longest pause before asking again, in milliseconds. */
const FIRST_PAUSE = 1;
const LONGEST_PAUSE = 64;

/**
 * Connect to a target, as often as it takes while it only lacks space for one more.
 *
 * @param identity The user to connect as; this process's own when left out.
 */
export async function connectTo(
  target: string,
  type: SocketType,
  signal: AbortSignal,
  identity?: Identity,
): Promise<Socket> {
  for (let pause = FIRST_PAUSE;; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    try {
      if (identity === undefined) {
        return await unix.connect(target, { type, signal, busyPoll: BUSY_POLL });
      }
      const socket = await connectOnce(target, type, identity);
      if (socket !== undefined) return socket;
    } catch (error) {
      if (!SHORTAGES.includes(codeOf(error) ?? "")) throw error;
    }
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/**
 * Try to connect as another user, in this very step: what is tried later is tried as this process's own.
 * Returns `undefined` if the server's queue is full.
 */
async function connectOnce(
  target: string,
  type: SocketType,
  identity: Identity,
): Promise<Socket | undefined> {
  const later = new AbortController();
  const connecting = actAs(
    identity,
    () => unix.connect(target, { type, signal: later.signal, busyPoll: BUSY_POLL }),
  );
  const waiting = new Promise<"waiting">((resolve) => setTimeout(resolve, 0, "waiting"));
  const first = await Promise.race([connecting, waiting]);
  if (first !== "waiting") return first;
  later.abort();
  // Should it have been connected in this very moment, it is as the wrong user.
  await connecting.then((socket) => socket.close(), () => {});
  return undefined;
}
