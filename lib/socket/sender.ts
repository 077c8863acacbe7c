/**
 * One outgoing message, from the first attempt to the last byte in the kernel: for `Socket.send` and sendmsg
 * alike, so that they wait, hold and fail in the same way.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import type { Destination } from "../address/destination.ts";
import type { Descriptor } from "../descriptor/descriptor.ts";
import type { Obstacle, Outcome } from "../descriptor/perform.ts";
import { check } from "../errors.ts";
import { FullQueue, isFullQueue } from "./full_queue.ts";
import type { Outgoing } from "./outgoing.ts";
import type { SocketType } from "./socket_type.ts";

const { EAGAIN, MSG_DONTWAIT } = platform;

/**
 * Sends one message. Its control messages go out with the first byte only: after a short write they must not be
 * sent again.
 */
export class Sender implements Outcome<number>, Disposable {
  readonly #descriptor: Descriptor;
  readonly #type: SocketType;
  readonly #outgoing: Outgoing;
  readonly #destination: Destination | undefined;
  readonly #flags: number;
  readonly #isWhole: boolean;
  #obstacle: FullQueue | undefined;
  #sent = 0;

  /**
   * @param destination Where to send it, on an unconnected datagram socket; the sender disposes it.
   * @param flags Flags of sendmsg(2), beside `MSG_DONTWAIT`.
   * @param isWhole Whether to go on until all data is in the kernel, rather than send what it takes at once.
   * @param owner An object that must not become garbage while the message waits: that would close the descriptor.
   */
  constructor(
    descriptor: Descriptor,
    type: SocketType,
    outgoing: Outgoing,
    destination: Destination | undefined,
    flags: number,
    isWhole: boolean,
    readonly owner?: object,
  ) {
    this.#descriptor = descriptor;
    this.#type = type;
    this.#outgoing = outgoing;
    this.#destination = destination;
    this.#flags = flags | MSG_DONTWAIT;
    this.#isWhole = isWhole;
    this.#obstacle = undefined;
  }

  /** The number of bytes sent so far. */
  get sent(): number {
    return this.#sent;
  }

  /** What an unconnected datagram socket waits for: its own readiness says nothing about the receiver. */
  get obstacle(): Obstacle | undefined {
    return this.#obstacle;
  }

  attempt(): number {
    const { fd } = this.#descriptor;
    const outgoing = this.#outgoing;
    const sockaddr = this.#destination?.sockaddr ?? null;
    for (;;) {
      outgoing.requireSize();
      const count = outgoing.transfer(fd, this.#sent, sockaddr, this.#flags);
      if (count < 0) return this.#refused(count);
      this.#sent += count;
      if (!this.#isWhole || this.#sent >= outgoing.size) return this.#sent;
    }
  }

  /** Tell a full queue from a failure. */
  #refused(error: number): number {
    if (!isFullQueue(error, this.#type)) return error;
    const needsObstacle = this.#destination !== undefined || error !== -EAGAIN;
    if (needsObstacle) this.#obstacle ??= new FullQueue(this.#descriptor, this.#destination);
    return -EAGAIN;
  }

  /** Return the number of bytes sent. */
  outcome(count: number): number {
    return check(count, "sendmsg", this.#destination?.display);
  }

  beforeWait(): void {
    this.#outgoing.hold(this.#sent);
  }

  [Symbol.dispose](): void {
    this.#outgoing.release();
    this.#destination?.[Symbol.dispose]();
    this.#obstacle?.[Symbol.dispose]();
  }
}
