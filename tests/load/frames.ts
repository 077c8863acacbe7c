/**
 * Messages that show whether they arrived whole, in their order and with their own descriptor.
 *
 * A message is six 32-bit words and a payload: its length in all, the connection, the number of the
 * message on it, 1 if a descriptor comes along, the checksum of the payload, and 0.
 *
 * @module
 */

import { OwnedFd } from "../../mod.ts";

/** The length of a header, in bytes. */
export const HEADER = 24;

/** The largest message, in bytes. */
export const LONGEST = HEADER + 512;

/** FNV-1a. */
export function checksum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  return hash >>> 0;
}

/** Write a message into `memory`; the part that it takes. */
export function writeFrame(
  memory: Uint8Array,
  connection: number,
  number: number,
  hasFile: boolean,
): Uint8Array {
  const length = HEADER + (Math.imul(number ^ connection, 0x9e3779b1) >>> 23); // up to 511
  const view = new DataView(memory.buffer, memory.byteOffset, length);
  for (let i = HEADER; i < length; i++) memory[i] = (number + i * connection) & 0xff;
  const sum = checksum(memory.subarray(HEADER, length));
  const words = [length, connection, number, hasFile ? 1 : 0, sum, 0];
  for (const [i, word] of words.entries()) view.setUint32(i * 4, word, true);
  return memory.subarray(0, length);
}

/** A memory file that says which message it belongs to. */
export function tagged(connection: number, number: number): OwnedFd {
  return OwnedFd.memfd("tag", new Uint8Array(new Uint32Array([connection, number]).buffer));
}

/** Checks the messages of one connection. */
export class FrameChecker {
  /** How many messages came. */
  messages = 0;
  /** How many descriptors came. */
  files = 0;
  #connection = -1;
  #rest = new Uint8Array(0);
  #waiting: OwnedFd[] = [];

  /** Take what one receive brought. @throws {Error} If anything is not as it was sent. */
  take(data: Uint8Array, files: OwnedFd[]): void {
    this.#waiting.push(...files.splice(0));
    let bytes = data;
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + data.length);
      bytes.set(this.#rest);
      bytes.set(data, this.#rest.length);
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    while (bytes.length - at >= HEADER) {
      const length = view.getUint32(at, true);
      if (length < HEADER || length > LONGEST) throw new Error(`A message of ${length} bytes`);
      if (bytes.length - at < length) break;
      this.#check(view, at, bytes.subarray(at + HEADER, at + length));
      at += length;
    }
    this.#rest = bytes.slice(at);
  }

  #check(view: DataView, at: number, payload: Uint8Array): void {
    const [connection, number, hasFile, sum] = [4, 8, 12, 16].map((it) =>
      view.getUint32(at + it, true)
    );
    if (this.#connection < 0) this.#connection = connection ?? -1;
    if (connection !== this.#connection) {
      throw new Error(`A message of connection ${connection} on connection ${this.#connection}`);
    }
    if (number !== this.messages) {
      throw new Error(`Message ${number} came instead of ${this.messages}`);
    }
    if (sum !== checksum(payload)) throw new Error(`Message ${number} is damaged`);
    if (hasFile === 1) this.#checkFile(number);
    this.messages++;
  }

  #checkFile(number: number): void {
    const file = this.#waiting.shift();
    if (file === undefined) throw new Error(`The descriptor of message ${number} is missing`);
    const tag = new Uint32Array(2);
    file.readSync(new Uint8Array(tag.buffer));
    file.close();
    if (tag[0] !== this.#connection || tag[1] !== number) {
      throw new Error(`The descriptor of message ${tag[1]} came with message ${number}`);
    }
    this.files++;
  }

  /** Check that nothing is left over at the end. */
  finish(): void {
    const left = this.#waiting.length;
    for (const file of this.#waiting.splice(0)) file.close();
    if (this.#rest.length > 0) throw new Error(`Half a message: ${this.#rest.length} bytes`);
    if (left > 0) throw new Error(`${left} descriptors that belong to no message`);
  }

  /** Forget what is left of a connection that broke. */
  [Symbol.dispose](): void {
    for (const file of this.#waiting.splice(0)) file.close();
  }
}
