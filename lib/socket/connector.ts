/**
 * Connecting sockets, with retries while the server's queue is full.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { fcntl, poll } from "../../ffi/syscalls/files.ts";
import { connect } from "../../ffi/syscalls/sockets.ts";
import type { Descriptor } from "../descriptor/descriptor.ts";
import type { Obstacle, Outcome } from "../descriptor/perform.ts";
import { systemError, type SystemErrorInfo } from "../errors.ts";
import type { Destination } from "../address/destination.ts";
import { reasonForRefusal } from "../address/refusal.ts";
import { timedOut } from "./time_limit.ts";

const { EAGAIN } = platform;

/** The first and the longest pause between two attempts, in milliseconds. */
const FIRST_PAUSE = 1;
const LONGEST_PAUSE = 32;

/** Connects one socket. While the server's queue is full it retries: the kernel reports no event for free space. */
export class Connector implements Outcome<void>, Obstacle, Disposable {
  readonly #descriptor: Descriptor;
  readonly #destination: Destination;
  readonly #isNonblocking: boolean;
  /** How long the call may block, in milliseconds; for the message. */
  readonly #timeout: number;
  #pause = FIRST_PAUSE;

  /**
   * @param isNonblocking Whether the descriptor has O_NONBLOCK set, or connecting it never waits.
   * @param timeout How long the call may block, in milliseconds: -1 for no limit.
   * @param owner Must not become garbage meanwhile: that would close the descriptor.
   */
  constructor(
    descriptor: Descriptor,
    destination: Destination,
    isNonblocking: boolean,
    timeout: number,
    readonly owner?: object,
  ) {
    this.#descriptor = descriptor;
    this.#destination = destination;
    this.#isNonblocking = isNonblocking;
    this.#timeout = timeout;
  }

  attempt(): number {
    const { fd } = this.#descriptor;
    const { sockaddr } = this.#destination;
    return this.#isNonblocking ? connect(fd, sockaddr) : connectWithoutBlocking(fd, sockaddr);
  }

  /** Free space in the server's queue. */
  get obstacle(): Obstacle {
    return this;
  }

  wait(signal?: AbortSignal): Promise<void> {
    return this.#descriptor.delay(this.#nextPause(), signal);
  }

  waitSync(timeout: number): void {
    const pause = this.#nextPause();
    poll(-1, 0, timeout < 0 ? pause : Math.min(pause, timeout)); // nothing to poll
  }

  #nextPause(): number {
    const pause = this.#pause;
    this.#pause = Math.min(pause * 2, LONGEST_PAUSE);
    return pause;
  }

  outcome(result: number): void {
    if (result === -EAGAIN) throw timedOut("connect", this.#timeout, this.#destination.display);
    if (result < 0) throw connectError(-result, this.#destination);
  }

  [Symbol.dispose](): void {
    this.#destination[Symbol.dispose]();
  }
}

/** Without O_NONBLOCK a full queue would block the thread. */
function connectWithoutBlocking(fd: number, sockaddr: Uint8Array): number {
  const before = fcntl(fd, platform.F_GETFL, 0);
  if (before < 0) return before;
  if ((before & platform.O_NONBLOCK) !== 0) return connect(fd, sockaddr);
  const set = fcntl(fd, platform.F_SETFL, before | platform.O_NONBLOCK);
  // deno-coverage-ignore -- F_SETFL of an open descriptor does not fail
  if (set < 0) return set;
  const result = connect(fd, sockaddr);
  fcntl(fd, platform.F_SETFL, before);
  return result;
}

function connectError(errno: number, destination: Destination): Error & SystemErrorInfo {
  const { display, name } = destination;
  return systemError(errno, "connect", display, reasonForRefusal(errno, name));
}

/** connect(2) to no address: a datagram socket is connected to nothing again. */
export function dissolve(fd: number): number {
  return connect(fd, UNSPECIFIED);
}

/** A `struct sockaddr` of AF_UNSPEC. */
const UNSPECIFIED = new Uint8Array(16);
