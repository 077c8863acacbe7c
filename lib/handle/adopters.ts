/**
 * How an `OwnedFd` becomes a `Socket` or a `Listener`, and a `Socket` a `Listener`: filled in by their files, which are built on
 * `OwnedFd` themselves, so that no two files import each other.
 *
 * @module
 */

import type { Descriptor } from "../descriptor/descriptor.ts";
import type { Listener } from "./listener.ts";
import type { SocketType } from "../socket/socket_type.ts";
import type { Socket } from "./socket.ts";
import type { SocketNames } from "./socket_state.ts";

/** What each file fills in when it is loaded. Both check the descriptor before they take it over. */
export const adopters: {
  socket(descriptor: Descriptor): Socket;
  listener(descriptor: Descriptor): Listener;
  /** Take over a socket that listens since just now: it needs no check. */
  listening(descriptor: Descriptor, type: SocketType, names: SocketNames): Listener;
} = {
  socket: notLoaded,
  listener: notLoaded,
  listening: notLoaded,
};

function notLoaded(): never {
  throw new TypeError('Cannot convert the descriptor: import "@denet/unix" for sockets');
}
