/**
 * The socket that clients are passed on to: what type it has, and how it is connected to.
 *
 * @module
 */

import { type Socket, type SocketType, unix } from "../../mod.ts";
import { codeOf } from "../cli/text.ts";
import { actAs, type Identity } from "../native/identity.ts";
import { BUSY_POLL } from "./pass_on.ts";

/** The types, in the order in which they are tried: an abstract name may be bound once for each. */
const TYPES: readonly SocketType[] = ["stream", "seqpacket", "dgram"];

/** What connect(2) refuses a connected socket with only after it has found a socket of the same type. */
const SAME_TYPE = [
  "EISCONN", // the socket is connected already
  "ETIMEDOUT", // the server's queue is full
  "EPERM", // the datagram socket there receives from another one only
];

/** What it refuses one with that leads to a socket of another type, or to none that listens. */
const NO_SERVER = ["EPROTOTYPE", "ECONNREFUSED"];

/**
 * Find out what type of socket a target is. Nothing reaches its server: what connects is one end of a pair, which the
 * kernel refuses, or a datagram socket, which no other one notices.
 *
 * @throws {Error} If the target cannot be reached, or no server listens there.
 */
export function typeOf(target: string): SocketType {
  let refusal: unknown;
  for (const type of TYPES) {
    try {
      connectPair(target, type);
      return type;
    } catch (error) {
      const code = codeOf(error) ?? "";
      if (SAME_TYPE.includes(code)) return type;
      if (!NO_SERVER.includes(code)) throw error;
      if (refusal === undefined || code === "ECONNREFUSED") refusal = error;
    }
  }
  throw refusal;
}

function connectPair(target: string, type: SocketType): void {
  const [socket, peer] = unix.socketpair({ type });
  using _socket = socket;
  using _peer = peer;
  socket.connectSync(target, { timeout: 0 });
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
