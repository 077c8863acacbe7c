/**
 * Values as D-Bus lays them out: the basic types.
 *
 * @module
 */

import { brief, textOf } from "./decoder.ts";

/** The values of a body, up to the first that is no basic one. */
export function readValues(bytes: Uint8Array, signature: string, isLittle: boolean): string {
  const reader = new Reader(bytes, isLittle, 0);
  const values: string[] = [];
  for (const type of signature) {
    const value = reader.value(type);
    if (value === undefined) return [...values, `… of "${signature}"`].join(", ");
    values.push(typeof value === "string" ? JSON.stringify(brief(value)) : String(value));
  }
  return values.join(", ");
}

/** Reads values as the specification lays them out. */
export class Reader {
  readonly #view: DataView;

  constructor(bytes: Uint8Array, readonly isLittle: boolean, public offset: number) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  align(size: number): void {
    this.offset = Math.ceil(this.offset / size) * size;
  }

  #advance(size: number): number {
    this.align(size);
    this.offset += size;
    return this.offset - size;
  }

  byte(): number {
    return this.#view.getUint8(this.offset++);
  }

  #text(length: number): string {
    const { buffer, byteOffset } = this.#view;
    const end = this.offset + length;
    if (end + 1 > this.#view.byteLength) throw new RangeError("a string is too long");
    const text = textOf(new Uint8Array(buffer, byteOffset + this.offset, length));
    this.offset = end + 1; // its NUL
    return text;
  }

  signature(): string {
    return this.#text(this.byte());
  }

  /** A value of a basic type; `undefined` for others. */
  value(type: string): string | number | undefined {
    const { isLittle } = this;
    switch (type) {
      case "y":
        return this.byte();
      case "b":
      case "u":
      case "h":
        return this.#view.getUint32(this.#advance(4), isLittle);
      case "i":
        return this.#view.getInt32(this.#advance(4), isLittle);
      case "n":
        return this.#view.getInt16(this.#advance(2), isLittle);
      case "q":
        return this.#view.getUint16(this.#advance(2), isLittle);
      case "x":
        return String(this.#view.getBigInt64(this.#advance(8), isLittle));
      case "t":
        return String(this.#view.getBigUint64(this.#advance(8), isLittle));
      case "d":
        return this.#view.getFloat64(this.#advance(8), isLittle);
      case "s":
      case "o":
        return this.#text(this.#view.getUint32(this.#advance(4), isLittle));
      case "g":
        return this.signature();
      default:
        return undefined;
    }
  }
}
