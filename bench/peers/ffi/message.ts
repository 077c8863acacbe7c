import { addressOf } from "./libc.ts";

/** A `msghdr` of 64-bit Linux with one byte of data and capacity for one descriptor. */
export class FdMessage {
  readonly header: Uint8Array<ArrayBuffer> = new Uint8Array(56);
  readonly data: Uint8Array<ArrayBuffer>;
  #headerView: DataView = new DataView(this.header.buffer);
  #iov: Uint8Array<ArrayBuffer> = new Uint8Array(16);
  #control: Uint8Array<ArrayBuffer> = new Uint8Array(24);
  #controlView: DataView = new DataView(this.#control.buffer);

  constructor(size: number) {
    this.data = new Uint8Array(size);
    const iov = new DataView(this.#iov.buffer);
    iov.setBigUint64(0, addressOf(this.data), true);
    iov.setBigUint64(8, BigInt(size), true);
    this.#headerView.setBigUint64(16, addressOf(this.#iov), true);
    this.#headerView.setBigUint64(24, 1n, true);
    this.#headerView.setBigUint64(32, addressOf(this.#control), true);
    this.expect();
  }

  /** Puts a descriptor into the control buffer. */
  carry(fd: number): void {
    this.#controlView.setUint32(0, 20, true);
    this.#controlView.setUint32(8, 1, true);
    this.#controlView.setUint32(12, 1, true);
    this.#controlView.setInt32(16, fd, true);
    this.expect();
  }

  /** Leaves the control buffer out. */
  carryNothing(): void {
    this.#headerView.setUint32(40, 0, true);
  }

  /** Reserves capacity for one descriptor before the next receive. */
  expect(): void {
    this.#headerView.setUint32(40, this.#control.length, true);
  }

  /** The descriptor that came, or -1. */
  taken(): number {
    if (this.#headerView.getUint32(40, true) < 20) return -1;
    const rights = this.#controlView.getUint32(8, true) === 1 &&
      this.#controlView.getUint32(12, true) === 1;
    return rights ? this.#controlView.getInt32(16, true) : -1;
  }
}
