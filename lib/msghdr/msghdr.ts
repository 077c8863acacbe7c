/**
 * Message headers for sendmsg(2) and recvmsg(2), on typed arrays.
 *
 * @module
 */

import { byteLengthOf } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { cmsgSpace } from "../message/cmsg.ts";
import { IncomingControl, OutgoingControl } from "../message/control.ts";
import type { OwnedFd } from "../handle/owned_fd.ts";
import { MAX_FILES } from "../fd/file_like.ts";
import { Header, MAX_VECTORS } from "../message/header.ts";
import { closeReceived, type Received, takeOver } from "../handle/received_fds.ts";
import {
  type Address,
  addressText,
  decodeSockaddr,
  exactBytes,
  parseAddress,
  unambiguous,
} from "../address/sockaddr.ts";

/** What a {@linkcode Msghdr} starts with. */
export interface MsghdrInit {
  /**
   * Room for control data that may arrive, in bytes, padding included. The default is 0: then the kernel
   * discards it. `allocFiles` and `addControl` add to it.
   */
  controlCapacity?: number;
}

/** A control message that arrived. */
export interface ControlMessage {
  /** The protocol level, as `SOL_SOCKET` (1 on Linux). */
  level: number;
  /** The type within the level, as `SCM_RIGHTS` (1). */
  type: number;
  /** The payload, bounded by what arrived. */
  data: Uint8Array;
}

/** The largest control buffer the kernel takes by default (`net.core.optmem_max`), in bytes. */
const MAX_CONTROL = 131072;

// What a header can be laid out for.
const UNKNOWN = 0;
const SENDING = 1;
const RECEIVING = 2;
const RECEIVING_NAMED = 3;

/** What the rest of the module, but no user, does with a message header. */
export interface MsghdrInternals {
  /** Lay out the header for sendmsg(2). */
  prepareSend(m: Msghdr, sockaddr: Uint8Array | null): BigUint64Array;
  /** The header for sendmsg(2) to nobody else than the last time, if that is to send the same again. */
  laidOutToSend(m: Msghdr): BigUint64Array | undefined;
  /** Whether it passes descriptors, but has no data byte for them to travel with. */
  lacksByte(m: Msghdr): boolean;
  /** The number of descriptors it passes. */
  filesAdded(m: Msghdr): number;
  /** The number of bytes in its vectors. */
  room(m: Msghdr): number;
  /** Whether it has an address to be sent to. */
  isNamed(m: Msghdr): boolean;
  /** Lay out the header for recvmsg(2), to ask for the sender's name or not. */
  prepareReceive(m: Msghdr, named: boolean): BigUint64Array;
  /** Take over what recvmsg(2) delivered; `count` is its result. */
  finishReceive(m: Msghdr, count: number): void;
  /** Receive what did not come from recvmsg(2) now: `take` puts it into the vectors. */
  receiveFrom(m: Msghdr, take: (vectors: readonly Uint8Array[]) => number): number;
  /** The flags for a call. */
  flags(m: Msghdr, flags: number): number;
  /** Keep the owners of what is to be sent reachable. */
  keep(m: Msghdr, owners: readonly unknown[]): void;
  /** Make room for so many descriptors. */
  reserveFiles(m: Msghdr, count: number): void;
  /** Hand out descriptors that arrived, at most `count`, and close the others. */
  takeFiles(m: Msghdr, count: number | undefined): OwnedFd[];
  /** Hand out the descriptor of the sending process, if one arrived. */
  takePidfd(m: Msghdr): OwnedFd | undefined;
}

/** The way in for the rest of the module. */
export let internals: MsghdrInternals;

/**
 * Builds one message for sendmsg(2), or takes one from recvmsg(2): data vectors, control messages, an
 * address and flags, by recvmsg(2) and cmsg(3).
 *
 * It can be used again and again, for sending and for receiving. Descriptors that arrive in it belong
 * to it until `unix.recvFiles` takes them; receiving again, `reset` and disposing close the rest.
 *
 * @example
 * ```ts
 * import { Msghdr, recvmsgSync, sendmsgSync, unix } from "@denet/unix";
 * import { assertEquals } from "@std/assert";
 *
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 *
 * using out = new Msghdr();
 * out.addVector(new Uint8Array([1, 2]));
 * unix.addFiles(out, 0);
 * sendmsgSync(a, out);
 *
 * using into = new Msghdr();
 * into.addVector(new Uint8Array(16));
 * unix.allocFiles(into, 1);
 * assertEquals(recvmsgSync(b, into), 2);
 * using file = unix.recvFiles(into)[0];
 * assertEquals(file?.kind() === undefined, false);
 * ```
 */
export class Msghdr implements Disposable {
  #header: Header | undefined;
  /** What the header is laid out for, as long as nothing is added or taken away. */
  #layout = UNKNOWN;
  #vectors: Uint8Array[] = [];
  readonly #outgoing = new OutgoingControl();
  readonly #incoming = new IncomingControl();
  readonly #capacity: number;
  #reserved = 0;
  #name: Uint8Array | null = null;
  #flags = 0;
  #bytesReceived = 0;
  readonly #received: Received = { files: undefined, pidfd: undefined };
  #arrivedFlags: number | undefined;
  #filesReserved = 0;
  /** The owners of descriptors to be sent: one that became garbage would close its descriptor. */
  #owners: readonly unknown[] = [];

  /**
   * Create an empty message header.
   *
   * @throws {RangeError} if `controlCapacity` is not an integer from 0 to 131072
   */
  constructor(init: MsghdrInit = {}) {
    const capacity = init.controlCapacity ?? 0;
    if (!Number.isInteger(capacity) || capacity < 0 || capacity > MAX_CONTROL) {
      throw new RangeError(
        `Cannot reserve ${capacity} bytes for control data: give an integer from 0 to ${MAX_CONTROL}`,
      );
    }
    this.#capacity = capacity;
  }

  static {
    internals = {
      prepareSend: (m, sockaddr) => m.#prepareSend(sockaddr),
      laidOutToSend: (m) => m.#laidOutToSend(),
      lacksByte: (m) => m.#outgoing.carriesRights && isEmpty(m.#vectors),
      filesAdded: (m) => m.#outgoing.files,
      room: (m) => m.#vectors.reduce((sum, bytes) => sum + byteLengthOf(bytes), 0),
      isNamed: (m) => m.#name !== null,
      prepareReceive: (m, named) => m.#prepareReceive(named),
      finishReceive: (m, count) => m.#finishReceive(count),
      receiveFrom: (m, take) => m.#receiveFrom(take),
      flags: (m, flags) => m.#flags | flags,
      keep: (m, owners) => m.#owners = [...m.#owners, ...owners],
      reserveFiles: (m, count) => m.#reserveFiles(count),
      takeFiles: (m, count) => m.#takeFiles(count),
      takePidfd: (m) => m.#takePidfd(),
    };
  }

  #memory(): Header {
    return this.#header ??= new Header();
  }

  /**
   * Add a piece of memory to send from or receive into. It is kept alive, and used where it lies.
   *
   * @throws {RangeError} beyond 1024 pieces (`IOV_MAX`)
   */
  addVector(bytes: Uint8Array): void {
    if (!(bytes instanceof Uint8Array)) {
      throw new TypeError("Cannot add the vector: give a Uint8Array");
    }
    if (this.#vectors.length >= MAX_VECTORS) {
      throw new RangeError(`Cannot add the vector: one message takes at most ${MAX_VECTORS}`);
    }
    this.#vectors.push(bytes);
    this.#layout = UNKNOWN;
  }

  /**
   * Add a control message, and return its payload of `length` zeroed bytes to fill in. For receiving, it
   * makes room for one of that size.
   *
   * @throws {RangeError} if `length` is not an integer from 0 to 131072, or all of it would be more
   */
  addControl(length: number, level: number, type: number): Uint8Array {
    const room = this.#checkedSpace(length);
    for (const [what, value] of [["level", level], ["type", type]] as const) {
      if (!Number.isInteger(value) || value < -0x80000000 || value > 0x7fffffff) {
        throw new RangeError(`Cannot add control data: the ${what} is ${value}, not a C int`);
      }
    }
    this.#reserved += room;
    this.#layout = UNKNOWN;
    return this.#outgoing.add(length, level, type);
  }

  #checkedSpace(length: number): number {
    if (!Number.isInteger(length) || length < 0 || length > MAX_CONTROL) {
      throw new RangeError(
        `Cannot add control data of ${length} bytes: give an integer from 0 to ${MAX_CONTROL}`,
      );
    }
    const room = cmsgSpace(length, platform);
    if (this.#reserved + room > MAX_CONTROL) {
      throw new RangeError(
        `Cannot add ${length} bytes of control data: a message takes at most ${MAX_CONTROL} in all`,
      );
    }
    return room;
  }

  #reserveFiles(count: number): void {
    this.#reserved += this.#checkedSpace(count * 4);
    this.#filesReserved += count;
    this.#layout = UNKNOWN;
  }

  /**
   * Return the payload of the first control message of a kind that arrived, as a copy, or `undefined` if
   * none did. A payload cut short by the kernel is as short here. Descriptors in it still belong to this
   * object: take them with `unix.recvFiles`.
   */
  getControl(level: number, type: number): Uint8Array | undefined {
    for (const item of this.#incoming.items()) {
      if (item.level === level && item.type === type) return item.data.slice();
    }
    return undefined;
  }

  /** Go through the control messages that arrived, in their order. */
  *controls(): IterableIterator<ControlMessage> {
    for (const { level, type, data } of this.#incoming.items()) {
      yield { level, type, data: data.slice() };
    }
  }

  /**
   * The address: set it before sending on an unconnected datagram socket; after receiving it is the
   * sender's, `null` for one without a name, a string, or bytes where they are not UTF-8. On a stream,
   * where all comes from the peer, it is always `null`: see `remoteAddr`.
   *
   * @throws {InvalidAddressError} for an address that cannot be one
   */
  get name(): Address | null {
    const bytes = this.#name;
    if (bytes === null) return null;
    const text = addressText(bytes);
    return text.includes("\ufffd") ? unambiguous(bytes).slice() : text;
  }

  set name(address: Address | null) {
    this.#name = address === null ? null : exactBytes(parseAddress(address, platform));
    this.#layout = UNKNOWN;
  }

  /** The flags: set, they are added to those of the next calls; after receiving, what arrived (`MSG_TRUNC`, …). */
  get flags(): number {
    return this.#arrivedFlags ?? this.#flags;
  }

  set flags(flags: number) {
    if (!Number.isInteger(flags)) {
      throw new TypeError(`Cannot set the flags to ${flags}: give an integer`);
    }
    this.#flags = flags;
    this.#arrivedFlags = undefined;
  }

  /** The number of bytes that the last receive put into the vectors; more than fit, with `MSG_TRUNC`. */
  get bytesReceived(): number {
    return this.#bytesReceived;
  }

  /** Forget vectors, control messages, name and flags, and close received descriptors that nobody took. */
  reset(): void {
    this.#discard();
    this.#layout = UNKNOWN;
    this.#vectors = [];
    this.#outgoing.reset();
    this.#owners = [];
    this.#reserved = 0;
    this.#filesReserved = 0;
    this.#name = null;
    this.#flags = 0;
    this.#bytesReceived = 0;
  }

  /** Close received descriptors that nobody took, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.reset();
  }

  /** Close what arrived and was not taken, and leave nothing to read. */
  #discard(): void {
    this.#arrivedFlags = undefined;
    this.#incoming.arrived = 0;
    closeReceived(this.#received);
  }

  /** Lay everything out for sendmsg(2). */
  #prepareSend(sockaddr: Uint8Array | null): BigUint64Array {
    const header = this.#memory();
    this.#layout = UNKNOWN;
    header.setName(sockaddr);
    header.setControl(this.#outgoing.address(), this.#outgoing.used);
    header.keepVectors(this.#vectors, this.#outgoing.memory);
    header.clearFlags();
    if (sockaddr === null && !this.#outgoing.hasOutgrown) this.#layout = SENDING;
    return header.location;
  }

  /** The header as it was laid out for the last call, if that sent as well and nothing has changed. */
  #laidOutToSend(): BigUint64Array | undefined {
    if (this.#layout !== SENDING || this.#name !== null) return undefined;
    const header = this.#memory();
    return header.isIntact() ? header.location : undefined;
  }

  /** Return the header for recvmsg(2), closing what arrived before and was not taken. */
  #prepareReceive(named: boolean): BigUint64Array {
    closeReceived(this.#received);
    const header = this.#memory();
    const layout = named ? RECEIVING_NAMED : RECEIVING;
    if (this.#layout === layout && header.isIntact()) header.rewind(named);
    else this.#layOutToReceive(header, layout);
    return header.location;
  }

  #layOutToReceive(header: Header, layout: number): void {
    const room = this.#capacity + this.#reserved;
    if (layout === RECEIVING_NAMED) header.receiveName();
    else header.setName(null);
    header.setControl(this.#incoming.prepare(room), room);
    header.keepVectors(this.#vectors);
    header.clearFlags();
    this.#layout = layout;
  }

  /** Take over what recvmsg(2) delivered, or forget everything if it failed (`count` is negative). */
  #finishReceive(count: number): void {
    if (count < 0) {
      this.#discard();
      this.#bytesReceived = 0;
      return;
    }
    const header = this.#memory();
    this.#bytesReceived = count;
    this.#incoming.arrived = header.controlLength;
    takeOver(this.#incoming, this.#received);
    this.#arrivedFlags = header.flags;
    this.#name = this.#layout === RECEIVING_NAMED ? senderIn(header) : null;
  }

  #receiveFrom(take: (vectors: readonly Uint8Array[]) => number): number {
    this.#discard();
    this.#name = null;
    this.#arrivedFlags = 0;
    return this.#bytesReceived = take(this.#vectors);
  }

  #takeFiles(count: number | undefined): OwnedFd[] {
    const limit = count ?? (this.#filesReserved > 0 ? this.#filesReserved : MAX_FILES);
    const { files } = this.#received;
    if (files === undefined) return [];
    this.#received.files = undefined;
    while (files.length > limit) files.pop()?.close();
    return files;
  }

  #takePidfd(): OwnedFd | undefined {
    const pidfd = this.#received.pidfd;
    this.#received.pidfd = undefined;
    return pidfd;
  }
}

/** The address of a message's sender, `null` if it has none. */
function senderIn({ name, nameLength }: Header): Uint8Array | null {
  return nameLength > 0 ? decodeSockaddr(name, nameLength, platform) : null;
}

function isEmpty(vectors: readonly Uint8Array[]): boolean {
  for (const bytes of vectors) if (byteLengthOf(bytes) > 0) return false;
  return true;
}
