/**
 * The state of a `Socket`.
 *
 * @module
 */

import type { Descriptor } from "../descriptor/descriptor.ts";
import type { BoundFile } from "../socket/bound_file.ts";
import type { SocketType } from "../socket/socket_type.ts";
import type { WriteBatch } from "../socket/write_batch.ts";
import { ReceiveState } from "./receive_state.ts";

/** What the module knows of a socket's two ends and the kernel does not report. */
export interface SocketNames {
  /** The address of this end, where it was too long for the kernel. */
  readonly local?: Uint8Array | undefined;
  /** The address of the other end, where it was too long for the kernel. */
  readonly remote?: Uint8Array | undefined;
  /** The file of this end. */
  readonly file?: BoundFile | undefined;
  /** Whether other owners may have the same open file. */
  readonly isShared?: boolean;
}

/** The two streams of a socket. */
export interface StreamPair {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly writable: WritableStream<Uint8Array<ArrayBufferLike>>;
}

/** The state of an open socket. */
export class SocketState {
  readonly descriptor: Descriptor;
  readonly type: SocketType;
  /** The names of both ends, if they were too long for the kernel. */
  names: SocketNames;
  /** The receive state, made by the first receive. */
  receiving: ReceiveState | undefined = undefined;
  /** The writes that queue up last. */
  batch: WriteBatch | undefined = undefined;
  streams: StreamPair | undefined = undefined;
  #isAlone: boolean;

  constructor(descriptor: Descriptor, type: SocketType, names: SocketNames) {
    this.descriptor = descriptor;
    this.type = type;
    this.names = names;
    this.#isAlone = names.isShared !== true;
  }

  /**
   * Return the receive state, which is kept from one message to the next.
   *
   * @param owner The socket: it must not become garbage while a receive waits.
   */
  receiveState(owner: object): ReceiveState {
    return this.receiving ??= new ReceiveState(
      this.descriptor,
      this.type,
      owner,
      this.#isAlone,
    );
  }

  /** Note that others may receive from the socket from now on: its number was read, or a duplicate made. */
  share(): void {
    this.#isAlone = false;
    if (this.receiving === undefined) return;
    this.receiving.isAlone = false;
    this.receiving.queuedBytes = 0;
  }
}
