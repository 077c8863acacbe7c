/**
 * Wayland: requests and events with their arguments, as far as the protocol files name them.
 *
 * @module
 */

import type { Side } from "../events.ts";
import { brief, type DecodedFile, type Decoder, Pieces, type Protocol, textOf } from "./decoder.ts";
import type { WaylandArgument, WaylandMessage, WaylandProtocol } from "./wayland_protocol.ts";

const HEADER = 8;

/** The object that every connection begins with. */
const DISPLAY = 1;

/** As many objects are followed. */
const MAX_OBJECTS = 100_000;

class WaylandDecoder implements Decoder {
  readonly #protocol: WaylandProtocol;
  readonly #pieces: Record<Side, Pieces> = { client: new Pieces(), server: new Pieces() };
  /** The interfaces of objects by their numbers. */
  readonly #objects = new Map<number, string>([[DISPLAY, "wl_display"]]);

  constructor(protocol: WaylandProtocol) {
    this.#protocol = protocol;
  }

  decode(from: Side, data: Uint8Array, files: readonly DecodedFile[]): string[] {
    const pieces = this.#pieces[from];
    pieces.add(data);
    const lines: string[] = [];
    const passed = files.map((it) => it.kind);
    while (pieces.length >= HEADER) {
      const { buffer, byteOffset } = pieces.view;
      const head = new DataView(buffer, byteOffset, HEADER);
      const object = head.getUint32(0, true);
      const opcode = head.getUint16(4, true);
      const size = head.getUint16(6, true);
      if (size < HEADER) throw new Error("a message is too short");
      const bytes = pieces.take(size);
      if (bytes === undefined) break;
      lines.push(this.#text(from, object, opcode, bytes.subarray(HEADER), passed));
    }
    return lines;
  }

  #text(from: Side, object: number, opcode: number, body: Uint8Array, files: string[]): string {
    const name = this.#objects.get(object);
    const known = name === undefined ? undefined : this.#protocol.get(name);
    const message = (from === "client" ? known?.requests : known?.events)?.[opcode];
    if (name === undefined || message === undefined) {
      return `${name ?? "object"}#${object}, opcode ${opcode}, ${body.byteLength} bytes`;
    }
    return `${name}#${object}.${message.name}(${this.#arguments(message, body, files)})`;
  }

  #arguments({ arguments: list, name }: WaylandMessage, body: Uint8Array, files: string[]): string {
    const reader = new Reader(body);
    const values = list.map((it) => `${it.name}: ${this.#value(it, reader, files)}`);
    if (name === "delete_id") this.#objects.delete(reader.first);
    return values.join(", ");
  }

  #value({ type, interface: fixed }: WaylandArgument, reader: Reader, files: string[]): string {
    switch (type) {
      case "int":
        return String(reader.uint() | 0);
      case "fixed":
        return String((reader.uint() | 0) / 256);
      case "string":
        return JSON.stringify(brief(textOf(reader.bytes()).replace(/\0$/, "")));
      case "array":
        return `${reader.bytes().byteLength} bytes`;
      case "fd":
        return files.shift() ?? "fd";
      case "object": {
        const id = reader.uint();
        return id === 0 ? "nil" : `${this.#objects.get(id) ?? "object"}#${id}`;
      }
      case "new_id": {
        // Where the protocol leaves the interface open, its name and version come first.
        const name = fixed ?? textOf(reader.bytes()).replace(/\0$/, "");
        const version = fixed === undefined ? ` version ${reader.uint()}` : "";
        const id = reader.uint();
        if (this.#objects.size >= MAX_OBJECTS) throw new Error("there are too many objects");
        this.#objects.set(id, name);
        return `new ${name}#${id}${version}`;
      }
      default:
        return String(reader.uint());
    }
  }
}

/** Reads arguments: 32-bit words in the order of the machine, which is little-endian here. */
class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The first word. */
  get first(): number {
    return this.#view.getUint32(0, true);
  }

  uint(): number {
    this.#offset += 4;
    return this.#view.getUint32(this.#offset - 4, true);
  }

  bytes(): Uint8Array {
    const length = this.uint();
    const start = this.#offset;
    this.#offset += Math.ceil(length / 4) * 4;
    if (this.#offset > this.#bytes.byteLength) throw new RangeError("an argument is too long");
    return this.#bytes.subarray(start, start + length);
  }
}

/** Wayland. */
export const wayland: Protocol = {
  name: "wayland",
  recognizes(from, head): boolean {
    if (from !== "client" || head.byteLength < HEADER + 4) return false;
    const view = new DataView(head.buffer, head.byteOffset, HEADER);
    // The display's sync or get_registry: one new object.
    return view.getUint32(0, true) === DISPLAY && view.getUint16(4, true) <= 1 &&
      view.getUint16(6, true) === HEADER + 4;
  },
  create: ({ wayland: protocol }) => new WaylandDecoder(protocol),
};
