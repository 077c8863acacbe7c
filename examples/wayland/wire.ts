/**
 * Wayland's wire: requests out, events in, each for a numbered object.
 *
 * @module
 */

import type { OwnedFd, Socket } from "@denet/unix";

/** The object that is there from the start, `wl_display`. */
export const DISPLAY = 1;

const SYNC = 0;
const ERROR = 0;
const HEADER = 8;

/** Reads the arguments of an event. All numbers are in the machine's order, little endian here. */
export class Arguments {
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  uint(): number {
    const value = this.#view.getUint32(this.#offset, true);
    this.#offset += 4;
    return value;
  }

  string(): string {
    const length = this.uint();
    const { buffer, byteOffset } = this.#view;
    const bytes = new Uint8Array(buffer, byteOffset + this.#offset, length - 1);
    this.#offset += padded(length);
    return new TextDecoder().decode(bytes);
  }
}

type Handler = (args: Arguments) => void;

/** A connection to a compositor. */
export class Wire {
  readonly #socket: Socket;
  readonly #handlers = new Map<string, Handler>();
  #last = DISPLAY;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Take the next number for a new object. */
  id(): number {
    return ++this.#last;
  }

  /** Say what to do at an event of an object. */
  on(object: number, opcode: number, handler: Handler): void {
    this.#handlers.set(`${object}.${opcode}`, handler);
  }

  /** Wait for an event of an object. */
  event(object: number, opcode: number): Promise<Arguments> {
    return new Promise((resolve) => this.on(object, opcode, resolve));
  }

  /** Send a request; an open file goes along with it. */
  async request(
    object: number,
    opcode: number,
    args: readonly (number | string)[],
    file?: OwnedFd,
  ): Promise<void> {
    const parts = args.map((it) => typeof it === "number" ? uint(it) : string(it));
    const size = parts.reduce((sum, { byteLength }) => sum + byteLength, HEADER);
    const data = [uint(object), uint(size << 16 | opcode), ...parts];
    await this.#socket.send({ data, files: file === undefined ? [] : [file] });
  }

  /** Wait until the compositor has done everything that was asked for so far. */
  async roundtrip(): Promise<void> {
    const callback = this.id();
    const done = this.event(callback, 0);
    await this.request(DISPLAY, SYNC, [callback]);
    await done;
  }

  /** Handle events until the connection is closed; an error of the compositor's is thrown. */
  async listen(): Promise<void> {
    this.on(DISPLAY, ERROR, (args) => {
      const [object, code] = [args.uint(), args.uint()];
      throw new Error(`The compositor reports error ${code} on object ${object}: ${args.string()}`);
    });
    let rest = new Uint8Array(0);
    for await (using message of this.#socket.messages()) {
      const bytes = new Uint8Array([...rest, ...message.data]);
      rest = bytes.slice(this.#handleAll(bytes));
    }
  }

  #handleAll(bytes: Uint8Array): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    while (at + HEADER <= bytes.byteLength) {
      const size = view.getUint16(at + 6, true);
      if (size < HEADER) throw new Error(`Cannot read an event of ${size} bytes`);
      if (at + size > bytes.byteLength) break;
      const key = `${view.getUint32(at, true)}.${view.getUint16(at + 4, true)}`;
      this.#handlers.get(key)?.(new Arguments(bytes.subarray(at + HEADER, at + size)));
      at += size;
    }
    return at;
  }
}

function uint(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

function string(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(`${text}\0`);
  const data = new Uint8Array(4 + padded(bytes.byteLength));
  data.set(uint(bytes.byteLength));
  data.set(bytes, 4);
  return data;
}

function padded(length: number): number {
  return (length + 3) & ~3;
}
