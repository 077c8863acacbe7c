/**
 * Wayland's wire: requests out, events in, each for a numbered object, all in words of 32 bits.
 *
 * @module
 */

import type { OwnedFd, Socket } from "@denet/unix";
import { Frames, lengthPrefixed } from "@denet/unix/frames";

/** The object that is there from the start, `wl_display`. */
export const DISPLAY = 1;

/** Its event that reports an error of the client. */
const ERROR = 0;

/** Behind the object there are 16 bits for the event, and 16 for the size of the whole. */
const EVENTS = lengthPrefixed({ bytes: 2, offset: 6, littleEndian: true, counts: "frame" });

/** A connection to a compositor. None of the events that are used carries a descriptor. */
export class Wire {
  readonly #events: Frames;
  readonly #handlers = new Map<string, (words: Uint32Array) => void>();
  #last = DISPLAY;

  constructor(socket: Socket) {
    this.#events = new Frames(socket, EVENTS);
    this.on(DISPLAY, ERROR, (words) => {
      throw new Error(`The compositor reports an error on object ${words[0]}: ${text(words, 2)}`);
    });
  }

  /** Take the next number for a new object. */
  id(): number {
    return ++this.#last;
  }

  /** Set the handler for an event of an object. */
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
    return this.#events.send({ data: new Uint8Array(all.buffer), files });
  }

  /** Handle events as long as the connection lives; throws when it ends, or reports an error. */
  async listen(): Promise<never> {
    for await (const { data } of this.#events) {
      const words = new Uint32Array(data.buffer);
      const [object = 0, event = 0] = words;
      this.#handlers.get(`${object}.${event & 0xffff}`)?.(words.subarray(2));
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
  const bytes = new Uint8Array(words.buffer, words.byteOffset + 4 * (start + 1), length - 1);
  return new TextDecoder().decode(bytes);
}
