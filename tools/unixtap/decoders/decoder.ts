/**
 * What a decoder is. To add one: write a file that exports a {@linkcode Protocol}, put its name into
 * `names.ts` and the protocol into `mod.ts`, in the order in which they look at the first bytes.
 *
 * A decoder gets the bytes of a connection in the pieces in which they came, and returns a line for each
 * thing that is complete. It keeps what is incomplete in {@linkcode Pieces}, which bounds that. What it
 * throws ends the decoding of this connection, and nothing else.
 *
 * @module
 */

import type { Side } from "../events.ts";
import type { ProtocolName } from "./names.ts";
import type { WaylandProtocol } from "./wayland_protocol.ts";

/** A file that came with a message: decoders only name it. */
export interface DecodedFile {
  readonly kind: string;
  readonly target: string;
}

/** Reads one connection. */
export interface Decoder {
  /** Take bytes of one side, and return what they complete, a line for each thing. */
  decode(from: Side, data: Uint8Array, files: readonly DecodedFile[]): string[];
}

/** What decoders may need. */
export interface DecoderOptions {
  readonly wayland: WaylandProtocol;
}

/** A protocol that is decoded. */
export interface Protocol {
  /** Its name for `--as`. */
  readonly name: ProtocolName;
  /** Whether a connection speaks it, by the first bytes of one side. */
  recognizes(from: Side, head: Uint8Array): boolean;
  /** Make a decoder for a connection. */
  create(options: DecoderOptions): Decoder;
}

/** An incomplete piece may be as long as this, in bytes. */
const MAX_PIECE = 1 << 20;

/** Bytes of one side that are not decoded yet. */
export class Pieces {
  #bytes: Uint8Array = new Uint8Array(0);
  #start = 0;
  #end = 0;
  #skip = 0;

  /**
   * Add bytes.
   *
   * @throws {RangeError} If more are waiting than any message should have.
   */
  add(data: Uint8Array): void {
    const skipped = Math.min(this.#skip, data.byteLength);
    this.#skip -= skipped;
    const rest = data.subarray(skipped);
    const size = this.length + rest.byteLength;
    if (size > MAX_PIECE + data.byteLength) throw new RangeError("a message is too long");
    if (this.#end + rest.byteLength > this.#bytes.byteLength) {
      const grown = new Uint8Array(Math.max(size * 2, 256));
      grown.set(this.#bytes.subarray(this.#start, this.#end));
      this.#end = this.length;
      this.#start = 0;
      this.#bytes = grown;
    }
    this.#bytes.set(rest, this.#end);
    this.#end += rest.byteLength;
  }

  /** How many bytes are there. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** How many bytes are still to be skipped before the next ones count. */
  get skipping(): number {
    return this.#skip;
  }

  /** The bytes that are there: a view, good until more are added. */
  get view(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /** Take bytes, if there are as many; a view, good until more are added. */
  take(count: number): Uint8Array | undefined {
    if (count > this.length) {
      if (count > MAX_PIECE) throw new RangeError("a message is too long");
      return undefined;
    }
    const taken = this.#bytes.subarray(this.#start, this.#start + count);
    this.#start += count;
    return taken;
  }

  /** Take bytes up to a delimiter and with it, if it is there. */
  takeThrough(delimiter: number): Uint8Array | undefined {
    const end = this.view.indexOf(delimiter);
    return end < 0 ? undefined : this.take(end + 1);
  }

  /** Leave bytes out, also those that are yet to come. */
  skip(count: number): void {
    const here = Math.min(count, this.length);
    this.#start += here;
    this.#skip += count - here;
  }
}

const utf8 = new TextDecoder();

/** Decode text, with a sign in place of what is none. */
export function textOf(bytes: Uint8Array): string {
  return utf8.decode(bytes);
}

/** A longer value is cut, in UTF-16 units. */
const LONGEST = 200;

/** Return a value as it is shown: in one line, and not too long. */
export function brief(text: string, limit = LONGEST): string {
  return text.length > limit ? `${text.slice(0, limit)}… (${text.length} characters)` : text;
}

/** Whether bytes begin with a text. */
export function startsWith(bytes: Uint8Array, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[i] !== text.charCodeAt(i)) return false;
  return true;
}
