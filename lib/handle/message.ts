/**
 * A message that arrived.
 *
 * @module
 */

import type { Credentials } from "../message/cmsg.ts";
import { closeWithMessage, type OwnedFd } from "./owned_fd.ts";

/**
 * A message that arrived, with the descriptors that came along. They belong to it until they are
 * detached or taken out of `files`; disposing it closes the rest.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 *
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * await a.send({ data: new Uint8Array([1]), files: [0] });
 * using message = await b.receive({ files: 1 });
 * using kept = message?.files.shift(); // taken out, it outlives the message
 * console.log(kept?.kind());
 * ```
 */
export interface Message extends Disposable {
  /** The bytes. */
  data: Uint8Array;
  /** The descriptors, in the order the sender gave them. */
  files: OwnedFd[];
  /** The sender, checked by the kernel, if the socket's `passCredentials` is on. */
  credentials?: Credentials;
  /** A descriptor of the sending process, if the socket's `passPidfd` is on (Linux 6.5). */
  pidfd?: OwnedFd;
  /**
   * The sender's address: `to` of `send` takes it. Bytes that are no UTF-8 stand as U+FFFD in its text; this object
   * itself still leads to the sender, while copies of it do not. `null` for a sender without a name.
   */
  from: Deno.UnixAddr | null;
  /**
   * The same in bytes, which need not be UTF-8: `to` of `send` takes it. A path that starts with `@` has `./` before
   * it. `null` for a sender without a name.
   */
  fromAddress: Uint8Array | null;
  /** The length of the message in bytes as it was sent, also where `data` is cut. On a stream, that of `data`. */
  fullLength: number;
  /** Whether the message was longer than the buffer: the rest is lost. Never on a stream. */
  truncated: boolean;
  /** Whether descriptors came that were not requested, or more than requested, or other control data was cut. */
  controlTruncated: boolean;
  /** Whether a whole record was received: always so on a seqpacket socket, unless truncated. */
  endOfRecord: boolean;
}

/** {@linkcode Message}, and what disposing does. */
export class ReceivedMessage implements Message {
  data: Uint8Array;
  files: OwnedFd[];
  declare credentials?: Credentials;
  declare pidfd?: OwnedFd;
  from: Deno.UnixAddr | null;
  fromAddress: Uint8Array | null;
  fullLength: number;
  truncated: boolean;
  controlTruncated: boolean;
  endOfRecord: boolean;

  constructor(
    data: Uint8Array,
    files: OwnedFd[],
    fullLength: number = data.byteLength,
    truncated = false,
    controlTruncated = false,
    endOfRecord = false,
  ) {
    this.data = data;
    this.files = files;
    this.from = null;
    this.fromAddress = null;
    this.fullLength = fullLength;
    this.truncated = truncated;
    this.controlTruncated = controlTruncated;
    this.endOfRecord = endOfRecord;
  }

  [Symbol.dispose](): void {
    for (const file of this.files) closeWithMessage(file);
    if (this.pidfd !== undefined) closeWithMessage(this.pidfd);
  }
}
