/**
 * The messages of D-Bus, as far as this example goes: strings, numbers and descriptors.
 *
 * @module
 */

/** A method call that goes out. `h` in the signature stands for the number of a descriptor beside it. */
export interface Call {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  /** The types of the arguments: `s`, `u` or `h` for each. */
  readonly signature?: string;
  readonly args?: readonly (string | number)[];
}

/** A message that came in. */
export interface Received {
  /** 1 a call, 2 an answer, 3 an error, 4 a signal. */
  readonly type: number;
  /** Which call it answers. */
  readonly replyTo: number;
  readonly error: string;
  readonly files: number;
  readonly args: readonly (string | number)[];
}

const CALL = 1;
const LITTLE_ENDIAN = "l".charCodeAt(0);
const FIELD = {
  path: 1,
  interface: 2,
  member: 3,
  error: 4,
  replySerial: 5,
  destination: 6,
  signature: 8,
  files: 9,
} as const;

/** Grows bytes, each value at a multiple of its own size. */
class Writer {
  readonly bytes: number[] = [];

  align(size: number): void {
    while (this.bytes.length % size !== 0) this.bytes.push(0);
  }

  uint(value: number): void {
    this.align(4);
    this.bytes.push(...new Uint8Array(Uint32Array.of(value).buffer));
  }

  string(text: string): void {
    const encoded = new TextEncoder().encode(`${text}\0`);
    this.uint(encoded.byteLength - 1);
    this.bytes.push(...encoded);
  }

  signature(text: string): void {
    this.bytes.push(text.length, ...new TextEncoder().encode(`${text}\0`));
  }

  value(type: string, value: string | number): void {
    if (type === "g") this.signature(String(value));
    else if (typeof value === "string") this.string(value);
    else this.uint(value);
  }
}

/** Write a method call. */
export function encodeCall(call: Call, serial: number): Uint8Array {
  const { signature = "", args = [] } = call;
  const body = new Writer();
  args.forEach((it, i) => body.value(signature[i] ?? "s", it));
  const files = [...signature].filter((it) => it === "h").length;
  const fields: [number, string, string | number][] = [
    [FIELD.path, "o", call.path],
    [FIELD.interface, "s", call.interface],
    [FIELD.member, "s", call.member],
    [FIELD.destination, "s", call.destination],
    [FIELD.signature, "g", signature],
    [FIELD.files, "u", files],
  ];
  const array = new Writer(); // begins at a multiple of 8, as it will in the header
  for (const [code, type, value] of fields) {
    array.align(8);
    array.bytes.push(code);
    array.signature(type);
    array.value(type, value);
  }
  const header = new Writer();
  header.bytes.push(LITTLE_ENDIAN, CALL, 0, 1);
  for (const it of [body.bytes.length, serial, array.bytes.length]) header.uint(it);
  header.bytes.push(...array.bytes);
  header.align(8);
  return new Uint8Array([...header.bytes, ...body.bytes]);
}

/** Reads values back. */
class Reader {
  at = 0;
  readonly #view: DataView;

  constructor(readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  align(size: number): void {
    this.at = Math.ceil(this.at / size) * size;
  }

  uint(): number {
    this.align(4);
    const value = this.#view.getUint32(this.at, true);
    this.at += 4;
    return value;
  }

  text(length: number): string {
    const bytes = this.bytes.subarray(this.at, this.at + length);
    this.at += length + 1;
    return new TextDecoder().decode(bytes);
  }

  signature(): string {
    return this.text(this.bytes[this.at++] ?? 0);
  }

  value(type: string): string | number {
    if (type === "g") return this.signature();
    if (type === "s" || type === "o") return this.text(this.uint());
    if (type === "u" || type === "h") return this.uint();
    throw new Error(`Cannot read a value of type "${type}"`);
  }
}

/** Return the length of the message that `bytes` begin with; `undefined` as long as that is open. */
export function messageLength(bytes: Uint8Array): number | undefined {
  if (bytes.byteLength < 16) return undefined;
  const [, body = 0, , fields = 0] = new Uint32Array(bytes.slice(0, 16).buffer);
  return Math.ceil((16 + fields) / 8) * 8 + body;
}

/** Take a message apart. */
export function decode(bytes: Uint8Array): Received {
  const reader = new Reader(bytes);
  reader.at = 12;
  const end = 16 + reader.uint();
  const fields = new Map<number, string | number>();
  while (reader.at < end) {
    reader.align(8);
    const code = bytes[reader.at++] ?? 0;
    fields.set(code, reader.value(reader.signature()));
  }
  reader.align(8);
  const body = new Reader(bytes.subarray(reader.at));
  const signature = String(fields.get(FIELD.signature) ?? "");
  return {
    type: bytes[1] ?? 0,
    replyTo: Number(fields.get(FIELD.replySerial) ?? 0),
    error: String(fields.get(FIELD.error) ?? ""),
    files: Number(fields.get(FIELD.files) ?? 0),
    args: [...signature].map((type) => body.value(type)),
  };
}
