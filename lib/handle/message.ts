/**
 * A message that arrived.
 *
 * @module
 */

import type { Credentials } from "../message/cmsg.ts";
import type { OwnedFd } from "./owned_fd.ts";

/**
 * A message that arrived, with the descriptors that came along. They belong to it until they are
 * detached or taken out of `files`; disposing it closes the rest.
 */
export interface Message extends Disposable {
  /** The bytes. */
  data: Uint8Array;
  /** The descriptors, in the order the sender gave them. */
  files: OwnedFd[];
  /** Who sent it, checked by the kernel, if the socket's `passCredentials` is on. */
  credentials?: Credentials;
  /** A descriptor of the sending process, if the socket's `passPidfd` is on (Linux 6.5). */
  pidfd?: OwnedFd;
  /** The sender's address, to which datagrams can be answered; `null` for one without a name. */
  from: Deno.UnixAddr | null;
  /** Whether the message was longer than the room for it: the rest is lost. Never on a stream. */
  truncated: boolean;
  /** Whether the sender passed descriptors that were not asked for, or other control data found no room. */
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
  truncated: boolean;
  controlTruncated: boolean;
  endOfRecord: boolean;

  constructor(data: Uint8Array, files: OwnedFd[]) {
    this.data = data;
    this.files = files;
    this.from = null;
    this.truncated = false;
    this.controlTruncated = false;
    this.endOfRecord = false;
  }

  [Symbol.dispose](): void {
    for (const file of this.files) file.close();
    this.pidfd?.close();
  }
}

/** Return the number of bytes of a message, `null` for none, and close what came with it. */
export function lengthOf(message: Message | null): number | null {
  message?.[Symbol.dispose]();
  return message?.data.byteLength ?? null;
}
