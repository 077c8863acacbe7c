/**
 * The messages of D-Bus, as far as this example goes: texts, numbers and descriptors, little endian.
 *
 * @module
 */

import { OwnedFd } from "@denet/unix";

/** An object to call, with an interface of the same name as its owner on the bus. */
export type Peer = Readonly<Record<"name" | "path", string>>;

/** An argument: a text (`s`), a number (`u`) or a descriptor (`h`). */
export type Value = string | number | OwnedFd;

/** A message that came in; its type is 1 for a call, 2 an answer, 3 an error, 4 a signal. */
export interface Received {
  readonly type: number;
  readonly replyTo: Value | undefined;
  readonly args: readonly Value[];
  /** All descriptors that came with it, whether an argument refers to them or not. */
  readonly files: readonly OwnedFd[];
}

// The fields of a header that are used.
const PATH = 1, INTERFACE = 2, MEMBER = 3, REPLY_TO = 5, TO = 6, TYPES = 8, FILES = 9;

function pad(bytes: number[], size: number): void {
  while (bytes.length % size !== 0) bytes.push(0);
}

function words(...values: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

/** Append a value: types (`g`) after a byte with their length, all others at a multiple of 4. */
function write(bytes: number[], type: string, value: string | number): void {
  const text = new TextEncoder().encode(`${value}\0`);
  if (type === "g") return void bytes.push(text.length - 1, ...text);
  pad(bytes, 4);
  if (typeof value === "number") bytes.push(...words(value));
  else bytes.push(...words(text.length - 1), ...text);
}

/** Write a method call. A descriptor in it is an index into the descriptors that are sent with it. */
export function encodeCall(serial: number, to: Peer, member: string, args: Value[]): Uint8Array {
  const body: number[] = [], fields: number[] = [];
  let files = 0, types = "";
  for (const it of args) {
    const type = typeof it === "string" ? "s" : typeof it === "number" ? "u" : "h";
    write(body, type, it instanceof OwnedFd ? files++ : it);
    types += type;
  }
  const field = (code: number, type: string, value: string | number) => {
    pad(fields, 8);
    fields.push(code);
    write(fields, "g", type);
    write(fields, type, value);
  };
  field(PATH, "o", to.path);
  field(INTERFACE, "s", to.name);
  field(MEMBER, "s", member);
  field(TO, "s", to.name);
  field(TYPES, "g", types);
  field(FILES, "u", files);
  const start = words(body.length, serial, fields.length);
  const header = ["l".charCodeAt(0), 1, 0, 1, ...start, ...fields];
  pad(header, 8);
  return new Uint8Array([...header, ...body]);
}

/** Return the length of the message that `head` begins with: `undefined` as long as that is unknown. */
export function messageLength(head: Uint8Array): number | undefined {
  if (head.byteLength < 16) return undefined;
  const view = new DataView(head.buffer, head.byteOffset, 16);
  const [body, fields] = [view.getUint32(4, true), view.getUint32(12, true)];
  return Math.ceil((16 + fields) / 8) * 8 + body;
}

/** Parse a message, and take its descriptors from the front of `came`, the queue of those that came. */
export function decode(bytes: Uint8Array, came: OwnedFd[]): Received {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields = new Map<number, Value>();
  let at = 16, files: OwnedFd[] = [];
  const align = (size: number) => at = Math.ceil(at / size) * size;
  const text = (length: number) =>
    new TextDecoder().decode(bytes.subarray(at, (at += length + 1) - 1));
  const read = (type: string): Value => {
    if (type === "g") return text(view.getUint8(at++));
    const number = view.getUint32(align(4), true);
    at += 4;
    if ("so".includes(type)) return text(number);
    if ("bu".includes(type)) return number;
    const file = files[number];
    if (type === "h" && file !== undefined) return file;
    throw new Error(`Cannot read a value of type "${type}"`);
  };
  for (const end = 16 + view.getUint32(12, true); at < end;) {
    align(8);
    fields.set(view.getUint8(at++), read(String(read("g"))));
  }
  align(8); // where the body begins
  files = came.splice(0, Number(fields.get(FILES) ?? 0));
  const args = Array.from(String(fields.get(TYPES) ?? ""), read);
  return { type: view.getUint8(1), replyTo: fields.get(REPLY_TO), args, files };
}
