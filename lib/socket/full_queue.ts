/**
 * The full queue of a datagram receiver, and the error for control data without a byte of data.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { poll } from "../../ffi/syscalls/files.ts";
import { connect, socket } from "../../ffi/syscalls/sockets.ts";
import { Descriptor } from "../descriptor/descriptor.ts";
import type { Destination } from "../address/destination.ts";
import { WRITABLE } from "../reactor/mod.ts";
import type { SocketType } from "./socket_type.ts";
import type { Obstacle } from "../descriptor/perform.ts";

/**
 * Return the error for control data that a stream would drop silently.
 *
 * @param what The control data, as in "descriptors".
 */
export function controlNeedsByte(what: string): TypeError {
  return new TypeError(
    `Cannot pass ${what} without data on a stream: the kernel would drop them; send at least one byte with them`,
  );
}

/** Whether a send was refused only for now. */
export function isFullQueue(result: number, type: SocketType): boolean {
  return result === -platform.EAGAIN ||
    (type !== "stream" && platform.fullQueueIsNobufs && result === -platform.ENOBUFS);
}

/**
 * The full queue of a datagram receiver. A socket of its own, connected to the receiver, becomes
 * writable when there is space again: that of an unconnected sender is always writable.
 */
export class FullQueue implements Obstacle, Disposable {
  readonly #sender: Descriptor;
  readonly #probe: Descriptor | undefined;
  #woken = false;

  constructor(sender: Descriptor, destination: Destination | undefined) {
    this.#sender = sender;
    if (destination === undefined || platform.fullQueueIsNobufs) return;
    const fd = socket(platform.SOCK_DGRAM, { cloexec: true, nonblocking: true });
    if (fd < 0) return;
    this.#probe = new Descriptor(fd, sender.owner);
    if (connect(fd, destination.sockaddr) < 0) this.#probe.close();
    else sender.closeTogether(this.#probe);
  }

  /** Wait for space in the queue; without a usable probe, for a millisecond. */
  async wait(signal?: AbortSignal): Promise<void> {
    if (this.#canTell()) await this.#probe?.wait(WRITABLE, signal);
    else await this.#sender.delay(1, signal);
  }

  waitSync(timeout: number): void {
    if (this.#canTell() && this.#probe !== undefined) poll(this.#probe.fd, WRITABLE, timeout);
    else poll(this.#sender.fd, 0, 1);
  }

  /** Two wake-ups in a row without success mean that the probe is writable although the queue is full. */
  #canTell(): boolean {
    if (this.#probe === undefined || (this.#probe.closed && !this.#sender.closed)) return false;
    this.#woken = !this.#woken;
    return this.#woken;
  }

  [Symbol.dispose](): void {
    if (this.#probe === undefined) return;
    this.#sender.closeApart(this.#probe);
    this.#probe.close();
  }
}
