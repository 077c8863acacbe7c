/**
 * The state of a `Msghdr`: vectors, control data, an address, and the header in memory.
 *
 * @module
 */

import { closedError } from "../errors.ts";
import { byteLengthOf } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { type Address, decodeSockaddr, exactBytes, parseAddress } from "../address/sockaddr.ts";
import { MAX_FILES } from "../fd/file_like.ts";
import type { OwnedFd } from "../handle/owned_fd.ts";
import { closeReceived, nothingReceived, ownReceivedFds } from "../handle/received_fds.ts";
import { cmsgSpace } from "../message/cmsg.ts";
import { IncomingControl, OutgoingControl } from "../message/control.ts";
import { Header, MAX_VECTORS, SMALL_SIZE } from "../message/header.ts";
import { totalLength } from "../socket/pieces.ts";

/** The largest control buffer the kernel takes by default (`net.core.optmem_max`), in bytes. */
export const MAX_CONTROL = 131072;

// What a header can be laid out for.
const UNKNOWN = 0;
const SENDING = 1;
const RECEIVING = 2;
const RECEIVING_NAMED = 3;

/** What messages without data share. */
const NO_VECTORS: Uint8Array[] = [];

/** The state of a message header, for the rest of the raw layer. */
export class MessageState {
  /** The memory to send from or receive into. An array that waits is never changed: see {@linkcode addVector}. */
  vectors: Uint8Array[] = NO_VECTORS;
  /** Control messages to be sent. */
  readonly outgoing: OutgoingControl = new OutgoingControl();
  /** Control messages that arrived. */
  readonly incoming: IncomingControl = new IncomingControl();
  /** The address, in exact bytes. */
  name: Uint8Array | null = null;
  /** The flags that were set. */
  flags = 0;
  /** The flags that arrived, after a receive. */
  arrivedFlags: number | undefined = undefined;
  bytesReceived = 0;
  /** Counts calls of {@linkcode reset}: a receive that waits must not go on in a message that was reset. */
  resets = 0;
  readonly #received = nothingReceived();
  readonly #controlCapacity: number;
  #header: Header | undefined = undefined;
  /** What the header is laid out for, as long as nothing is added or taken away. */
  #layout = UNKNOWN;
  /** Whether it was not laid out since it was changed last. */
  #isNew = true;
  /** Where to copy what arrives in the header's own memory. */
  #copiesTo: Uint8Array | undefined = undefined;
  #controlReserved = 0;
  #isDisposed = false;
  #filesReserved = 0;
  /** The owners of descriptors to be sent: one that became garbage would close its descriptor. */
  #owners: object[] | undefined = undefined;

  /** @param controlCapacity Control capacity for receiving, in bytes, beside what is reserved. */
  constructor(controlCapacity: number) {
    this.#controlCapacity = controlCapacity;
  }

  #memory(): Header {
    return this.#header ??= new Header();
  }

  /** The number of bytes in all vectors. */
  get size(): number {
    return totalLength(this.vectors);
  }

  /** Whether there is no byte in any vector. */
  get isEmpty(): boolean {
    for (const bytes of this.vectors) if (byteLengthOf(bytes) > 0) return false;
    return true;
  }

  /** The received descriptors that were not taken, and credentials. */
  get received(): ReturnType<typeof nothingReceived> {
    return this.#received;
  }

  /**
   * Add a vector.
   *
   * @throws {RangeError} If there are 1024 already.
   */
  addVector(bytes: Uint8Array): void {
    this.requireUsable();
    if (this.vectors.length >= MAX_VECTORS) {
      throw new RangeError(`Cannot add the vector: one message takes at most ${MAX_VECTORS}`);
    }
    if (this.vectors.length === 0) this.vectors = [bytes];
    else this.vectors.push(bytes);
    this.#changed();
  }

  /** Add a control message, and return its payload. */
  addControl(length: number, level: number, type: number): Uint8Array {
    this.requireUsable();
    this.#controlReserved += this.#checkedSpace(length);
    this.#changed();
    return this.outgoing.add(length, level, type);
  }

  /** Add a control message with descriptors. */
  addRights(numbers: readonly number[]): void {
    this.requireUsable();
    this.#controlReserved += this.#checkedSpace(numbers.length * 4);
    this.#changed();
    this.outgoing.addRights(numbers);
  }

  /** Reserve control capacity for so many descriptors. */
  reserveFiles(count: number): void {
    this.requireUsable();
    this.#controlReserved += this.#checkedSpace(count * 4);
    this.#filesReserved += count;
    this.#changed();
  }

  #changed(): void {
    this.#layout = UNKNOWN;
    this.#isNew = true;
  }

  #checkedSpace(length: number): number {
    if (!Number.isInteger(length) || length < 0 || length > MAX_CONTROL) {
      throw new RangeError(
        `Cannot add control data of ${
          String(length)
        } bytes: give an integer from 0 to ${MAX_CONTROL}`,
      );
    }
    const space = cmsgSpace(length, platform);
    if (this.#controlReserved + space > MAX_CONTROL) {
      throw new RangeError(
        `Cannot add ${length} bytes of control data: a message takes at most ${MAX_CONTROL} in all`,
      );
    }
    return space;
  }

  /** Keep the owner of a descriptor to be sent reachable. */
  keep(owner: object): void {
    (this.#owners ??= []).push(owner);
  }

  /** Set the destination. */
  setName(address: Address | null): void {
    this.requireUsable();
    this.name = address === null ? null : exactBytes(parseAddress(address, platform));
  }

  /** Reset vectors, control messages, name and flags, and close received descriptors that were not taken. */
  reset(): void {
    this.#discard();
    this.resets++;
    this.#changed();
    this.vectors = NO_VECTORS;
    this.outgoing.reset();
    this.#owners = undefined;
    this.#controlReserved = 0;
    this.#filesReserved = 0;
    this.name = null;
    this.flags = 0;
    this.bytesReceived = 0;
  }

  /** Reset it for good: what is called on it from now on throws. */
  dispose(): void {
    this.reset();
    this.#isDisposed = true;
  }

  /**
   * Check that the message may still be used.
   *
   * @throws {Deno.errors.BadResource} If it is disposed.
   */
  requireUsable(): void {
    if (this.#isDisposed) {
      throw closedError(
        "Msghdr",
        "it was disposed: make another, or call `reset()` instead to use one again",
      );
    }
  }

  /** Close what arrived and was not taken, and leave nothing to read. */
  #discard(): void {
    this.arrivedFlags = undefined;
    this.incoming.arrived = 0;
    closeReceived(this.#received);
  }

  /** Return the header, laid out to be sent to `sockaddr`, or to the peer. */
  layOutToSend(sockaddr: Uint8Array | null): BigUint64Array {
    const ready = sockaddr === null ? this.laidOutToSend() : undefined;
    if (ready !== undefined) return ready;
    const header = this.#memory();
    this.#layout = UNKNOWN;
    header.setName(sockaddr);
    header.setControl(this.outgoing.address(), this.outgoing.used);
    const small = this.#takeSmall();
    if (small !== undefined) {
      header.setCopy(small, byteLengthOf(small));
      return header.location;
    }
    header.keepVectors(this.vectors, this.outgoing.memory);
    if (sockaddr === null && !this.outgoing.hasOutgrown) this.#layout = SENDING;
    return header.location;
  }

  /** Return the header as it was laid out for the last call, if that sent to the peer and nothing has changed. */
  laidOutToSend(): BigUint64Array | undefined {
    if (this.#layout !== SENDING || this.name !== null) return undefined;
    const header = this.#memory();
    return header.isIntact() ? header.location : undefined;
  }

  /**
   * Return the header, laid out for a receive; what arrived before and was not taken is closed. On a stream, without
   * space for bytes, recvmsg(2) would wait, and take descriptors: it is not to be called then.
   *
   * @param named Whether to ask for the sender's name, which a stream does not have.
   */
  layOutToReceive(named: boolean): BigUint64Array | undefined {
    closeReceived(this.#received);
    const header = this.#memory();
    const layout = named ? RECEIVING_NAMED : RECEIVING;
    if (this.#layout === layout && header.isIntact()) {
      header.rewind(named);
      return header.location;
    }
    if (!named && this.isEmpty) return undefined;
    this.#prepareToReceive(header, named);
    const small = this.#copiesTo = this.#takeSmall();
    if (small !== undefined) {
      this.#layout = UNKNOWN;
      header.setOwnVector(byteLengthOf(small));
      return header.location;
    }
    header.keepVectors(this.vectors);
    this.#layout = layout;
    return header.location;
  }

  /**
   * Return the data if it is one small piece of memory, and has not been laid out since the message was changed last.
   * Most often it is used only once then, and copying it costs less than to look up its address.
   */
  #takeSmall(): Uint8Array | undefined {
    const isNew = this.#isNew;
    this.#isNew = false;
    const { vectors } = this;
    const only = isNew && vectors.length === 1 ? vectors[0] : undefined;
    return only !== undefined && byteLengthOf(only) <= SMALL_SIZE ? only : undefined;
  }

  /**
   * The same for `vectors` of another time, behind the first `skip` bytes of them, and at most `size` bytes.
   */
  layOutRest(
    named: boolean,
    vectors: readonly Uint8Array[],
    skip: number,
    size: number,
  ): BigUint64Array {
    closeReceived(this.#received);
    const header = this.#memory();
    this.#layout = UNKNOWN;
    this.#copiesTo = undefined;
    this.#prepareToReceive(header, named);
    header.setVectors(vectors, skip, size);
    return header.location;
  }

  #prepareToReceive(header: Header, named: boolean): void {
    const capacity = this.controlCapacity;
    if (named) header.receiveName();
    else header.setName(null);
    header.setControl(this.incoming.prepare(capacity), capacity);
  }

  /** Control capacity for a receive, in bytes. */
  get controlCapacity(): number {
    return this.#controlCapacity + this.#controlReserved;
  }

  /**
   * Own what recvmsg(2) delivered, or discard everything if it failed.
   *
   * @param count What it returned.
   * @param named Whether the sender's name was asked for.
   */
  finishReceive(count: number, named: boolean): void {
    if (count < 0) {
      this.#discard();
      this.bytesReceived = 0;
      return;
    }
    const header = this.#memory();
    this.bytesReceived = count;
    const to = this.#copiesTo;
    if (to !== undefined) header.copyTo(to, Math.min(count, byteLengthOf(to)));
    this.incoming.arrived = header.controlLength;
    ownReceivedFds(this.incoming, this.#received);
    this.arrivedFlags = header.flags;
    this.name = named ? senderIn(header) : null;
  }

  /** Note that `count` bytes from an earlier call were received: they have neither control data nor a name. */
  finishUnread(count: number): void {
    this.#discard();
    this.name = null;
    this.arrivedFlags = 0;
    this.bytesReceived = count;
  }

  /** Return descriptors that arrived, at most `count`, and close the others. */
  takeFiles(count: number | undefined): OwnedFd[] {
    const limit = count ?? (this.#filesReserved > 0 ? this.#filesReserved : MAX_FILES);
    const { files } = this.#received;
    if (files === undefined) return [];
    this.#received.files = undefined;
    while (files.length > limit) files.pop()?.close();
    return files;
  }

  /** Return the descriptor of the sending process, if one arrived. */
  takePidfd(): OwnedFd | undefined {
    const { pidfd } = this.#received;
    this.#received.pidfd = undefined;
    return pidfd;
  }
}

/** The address of a message's sender, `null` if it has none. */
function senderIn({ name, nameLength }: Header): Uint8Array | null {
  return nameLength > 0 ? decodeSockaddr(name, nameLength, platform) : null;
}
