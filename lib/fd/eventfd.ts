/**
 * Whether a value fits an event counter, eventfd(2), and waiting until it may.
 *
 * @module
 */

import { byteLengthOf, cString, viewOf } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { closeFd, open, poll, read } from "../../ffi/syscalls/files.ts";
import type { Descriptor } from "../descriptor/descriptor.ts";
import type { Obstacle } from "../descriptor/perform.ts";
import { WRITABLE } from "../reactor/mod.ts";

/** The largest value of a counter. */
const LARGEST = 2n ** 64n - 2n;

/** The longest time between two attempts, in milliseconds. */
const LONGEST_PAUSE = 32;

/**
 * Whether write(2) of `bytes` would block: their value does not fit the counter. What the kernel refuses at once does
 * not block. poll(2) tells only whether 1 fits; for other values the counter is read, which takes ten times as long.
 */
export function wouldBlock(fd: number, bytes: Uint8Array): boolean {
  if (byteLengthOf(bytes) < 8) return false;
  const { buffer, byteOffset } = viewOf(bytes, 0, 8);
  const value = new DataView(buffer, byteOffset).getBigUint64(0, true);
  if (value > LARGEST || (value === 1n && poll(fd, WRITABLE, 0) === WRITABLE)) return false;
  const counter = counterOf(fd);
  return counter !== undefined && counter + value > LARGEST;
}

/** Return the value of a counter, from `/proc`; `undefined` if it is none, or the system does not tell. */
export function counterOf(fd: number): bigint | undefined {
  const info = open(cString(`/proc/self/fdinfo/${fd}`), platform.O_RDONLY | platform.O_CLOEXEC);
  if (info < 0) return undefined;
  const text = new Uint8Array(512);
  const length = read(info, text);
  closeFd(info);
  const [, digits] =
    /^eventfd-count:\s*([0-9a-f]+)$/m.exec(new TextDecoder().decode(text.subarray(0, length))) ??
      [];
  return digits === undefined ? undefined : BigInt(`0x${digits}`);
}

/** A counter without space for a value, while poll(2) reports that it can be written to: pauses between attempts. */
export class FullCounter implements Obstacle {
  /** It makes no call that could have a result. */
  readonly result: undefined;
  readonly #descriptor: Descriptor;
  #pause = 1;

  constructor(descriptor: Descriptor) {
    this.#descriptor = descriptor;
  }

  wait(signal?: AbortSignal): Promise<void> {
    return this.#descriptor.delay(this.#nextPause(), signal);
  }

  waitSync(): void {
    poll(this.#descriptor.fd, 0, this.#nextPause());
  }

  #nextPause(): number {
    const pause = this.#pause;
    this.#pause = Math.min(LONGEST_PAUSE, pause * 2);
    return pause;
  }
}
