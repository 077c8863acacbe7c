/**
 * The conversions of an `OwnedFd` to a `Socket` or `Listener`, and of a `Socket` to a `Listener`. The files of these
 * classes, which import `OwnedFd`, register them here, so that no two files import each other.
 *
 * @module
 */

import type { Descriptor } from "../descriptor/descriptor.ts";
import type { Listener } from "./listener.ts";
import type { SocketType } from "../socket/socket_type.ts";
import type { Socket } from "./socket.ts";
import type { SocketNames } from "./socket_state.ts";

/** Set by the file of each class when it is loaded. Both check the descriptor before they own it. */
export const adopters: {
  socket(descriptor: Descriptor): Socket;
  listener(descriptor: Descriptor): Listener;
  /** Own a socket that was just made to listen: it needs no check. */
  listening(descriptor: Descriptor, type: SocketType, names: SocketNames): Listener;
} = {
  socket: notLoaded,
  listener: notLoaded,
  listening: notLoaded,
};

function notLoaded(): never {
  throw new TypeError('Cannot convert the descriptor: import "@denet/unix" for sockets');
}
