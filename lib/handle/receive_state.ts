/**
 * What a socket keeps from one receive to the next.
 *
 * @module
 */

import { MISSING, platform } from "../../ffi/platform/mod.ts";
import { copyOf } from "../descriptor/caller_buffer.ts";
import type { Descriptor } from "../descriptor/descriptor.ts";
import { cmsgSpace, type Credentials, isSameSender, UCRED_SIZE } from "../message/cmsg.ts";
import { MAX_FILES } from "../fd/file_like.ts";
import { READABLE } from "../reactor/mod.ts";
import { isReadingShutDown } from "../socket/inspect.ts";
import { optionsVersion, readIntOption } from "../socket/options.ts";
import { concatenated, scatter, totalLength } from "../socket/pieces.ts";
import type { MessageQueue } from "../socket/seqpacket.ts";
import type { SocketType } from "../socket/socket_type.ts";

/** The largest security label of a sender, in bytes: a page. */
const MAX_LABEL = 4096;

/** `struct scm_timestamping`, the largest time stamp, in bytes. */
const MAX_TIMESTAMP = 48;

/**
 * Control capacity, in bytes, for all that options can add to a message, also options that other processes set,
 * and as many descriptors as a message can carry.
 */
export const FULL_CONTROL: number = cmsgSpace(MAX_TIMESTAMP, platform) +
  cmsgSpace(UCRED_SIZE, platform) + cmsgSpace(MAX_LABEL, platform) +
  cmsgSpace(MAX_FILES * 4, platform) + cmsgSpace(4, platform);

/** Control capacity, in bytes, for a sender's credentials and nothing else. */
export const CREDENTIALS_CONTROL: number = cmsgSpace(UCRED_SIZE, platform);

/** Bytes that were taken from a stream and not returned to a caller yet, and their sender. */
interface Unread {
  bytes: Uint8Array;
  readonly credentials: Credentials | undefined;
}

/** A receive that has taken a part of what it waits for. */
export interface PartialReceive {
  /** Leave that part to the next receive, by {@linkcode ReceiveState.giveBack}. */
  handBack(): void;
}

/** What receiving keeps from one message to the next. */
export class ReceiveState implements MessageQueue {
  readonly descriptor: Descriptor;
  readonly type: SocketType;
  /** The receive of a stream that waits, or has failed, with a part of what it was to take. */
  partial: PartialReceive | undefined = undefined;
  isAlone: boolean;
  queuedBytes = 0;
  #unread: Unread[] | undefined = undefined;
  #hasEnded = false;
  #plainControl = 0;
  #passesPidfd = false;
  #version = -1;

  /**
   * @param owner An object that must not become garbage while a receive waits: that would close the descriptor.
   * @param isAlone Whether nothing else can receive from the socket.
   */
  constructor(
    descriptor: Descriptor,
    type: SocketType,
    readonly owner?: object,
    isAlone = false,
  ) {
    this.descriptor = descriptor;
    this.type = type;
    this.isAlone = isAlone;
  }

  /**
   * Control capacity, in bytes, for a message without requested descriptors: exactly what the options add, so that
   * the kernel closes descriptors before this process gets them. Closing one here could block, or release the file
   * locks of this process.
   */
  get plainControl(): number {
    // Where this thread has set no option and adopted no socket, there are only the two that accepted sockets inherit.
    if (this.#version !== optionsVersion) this.lookUpOptions(optionsVersion > 0);
    return this.#plainControl;
  }

  /**
   * Control capacity, in bytes, for a receive that requests no descriptors. The kernel puts the descriptors of a
   * message in front of the one of its sender: without space for all of them, a sender could hide its own.
   */
  get unrequestedControl(): number {
    const plain = this.plainControl;
    return this.#passesPidfd ? FULL_CONTROL : plain;
  }

  /** Read the options again, by default all: control data came that they do not add, so another process has set one. */
  lookUpOptions(isThorough = true): void {
    this.#version = optionsVersion;
    const { fd } = this.descriptor;
    this.#plainControl = controlOfOptions(fd, this.type, isThorough);
    this.#passesPidfd = isOn(fd, platform.SO_PASSPIDFD);
  }

  /** Whether there are bytes left to return before any are received. Called by a receive in its turn only. */
  get hasUnread(): boolean {
    // A receive with a part is over then, even if its own code has not run to its end yet.
    this.partial?.handBack();
    return this.#unread !== undefined;
  }

  /** The number of bytes left to return before any are received. */
  get unreadLength(): number {
    return this.#unread?.reduce((sum, { bytes }) => sum + bytes.byteLength, 0) ?? 0;
  }

  /** The sender of the bytes to return next, if it is known. */
  get unreadCredentials(): Credentials | undefined {
    return this.#unread?.[0]?.credentials;
  }

  /** Copy unread bytes of one sender, at most `size`, and take or only peek them. Returns the number of bytes. */
  takeUnread(
    target: readonly Uint8Array[],
    peek = false,
    size: number = totalLength(target),
  ): number {
    const first = this.#unread?.[0];
    if (first === undefined) return 0;
    const count = Math.min(size, first.bytes.byteLength);
    scatter(first.bytes.subarray(0, count), target);
    if (peek) return count;
    first.bytes = first.bytes.subarray(count);
    if (first.bytes.byteLength === 0) this.#unread?.shift();
    if (this.#unread?.length === 0) this.#unread = undefined;
    return count;
  }

  /**
   * Put bytes that were taken from a stream in front of those to be received next. They are copied. What waits to read
   * looks again.
   *
   * @param credentials Who sent them, if that is known.
   */
  giveBack(bytes: Uint8Array, credentials?: Credentials): void {
    if (bytes.byteLength === 0) return;
    const unread = this.#unread ??= [];
    const first = unread[0];
    if (first !== undefined && isSameSender(first.credentials, credentials)) {
      first.bytes = concatenated([bytes, first.bytes]);
    } else {
      unread.unshift({ bytes: copyOf(bytes), credentials });
    }
    this.descriptor.wake(READABLE);
  }

  /**
   * Whether an empty datagram socket stays empty: once reading is shut down, receiving gives EAGAIN for ever.
   *
   * @param hasWaited Whether the receive has waited: before the first wait a check is not worth its cost.
   */
  isOver(hasWaited: boolean): boolean {
    if (this.type !== "dgram" || !(hasWaited || this.#hasEnded)) return false;
    return this.#hasEnded = isReadingShutDown(this.descriptor.fd);
  }
}

/**
 * Control capacity, in bytes, for what the options add to a message without descriptors: what has no space is reported
 * like descriptors that were not requested.
 *
 * @param isThorough Whether to look up the options of little use, if none of the others is on.
 */
export function controlOfOptions(fd: number, type: SocketType, isThorough: boolean): number {
  const credentials = isOn(fd, platform.SO_PASSCRED) ? CREDENTIALS_CONTROL : 0;
  const pidfd = isOn(fd, platform.SO_PASSPIDFD) ? cmsgSpace(4, platform) : 0;
  if (credentials + pidfd === 0 && !isThorough) return 0;
  const label = isOn(fd, platform.SO_PASSSEC) ? cmsgSpace(MAX_LABEL, platform) : 0;
  // The bytes of a stream have no time stamps.
  const timestamps = type === "stream" ? 0 : timestampsOf(fd);
  return timestamps + credentials + label + pidfd;
}

function timestampsOf(fd: number): number {
  const { SO_TIMESTAMP, SO_TIMESTAMPNS, SO_TIMESTAMP_NEW, SO_TIMESTAMPNS_NEW } = platform;
  const names = [SO_TIMESTAMP, SO_TIMESTAMPNS, SO_TIMESTAMP_NEW, SO_TIMESTAMPNS_NEW];
  const simple = names.some((it) => isOn(fd, it)) ? cmsgSpace(16, platform) : 0;
  return simple + (isOn(fd, platform.SO_TIMESTAMPING) ? cmsgSpace(MAX_TIMESTAMP, platform) : 0);
}

function isOn(fd: number, option: number): boolean {
  return option !== MISSING && readIntOption(fd, platform.SOL_SOCKET, option) > 0;
}
