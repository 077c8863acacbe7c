/**
 * D-Bus: the authentication, and what messages are about.
 *
 * @module
 */

import type { Side } from "../events.ts";
import {
  type DecodedFile,
  type Decoder,
  Pieces,
  type Protocol,
  startsWith,
  textOf,
} from "./decoder.ts";
import { Reader, readValues } from "./dbus_values.ts";

const LF = 0x0a;
const LITTLE_ENDIAN = 0x6c;
const BIG_ENDIAN = 0x42;

/** The part of a header whose length is fixed. */
const FIXED = 16;
const MAX_MESSAGE = 1 << 27;

const TYPES = ["invalid", "call", "return", "error", "signal"];

/** Header fields by their codes. */
const PATH = 1;
const INTERFACE = 2;
const MEMBER = 3;
const ERROR_NAME = 4;
const REPLY_SERIAL = 5;
const DESTINATION = 6;
const SIGNATURE = 8;

type Fields = Map<number, string | number>;

class DbusDecoder implements Decoder {
  readonly #pieces: Record<Side, Pieces> = { client: new Pieces(), server: new Pieces() };
  readonly #isText: Record<Side, boolean> = { client: true, server: true };

  decode(from: Side, data: Uint8Array, files: readonly DecodedFile[]): string[] {
    const pieces = this.#pieces[from];
    pieces.add(data);
    const lines: string[] = [];
    for (;;) {
      const line = this.#isText[from] ? this.#authLine(from, pieces) : message(pieces);
      if (line === undefined) break;
      if (line !== "") lines.push(line);
    }
    if (files.length > 0) lines.push(`with ${files.map((it) => it.kind).join(", ")}`);
    return lines;
  }

  /** A line of the authentication; the client's first byte is NUL, and its last line is BEGIN. */
  #authLine(from: Side, pieces: Pieces): string | undefined {
    if (pieces.view[0] === 0) pieces.skip(1);
    const [first, , , version] = pieces.view;
    if ((first === LITTLE_ENDIAN || first === BIG_ENDIAN) && version === 1) {
      this.#isText[from] = false;
      return "";
    }
    const bytes = pieces.takeThrough(LF);
    if (bytes === undefined) return undefined;
    const line = textOf(bytes).trim();
    if (from === "client" && line === "BEGIN") this.#isText.client = false;
    return line.replace(/^(AUTH (?!EXTERNAL|ANONYMOUS)\S+|DATA) .*/, "$1 …");
  }
}

/** One message; `undefined` if it is not all there. */
function message(pieces: Pieces): string | undefined {
  if (pieces.length < FIXED) return undefined;
  const { buffer, byteOffset, byteLength } = pieces.view;
  const head = new DataView(buffer, byteOffset, byteLength);
  const order = head.getUint8(0);
  if (order !== LITTLE_ENDIAN && order !== BIG_ENDIAN) {
    throw new Error("this is no message of D-Bus");
  }
  const isLittle = order === LITTLE_ENDIAN;
  const bodyLength = head.getUint32(4, isLittle);
  const fieldsLength = head.getUint32(12, isLittle);
  const headLength = FIXED + Math.ceil(fieldsLength / 8) * 8;
  if (headLength + bodyLength > MAX_MESSAGE) throw new Error("a message is too long");
  const bytes = pieces.take(headLength);
  if (bytes === undefined) return undefined;
  const type = TYPES[head.getUint8(1)] ?? "unknown";
  const serial = head.getUint32(8, isLittle);
  const fields = readFields(bytes.slice(0, FIXED + fieldsLength), isLittle);
  const body = pieces.length >= bodyLength && bodyLength < 4096
    ? pieces.take(bodyLength)?.slice()
    : pieces.skip(bodyLength);
  const values = body
    ? ` (${readValues(body, String(fields.get(SIGNATURE) ?? ""), isLittle)})`
    : "";
  return described(type, serial, fields) + (values || ` (${bodyLength} bytes)`);
}

function described(type: string, serial: number, fields: Fields): string {
  const [path, name, member] = [PATH, INTERFACE, MEMBER].map((it) => fields.get(it) ?? "");
  const destination = fields.has(DESTINATION) ? ` to ${fields.get(DESTINATION)}` : "";
  const reply = fields.has(REPLY_SERIAL) ? ` to ${fields.get(REPLY_SERIAL)}` : "";
  if (type === "return") return `return ${serial}${reply}`;
  if (type === "error") return `error ${serial}${reply} ${fields.get(ERROR_NAME)}`;
  return `${type} ${serial}${destination} ${path} ${name === "" ? "" : `${name}.`}${member}`;
}

function readFields(bytes: Uint8Array, isLittle: boolean): Fields {
  const reader = new Reader(bytes, isLittle, FIXED);
  const fields: Fields = new Map();
  while (reader.offset < bytes.byteLength) {
    reader.align(8);
    const code = reader.byte();
    const signature = reader.signature();
    const value = reader.value(signature);
    if (value !== undefined) fields.set(code, value);
  }
  return fields;
}

/** D-Bus. */
export const dbus: Protocol = {
  name: "dbus",
  recognizes(from, head): boolean {
    if (from === "client" && head[0] === 0) {
      return head.byteLength === 1 || startsWith(head.subarray(1), "AUTH");
    }
    const [order, type = 0, , version] = head;
    return head.byteLength >= FIXED && (order === LITTLE_ENDIAN || order === BIG_ENDIAN) &&
      version === 1 && type > 0 && type < TYPES.length;
  },
  create: () => new DbusDecoder(),
};
