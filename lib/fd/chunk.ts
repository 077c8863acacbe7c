/**
 * Reads that return new memory, as large as what was read.
 *
 * @module
 */

import type { Obstacle, Outcome } from "../descriptor/perform.ts";

/**
 * How much is read at a time, in bytes: more than a stream's queue holds on Linux. Chunks of 64 KiB are garbage sooner
 * than V8 collects what is young, and it then marks all of its heap again and again: that takes longer than the reads.
 */
export const CHUNK_SIZE = 262144;

let shared: Uint8Array<ArrayBuffer> | undefined;

/** Memory for the reads of all streams on this thread: what a read has taken is copied in the same step. */
export function sharedChunk(): Uint8Array<ArrayBuffer> {
  return shared ??= new Uint8Array(CHUNK_SIZE);
}

/**
 * Reads into {@linkcode sharedChunk}. Allocating as much for each read, filled with zeros, takes longer than copying
 * the bytes that were read.
 */
export class ChunkRead implements Outcome<Uint8Array<ArrayBuffer> | null> {
  readonly #read: Outcome<number | null>;
  #chunk: Uint8Array<ArrayBuffer> | undefined;

  /** @param read A read into {@linkcode sharedChunk}. */
  constructor(read: Outcome<number | null>) {
    this.#read = read;
  }

  get obstacle(): Obstacle | undefined {
    return this.#read.obstacle;
  }

  attempt(): number {
    const count = this.#read.attempt();
    if (count >= 0) this.#chunk = sharedChunk().slice(0, count);
    return count;
  }

  outcome(count: number): Uint8Array<ArrayBuffer> | null {
    return this.#read.outcome(count) === null ? null : this.#chunk ?? new Uint8Array(0);
  }
}
