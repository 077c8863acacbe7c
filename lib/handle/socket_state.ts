/**
 * What is behind a `Socket`.
 *
 * @module
 */

import type { Descriptor } from "../descriptor/descriptor.ts";
import type { SocketType } from "../socket/socket_type.ts";
import type { WriteBatch } from "../socket/write_batch.ts";
import { ReceiveState } from "./receive_state.ts";
import type { SocketStreams } from "./socket_streams.ts";

/** Addresses that the kernel does not know in full, because they were too long for it. */
export interface SocketNames {
  readonly local?: Uint8Array | undefined;
  readonly remote?: Uint8Array | undefined;
}

/** What a socket has for as long as it is open. */
export class SocketState {
  readonly descriptor: Descriptor;
  readonly type: SocketType;
  /** The names of this end and the other, where the kernel does not know them in full. */
  names: SocketNames;
  /** What receiving keeps, once it was received. */
  receiving: ReceiveState | undefined = undefined;
  /** The writes that queue up last. */
  batch: WriteBatch | undefined = undefined;
  streams: SocketStreams | undefined = undefined;

  constructor(descriptor: Descriptor, type: SocketType, names: SocketNames) {
    this.descriptor = descriptor;
    this.type = type;
    this.names = names;
  }

  /**
   * Return what receiving keeps from one message to the next.
   *
   * @param owner The socket: it must not become garbage while a receive waits.
   */
  receiveState(owner: object): ReceiveState {
    return this.receiving ??= new ReceiveState(this.descriptor, this.type, owner);
  }
}
