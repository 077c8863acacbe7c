/**
 * Adds inherited sockets to the registry of `dial`.
 *
 * @module
 */

import { setCloseOnExec } from "../../ffi/syscalls/files.ts";
import { registerProtocol } from "../dial/mod.ts";
import { check } from "../errors.ts";
import { duplicate } from "../fd/file_like.ts";
import { describeSocket } from "../socket/inspect.ts";
import { ownFd } from "../handle/owned_fd.ts";
import { Socket } from "../handle/socket.ts";
import { requireInherited } from "./inherited.ts";
import { takeNamed } from "./listen_fds.ts";

/** Numbers below are standard input, output and error, which belong to Deno. */
const FIRST_FREE = 3;

/** The connection takes the number over; of standard input, output and error it gets a duplicate. */
function dialFd(address: string): Socket {
  const number = /^[0-9]{1,10}$/.test(address) ? Number(address) : Infinity;
  if (number > 0x7fffffff) {
    throw new TypeError(`Cannot dial the descriptor "${address}": give its number, as in "fd:3"`);
  }
  if (number < FIRST_FREE) return adoptDuplicate(number);
  requireInherited(number);
  const socket = Socket.adopt(number);
  check(setCloseOnExec(number, true), "fcntl");
  return socket;
}

function adoptDuplicate(number: number): Socket {
  describeSocket(number, false);
  const copy = ownFd(duplicate(number));
  try {
    return copy.asSocket();
  } finally {
    copy.close(); // if it is no socket's by now
  }
}

// Descriptors have no services: the service is ignored, as it is for paths.
registerProtocol("fd", async (address) => await dialFd(address), { address: "path" });
registerProtocol("systemd", async (name) => await takeNamed(name), { address: "path" });
