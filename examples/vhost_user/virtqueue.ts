/**
 * A split virtqueue in shared memory with one request at a time, by the virtio specification 1.2, sections
 * 2.7 and 5.2. The two sides see the same memory; numbers are little-endian.
 *
 * @module
 */

/** Entries of the queue. */
export const ENTRIES = 8;

/** Where the parts of the queue and of a request lie in the memory, in bytes from its start. */
export const AT = {
  descriptors: 0x0000,
  available: 0x1000,
  used: 0x2000,
  header: 0x3000,
  status: 0x3100,
  data: 0x4000,
} as const;

const NEXT = 1, WRITE = 2;
const READ_SECTORS = 0;
const SECTOR = 512;

/** The requests to a block device. */
export class BlockQueue {
  readonly #memory: Uint8Array;
  readonly #view: DataView;
  readonly #availableIndex: Uint16Array;
  readonly #usedIndex: Uint16Array;

  constructor(memory: Uint8Array) {
    const { buffer, byteOffset } = memory;
    this.#memory = memory;
    this.#view = new DataView(buffer, byteOffset, memory.byteLength);
    this.#availableIndex = new Uint16Array(buffer, byteOffset + AT.available + 2, 1);
    this.#usedIndex = new Uint16Array(buffer, byteOffset + AT.used + 2, 1);
  }

  /** Put a request to read `count` sectors into the queue. */
  request(sector: bigint, count: number): void {
    this.#view.setUint32(AT.header, READ_SECTORS, true);
    this.#view.setBigUint64(AT.header + 8, sector, true);
    this.#memory[AT.status] = 0xff;
    this.#describe(0, AT.header, 16, NEXT, 1);
    this.#describe(1, AT.data, count * SECTOR, NEXT | WRITE, 2);
    this.#describe(2, AT.status, 1, WRITE, 0);
    const index = this.#availableIndex[0] ?? 0;
    this.#view.setUint16(AT.available + 4 + (index % ENTRIES) * 2, 0, true);
    // The other side may look at any time: the index last.
    Atomics.store(this.#availableIndex, 0, index + 1);
  }

  #describe(entry: number, at: number, length: number, flags: number, next: number): void {
    const place = AT.descriptors + entry * 16;
    this.#view.setBigUint64(place, BigInt(at), true);
    this.#view.setUint32(place + 8, length, true);
    this.#view.setUint16(place + 12, flags, true);
    this.#view.setUint16(place + 14, next, true);
  }

  /** Whether the device has answered all requests. */
  get isDone(): boolean {
    return Atomics.load(this.#usedIndex, 0) === Atomics.load(this.#availableIndex, 0);
  }

  /** Return a copy of what was read. */
  result(count: number): Uint8Array {
    const status = this.#memory[AT.status];
    if (status !== 0) throw new Error(`The device answered with status ${status}`);
    return this.#memory.slice(AT.data, AT.data + count * SECTOR);
  }
}
