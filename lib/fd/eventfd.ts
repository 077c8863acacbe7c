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
import type { ThreadedCall } from "./thread_call.ts";

/** The largest value of a counter. */
const LARGEST = 2n ** 64n - 2n;

/** The longest time between two attempts, in milliseconds. */
const LONGEST_PAUSE = 32;

/**
 * The sum of what threads are writing now. It is not kept for each counter: two descriptors may be of the same one,
 * and where it is not, the only cost is a pause.
 */
let underWay = 0n;

/** Return the value that write(2) of `bytes` adds; `undefined` if the kernel refuses it. */
function valueOf(bytes: Uint8Array): bigint | undefined {
  if (byteLengthOf(bytes) < 8) return undefined;
  const { buffer, byteOffset } = viewOf(bytes, 0, 8);
  const value = new DataView(buffer, byteOffset).getBigUint64(0, true);
  return value > LARGEST ? undefined : value;
}

/**
 * Whether write(2) of `bytes` could block: their value does not fit the counter, or may not after the writes that are
 * under way. What the kernel refuses at once does not block. poll(2) tells only whether 1 fits; for other values the
 * counter is read, which takes ten times as long.
 */
export function couldBlock(fd: number, bytes: Uint8Array): boolean {
  const value = valueOf(bytes);
  if (value === undefined) return false;
  if (value === 1n && underWay === 0n && poll(fd, WRITABLE, 0) === WRITABLE) return false;
  const counter = counterOf(fd);
  return counter !== undefined && counter + underWay + value > LARGEST;
}

/** Make a write on a thread, and let {@linkcode couldBlock} know of it meanwhile. */
export async function writeUnderWay(
  bytes: Uint8Array,
  write: () => Promise<number>,
): Promise<number> {
  const value = valueOf(bytes) ?? 0n;
  underWay += value;
  try {
    return await write();
  } finally {
    underWay -= value;
  }
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

/**
 * A counter without space for a value, while poll(2) reports that it can be written to: pauses between attempts. In the
 * calling thread, the write itself may block.
 */
export class FullCounter implements Obstacle {
  /** The result of a write in the calling thread. */
  result: number | undefined;
  readonly #descriptor: Descriptor;
  readonly #write: ThreadedCall;
  #pause = 1;

  constructor(descriptor: Descriptor, write: ThreadedCall) {
    this.#descriptor = descriptor;
    this.#write = write;
  }

  wait(signal?: AbortSignal): Promise<void> {
    return this.#descriptor.delay(this.#nextPause(), signal);
  }

  waitSync(): void {
    // A thread that is writing to the same counter has the first turn.
    poll(this.#descriptor.fd, 0, this.#nextPause());
    this.result = this.#write.here(this.#descriptor.fd);
  }

  #nextPause(): number {
    const pause = this.#pause;
    this.#pause = Math.min(LONGEST_PAUSE, pause * 2);
    return pause;
  }
}
