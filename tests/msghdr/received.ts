/**
 * Receiving into a message header.
 *
 * @module
 */

import { Msghdr, recvmsgSync, type Socket, unix } from "../../mod.ts";

/** A message of some data and files, received into a `Msghdr` with space for so many files. */
export function received(socket: Socket, files: number, size = 64): Msghdr {
  const message = new Msghdr();
  message.addVector(new Uint8Array(size));
  unix.allocFiles(message, files);
  recvmsgSync(socket, message);
  return message;
}
