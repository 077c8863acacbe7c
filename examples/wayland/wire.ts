/**
 * Wayland's wire: requests out, events in, each for a numbered object, all in words of 32 bits.
 *
 * @module
 */

import type { OwnedFd, Socket } from "@denet/unix";

/** The object that is there from the start, `wl_display`. */
export const DISPLAY = 1;

/** Its event for what a client does wrong. */
const ERROR = 0;

/** A connection to a compositor. */
export class Wire {
  readonly #handlers = new Map<string, (words: Uint32Array) => void>();
  #last = DISPLAY;

  constructor(readonly socket: Socket) {
    this.on(DISPLAY, ERROR, (words) => {
      throw new Error(`The compositor reports an error on object ${words[0]}: ${text(words, 2)}`);
    });
  }

  /** Take the next number for a new object. */
  id(): number {
    return ++this.#last;
  }

  /** Say what to do at an event of an object. */
  on(object: number, opcode: number, handler: (words: Uint32Array) => void): void {
    this.#handlers.set(`${object}.${opcode}`, handler);
  }

  /** Wait for an event of an object. */
  event(object: number, opcode: number): Promise<Uint32Array> {
    return new Promise((resolve) => this.on(object, opcode, resolve));
  }

  /** Send a request; open files go along with it. */
  send(object: number, opcode: number, args: Args, ...files: OwnedFd[]): Promise<number> {
    const words = args.flatMap((it) => typeof it === "number" ? it : stringWords(it));
    const all = Uint32Array.of(object, (words.length + 2) << 18 | opcode, ...words);
    return this.socket.send({ data: new Uint8Array(all.buffer), files });
  }

  /** Handle events as long as the connection lives; throws when it ends, or reports an error. */
  async listen(): Promise<never> {
    let bytes = new Uint8Array(0);
    for await (using message of this.socket.messages()) {
      bytes = new Uint8Array([...bytes, ...message.data]);
      while (bytes.byteLength >= 8) {
        const [object = 0, second = 0] = new Uint32Array(bytes.slice(0, 8).buffer);
        const size = second >>> 16;
        if (size < 8) throw new Error(`Cannot read an event of ${size} bytes`);
        if (bytes.byteLength < size) break;
        const handler = this.#handlers.get(`${object}.${second & 0xffff}`);
        handler?.(new Uint32Array(bytes.slice(8, size).buffer));
        bytes = bytes.slice(size);
      }
    }
    throw new Error("The compositor has closed the connection");
  }
}

type Args = readonly (number | string)[];

/** A string on the wire: its length with the NUL at its end, and its bytes up to the end of a word. */
function stringWords(string: string): number[] {
  const bytes = new TextEncoder().encode(`${string}\0`);
  const words = new Uint32Array(Math.ceil(bytes.byteLength / 4));
  new Uint8Array(words.buffer).set(bytes);
  return [bytes.byteLength, ...words];
}

/** Read the string that begins with a word. */
export function text(words: Uint32Array, start: number): string {
  const length = words[start] ?? 0;
  return new TextDecoder().decode(new Uint8Array(words.buffer, 4 * (start + 1), length - 1));
}
