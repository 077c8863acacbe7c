/**
 * How an `OwnedFd` becomes a `Socket` or a `Listener`: filled in by their files, which are built on
 * `OwnedFd` themselves, so that no two files import each other.
 *
 * @module
 */

import type { Descriptor } from "../descriptor/descriptor.ts";
import type { Listener } from "./listener.ts";
import type { Socket } from "./socket.ts";

/** What each file fills in when it is loaded. Both check the descriptor before they take it over. */
export const adopters: {
  socket(descriptor: Descriptor): Socket;
  listener(descriptor: Descriptor): Listener;
} = {
  socket: notLoaded,
  listener: notLoaded,
};

function notLoaded(): never {
  throw new TypeError('Cannot convert the descriptor: import "@denet/unix" for sockets');
}
