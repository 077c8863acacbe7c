/**
 * Message headers for sendmsg(2) and recvmsg(2), on typed arrays.
 *
 * @module
 */

import { requireOptions, shown } from "../errors.ts";
import { type Address, addressText, unambiguous } from "../address/sockaddr.ts";
import { copyOf, isBytes } from "../descriptor/caller_buffer.ts";
import { MAX_CONTROL, MessageState } from "./state.ts";

/**
 * What a {@linkcode Msghdr} starts with.
 *
 * @example
 * ```ts
 * import { Msghdr, recvmsgSync, unix } from "@denet/unix";
 *
 * const { cmsgSpace } = await import("@denet/unix/msghdr");
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * b.passCredentials = Deno.build.os === "linux";
 * a.writeSync(new Uint8Array(1));
 * using message = new Msghdr({ controlCapacity: cmsgSpace(12) }); // capacity for a `struct ucred`
 * message.addVector(new Uint8Array(8));
 * recvmsgSync(b, message);
 * console.log([...message.controls()].length);
 * ```
 */
export interface MsghdrInit {
  /**
   * Capacity for control data that may arrive, in bytes, padding included. The default is 0: then the kernel
   * discards it. `allocFiles` and `addControl` add to it.
   */
  controlCapacity?: number;
}

/**
 * A control message that arrived.
 *
 * @example
 * ```ts
 * import { Msghdr, recvmsgSync, unix } from "@denet/unix";
 * import { assertEquals } from "@std/assert";
 *
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * a.sendSync({ data: new Uint8Array(1), files: [0] });
 * using message = new Msghdr();
 * message.addVector(new Uint8Array(8));
 * unix.allocFiles(message, 1);
 * recvmsgSync(b, message);
 * const [control] = message.controls();
 * assertEquals(control?.type, unix.constants.SCM_RIGHTS);
 * ```
 */
export interface ControlMessage {
  /** The protocol level, as `SOL_SOCKET` (1 on Linux). */
  level: number;
  /** The type within the level, as `SCM_RIGHTS` (1). */
  type: number;
  /** The payload, bounded by what arrived. */
  data: Uint8Array;
}

/** Return the state of a message header: the friend function of the class. */
export let stateOf: (m: Msghdr) => MessageState;

/**
 * Builds one message for sendmsg(2), or takes one from recvmsg(2): data vectors, control messages, an
 * address and flags, by recvmsg(2) and cmsg(3).
 *
 * It can be used again and again, for sending and for receiving. Descriptors that arrive in it belong
 * to it until `unix.recvFiles` takes them; receiving again, `reset` and disposing close the rest.
 * A disposed one cannot be used any more.
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
  readonly #state: MessageState;

  /**
   * Create an empty message header.
   *
   * @param init The capacity for control data that may arrive.
   * @throws {RangeError} If `controlCapacity` is not an integer from 0 to 131072.
   *
   * @example
   * ```ts
   * import { Msghdr } from "@denet/unix";
   *
   * using message = new Msghdr({ controlCapacity: 64 });
   * console.log(message.bytesReceived);
   * ```
   */
  constructor(init: MsghdrInit = {}) {
    requireOptions(init, "make a message header");
    const { controlCapacity: capacity = 0 } = init;
    if (!Number.isInteger(capacity) || capacity < 0 || capacity > MAX_CONTROL) {
      throw new RangeError(
        `Cannot reserve ${
          shown(capacity)
        } bytes for control data: give an integer from 0 to ${MAX_CONTROL}`,
      );
    }
    this.#state = new MessageState(capacity);
  }

  static {
    stateOf = (m) => m.#state;
  }

  /**
   * Add a piece of memory to send from or receive into. It is kept alive, and used where it lies.
   *
   * @param bytes What to send, or where to put what arrives. Keep it until the call is done.
   * @throws {RangeError} If there are more than 1024 pieces (`IOV_MAX`).
   * @throws {TypeError} If it is no `Uint8Array`.
   *
   * @example
   * ```ts
   * import { Msghdr, sendmsgSync, unix } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * using message = new Msghdr();
   * message.addVector(new Uint8Array(4)); // a head
   * message.addVector(new Uint8Array(60)); // a body
   * assertEquals(sendmsgSync(a, message), 64);
   * ```
   */
  addVector(bytes: Uint8Array): void {
    if (!isBytes(bytes)) throw new TypeError("Cannot add the vector: give a Uint8Array");
    this.#state.addVector(bytes);
  }

  /**
   * Add a control message, and return its payload of `length` zeroed bytes to fill in. For receiving, it
   * reserves capacity for one of that size.
   *
   * @param length The size of the payload in bytes, padding not included.
   * @param level The protocol level, as `unix.constants.SOL_SOCKET`.
   * @param type The type within the level, as `unix.constants.SCM_RIGHTS`.
   * @returns The payload, zeroed: a view of the message's own memory.
   * @throws {RangeError} If `length` is not an integer from 0 to 131072, or all of it would be more.
   *
   * @example
   * ```ts
   * import { Msghdr, sendmsgSync, unix } from "@denet/unix";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * const { SOL_SOCKET, SCM_RIGHTS } = unix.constants;
   * using message = new Msghdr();
   * message.addVector(new Uint8Array(1));
   * const payload = message.addControl(4, SOL_SOCKET, SCM_RIGHTS); // what `unix.addFiles` does
   * new DataView(payload.buffer, payload.byteOffset).setInt32(0, 1, true); // standard output
   * sendmsgSync(a, message);
   * ```
   */
  addControl(length: number, level: number, type: number): Uint8Array {
    requireInts("add", level, type);
    return this.#state.addControl(length, level, type);
  }

  /**
   * Return the payload of the first control message of a kind that arrived, as a copy, or `undefined` if
   * none did. A payload cut short by the kernel is as short here. Descriptors in it still belong to this
   * object: take them with `unix.recvFiles`.
   *
   * @param level The protocol level, as `unix.constants.SOL_SOCKET`.
   * @param type The type within the level, as `unix.constants.SCM_RIGHTS`.
   *
   * @example
   * ```ts
   * import { Msghdr, recvmsgSync, unix } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * a.sendSync({ data: new Uint8Array(1), files: [0] });
   * using message = new Msghdr();
   * message.addVector(new Uint8Array(8));
   * unix.allocFiles(message, 1);
   * recvmsgSync(b, message);
   * const { SOL_SOCKET, SCM_RIGHTS } = unix.constants;
   * assertEquals(message.getControl(SOL_SOCKET, SCM_RIGHTS)?.byteLength, 4); // one C int
   * ```
   */
  getControl(level: number, type: number): Uint8Array | undefined {
    requireInts("get", level, type);
    for (const item of this.#state.incoming.items()) {
      if (item.level === level && item.type === type) return copyOf(item.data);
    }
    return undefined;
  }

  /**
   * Go through the control messages that arrived, in their order.
   *
   * @returns Each with a copy of its payload.
   *
   * @example
   * ```ts
   * import { Msghdr, recvmsgSync, unix } from "@denet/unix";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * a.sendSync({ data: new Uint8Array(1), files: [0] });
   * using message = new Msghdr();
   * message.addVector(new Uint8Array(8));
   * unix.allocFiles(message, 1);
   * recvmsgSync(b, message);
   * for (const { level, type, data } of message.controls()) console.log(level, type, data);
   * ```
   */
  *controls(): IterableIterator<ControlMessage> {
    // Copied before the first is given: the caller may receive again in between.
    yield* this.#state.incoming.items().map(({ level, type, data }) => ({
      level,
      type,
      data: copyOf(data),
    }));
  }

  /**
   * The address: set it before sending on an unconnected datagram socket; after receiving it is the
   * sender's, `null` for one without a name, a string, or bytes where they are not UTF-8. On a stream,
   * where all comes from the peer, it is always `null`: see `remoteAddr`.
   *
   * @throws {InvalidAddressError} If the address cannot be one.
   *
   * @example
   * ```ts
   * import { Msghdr, sendmsgSync, unix } from "@denet/unix";
   *
   * const path = `${Deno.makeTempDirSync()}/log`;
   * using log = unix.bind(path);
   * using sender = unix.socket();
   * using message = new Msghdr();
   * message.name = path;
   * message.addVector(new TextEncoder().encode("started"));
   * console.log(sendmsgSync(sender, message), log.bytesAvailable);
   * ```
   */
  get name(): Address | null {
    const bytes = this.#state.name;
    if (bytes === null) return null;
    const text = addressText(bytes);
    return text.includes("\ufffd") ? copyOf(unambiguous(bytes)) : text;
  }

  set name(address: Address | null) {
    this.#state.setName(address);
  }

  /**
   * The flags: set, they are added to those of the next calls; after receiving, what arrived (`MSG_TRUNC`, …).
   *
   * @throws {TypeError} If they are set to anything but an integer.
   * @throws {RangeError} If they are set to more than 32 bits.
   * @throws {Deno.errors.BadResource} If they are set and the message is disposed.
   *
   * @example
   * ```ts
   * import { Msghdr, recvmsgSync, unix } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * a.writeSync(new Uint8Array(3));
   * using message = new Msghdr();
   * message.flags = unix.constants.MSG_PEEK;
   * message.addVector(new Uint8Array(8));
   * assertEquals(recvmsgSync(b, message), 3); // and it is still there
   * ```
   */
  get flags(): number {
    return this.#state.arrivedFlags ?? this.#state.flags;
  }

  set flags(flags: number) {
    this.#state.requireUsable();
    this.#state.flags = checkedFlags(flags);
    this.#state.arrivedFlags = undefined;
  }

  /**
   * The number of bytes that the last receive put into the vectors; more than fit, with `MSG_TRUNC`.
   *
   * @example
   * ```ts
   * import { Msghdr, recvmsgSync, unix } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * a.writeSync(new Uint8Array(3));
   * using message = new Msghdr();
   * message.addVector(new Uint8Array(8));
   * recvmsgSync(b, message);
   * assertEquals(message.bytesReceived, 3);
   * ```
   */
  get bytesReceived(): number {
    return this.#state.bytesReceived;
  }

  /**
   * Reset vectors, control messages, name and flags, and close received descriptors that were not taken. A send that
   * waits goes on with the message as it was; a receive that waits rejects as soon as data comes, and takes nothing.
   *
   * @example
   * ```ts
   * import { Msghdr, sendmsgSync, unix } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * using message = new Msghdr();
   * message.addVector(new Uint8Array(3));
   * sendmsgSync(a, message);
   * message.reset();
   * message.addVector(new Uint8Array(5));
   * assertEquals(sendmsgSync(a, message), 5);
   * ```
   */
  reset(): void {
    this.#state.reset();
  }

  /** Close received descriptors that were not taken, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.#state.dispose();
  }
}

/**
 * Check flags of sendmsg(2) and recvmsg(2).
 *
 * @throws {TypeError} If they are no integer.
 * @throws {RangeError} If they have more than 32 bits: the kernel would see others.
 */
export function checkedFlags(flags: number): number {
  if (Number.isInteger(flags) && flags >= -0x80000000 && flags <= 0xffffffff) return flags;
  const message = `Cannot use ${shown(flags)} as flags: give a C int, as MSG_PEEK`;
  throw Number.isInteger(flags) ? new RangeError(message) : new TypeError(message);
}

function requireInts(what: string, level: number, type: number): void {
  if (isInt(level) && isInt(type)) return;
  const [name, value] = isInt(level) ? ["type", type] : ["level", level];
  throw new RangeError(`Cannot ${what} control data: the ${name} is ${shown(value)}; give a C int`);
}

function isInt(value: number): boolean {
  return Number.isInteger(value) && value >= -0x80000000 && value <= 0x7fffffff;
}
