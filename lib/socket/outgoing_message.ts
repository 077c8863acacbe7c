/**
 * The messages of `Socket.send`: their checks and their layout in memory.
 *
 * @module
 */

import { byteLengthOf } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/mod.ts";
import type { Address } from "../address/sockaddr.ts";
import { type Destination, destinationOf } from "../address/destination.ts";
import { isBytes } from "../descriptor/caller_buffer.ts";
import type { Descriptor } from "../descriptor/descriptor.ts";
import { shown } from "../errors.ts";
import { type FileLike, fileNumbers } from "../fd/file_like.ts";
import type { Credentials } from "../message/cmsg.ts";
import { MAX_VECTORS } from "../message/header.ts";
import { controlNeedsByte } from "./full_queue.ts";
import { concatenated, totalLength } from "./pieces.ts";
import { Sender } from "./sender.ts";
import type { SocketType } from "./socket_type.ts";

/**
 * What {@linkcode Socket.send} sends.
 *
 * @example
 * ```ts
 * import { type OutgoingMessage, unix } from "@denet/unix";
 *
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * const message: OutgoingMessage = { data: new TextEncoder().encode("log here"), files: [2] };
 * await a.send(message);
 * console.log(b.bytesAvailable);
 * ```
 */
export interface OutgoingMessage {
  /** The data: one piece, or several that are sent as one message. The default is none. */
  data?: Uint8Array | readonly Uint8Array[];
  /** Open files to pass, at most 253. They stay open here; the caller still owns and closes them. */
  files?: readonly FileLike[];
  /** Credentials to claim; the kernel refuses those that are not the process's own without privileges. Linux only. */
  credentials?: Credentials;
  /** Where to send it, on an unconnected datagram socket: an address, or what `from` or `fromAddress` of a message gave. */
  to?: Address | Deno.UnixAddr;
}

const NO_FILES: readonly number[] = [];

const NO_PIECES: readonly Uint8Array[] = [];

/**
 * Return the sender of a message, after checking all of it. Each property is read once, those of the files last:
 * no code of the caller runs between the check of a descriptor and its use.
 *
 * @param owner An object that must not become garbage while the message waits: that would close the descriptor.
 * @throws {TypeError} If it is no message, or cannot be sent on a socket of this type.
 * @throws {RangeError} If there are more than 253 files, or credentials are out of range.
 */
export function senderOf(
  descriptor: Descriptor,
  type: SocketType,
  message: OutgoingMessage,
  owner?: object,
): Sender {
  const { data, files, credentials, to } = message ?? {};
  if (data === undefined && files === undefined) requireMessage(message);
  const pieces = data === undefined || isBytes(data) ? NO_PIECES : checkedPieces(data, type);
  const claimed = credentials === undefined ? undefined : checkedCredentials(credentials);
  const destination = to === undefined ? undefined : checkedDestination(to, type);
  try {
    const numbers = files === undefined ? NO_FILES : fileNumbers(files);
    const piece = isBytes(data) ? data : pieces.length === 1 ? pieces[0] : undefined;
    const size = piece === undefined ? totalLength(pieces) : byteLengthOf(piece);
    if (size === 0 && type === "stream" && (numbers.length > 0 || claimed !== undefined)) {
      throw controlNeedsByte(numbers.length > 0 ? "descriptors" : "credentials");
    }
    return new Sender(
      descriptor,
      type,
      piece,
      pieces,
      size,
      numbers,
      claimed,
      destination,
      0,
      type === "stream",
      owner,
    );
  } catch (error) {
    destination?.[Symbol.dispose]();
    throw error;
  }
}

/** Bytes or a string in place of a message have none of its properties, and would be an empty one. */
function requireMessage(message: unknown): void {
  const isObject = typeof message === "object" && message !== null;
  if (isObject && !isBytes(message) && !Array.isArray(message)) return;
  throw new TypeError(
    `Cannot send ${shown(message)}: give a message, as in \`{ data: bytes }\``,
  );
}

function checkedPieces(data: readonly Uint8Array[], type: SocketType): readonly Uint8Array[] {
  const pieces: readonly Uint8Array[] = Array.isArray(data) ? Array.from(data) : [];
  if (!Array.isArray(data) || !pieces.every(isBytes)) {
    const remedy = typeof data === "string"
      ? "give a Uint8Array, as `TextEncoder` makes them"
      : "give a Uint8Array or an array of them";
    throw new TypeError(`Cannot send ${shown(data)} as data: ${remedy}`);
  }
  // A stream may take several calls; a message must fit one, and one takes IOV_MAX pieces.
  return type === "stream" || pieces.length <= MAX_VECTORS ? pieces : [concatenated(pieces)];
}

function checkedDestination(to: Address | Deno.UnixAddr, type: SocketType): Destination {
  if (type !== "dgram") {
    throw new TypeError(
      "Cannot send to an address: only datagram sockets send to several; connect instead",
    );
  }
  return destinationOf(to, "sendmsg");
}

function checkedCredentials(credentials: Credentials): Credentials {
  if (typeof credentials !== "object" || credentials === null) {
    throw new TypeError(
      `Cannot send ${
        shown(credentials)
      } as credentials: give an object with \`pid\`, \`uid\` and \`gid\``,
    );
  }
  const { pid, uid, gid } = credentials;
  for (
    const [what, value, limit] of [["pid", pid, 0x7fffffff], ["uid", uid, 0xffffffff], [
      "gid",
      gid,
      0xffffffff,
    ]] as const
  ) {
    if (!Number.isInteger(value) || value < 0 || value > limit) {
      throw new RangeError(
        `Cannot send credentials with the ${what} ${
          shown(value)
        }: give an integer from 0 to ${limit}`,
      );
    }
  }
  if (platform.SCM_CREDENTIALS < 0) {
    throw new Deno.errors.NotSupported(
      "Cannot send credentials with a message: this system does not support it; use Linux",
    );
  }
  return { pid, uid, gid };
}
