/**
 * Bytes as text or as a dump. No byte is lost: what is no text shows in hexadecimal digits.
 *
 * @module
 */

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Decode text; `undefined` if not all of it is text.
 *
 * @param isCut Whether more follows that is not there: a character may be cut at the end, and is left out.
 */
export function asText(data: Uint8Array, isCut = false): string | undefined {
  // Most data that is no text shows it here, and throwing is slow.
  for (const byte of data) if (!isInText(byte)) return undefined;
  try {
    return decoder.decode(isCut ? data.subarray(0, wholeCharacters(data)) : data);
  } catch {
    return undefined;
  }
}

/** Whether a byte may be part of text, in UTF-8: all but most control characters. */
function isInText(byte: number): boolean {
  return byte >= 0x20 ? byte !== 0x7f : byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

/** Return the length of data without an incomplete UTF-8 character at its end, in bytes. */
export function wholeCharacters(data: Uint8Array): number {
  const { length } = data;
  for (let back = 1; back <= Math.min(3, length); back++) {
    const byte = data[length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue; // a later byte of a character
    return lengthInUtf8(byte) > back ? length - back : length;
  }
  return length;
}

/** Return how many bytes a character has that begins with `byte`; 0 if none does. */
function lengthInUtf8(byte: number): number {
  if (byte < 0x80) return 1;
  if (byte < 0xc2) return 0;
  return byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : byte < 0xf5 ? 4 : 0;
}

const ESCAPES: Record<number, string> = {
  0x09: "\\t",
  0x0a: "\\n",
  0x0d: "\\r",
  0x22: '\\"',
  0x5c: "\\\\",
};

/** What reorders or breaks a line, although it is a character. */
const STEERING = /[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/** Split bytes into characters as they are shown: escaped if need be, and bytes that are no text as `\xNN`. */
function* characters(data: Uint8Array): Generator<string> {
  for (let i = 0; i < data.length;) {
    const byte = data[i] ?? 0;
    const escape = ESCAPES[byte];
    const length = lengthInUtf8(byte);
    const character = byte >= 0x20 && escape === undefined
      ? decodedCharacter(data, i, length)
      : undefined;
    if (escape !== undefined) yield escape;
    else if (character === undefined) yield `\\x${byte.toString(16).padStart(2, "0")}`;
    else if (!STEERING.test(character)) yield character;
    else yield `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
    i += character === undefined ? 1 : length;
  }
}

function decodedCharacter(data: Uint8Array, offset: number, length: number): string | undefined {
  if (length === 0 || offset + length > data.length) return undefined;
  if (length === 1) return String.fromCharCode(data[offset] ?? 0);
  try {
    return decoder.decode(data.subarray(offset, offset + length));
  } catch {
    return undefined;
  }
}

/**
 * Return bytes as quoted strings: one for each line of text, or several where a line is longer than `width`,
 * as C joins them.
 *
 * @param width The most columns of a string with its quotes; 0 for no limit.
 */
export function quotedLines(data: Uint8Array, width: number): string[] {
  const limit = width === 0 ? Infinity : Math.max(width - 2, 8);
  const lines: string[] = [];
  let line = "";
  for (const character of characters(data)) {
    if (line.length + character.length > limit) {
      lines.push(`"${line}"`);
      line = "";
    }
    line += character;
    if (character !== "\\n") continue;
    lines.push(`"${line}"`);
    line = "";
  }
  if (line !== "") lines.push(`"${line}"`);
  return lines;
}

const ROW = 16;

/** Each byte in a dump: its digits, and itself if it is a character. */
const DIGITS = Array.from({ length: 256 }, (_, it) => `${it.toString(16).padStart(2, "0")} `);
const CHARACTERS = Array.from(
  { length: 256 },
  (_, it) => it > 0x1f && it < 0x7f ? String.fromCharCode(it) : ".",
);

/** Return the usual dump: offset, bytes, and the characters among them. */
export function hexLines(data: Uint8Array): string[] {
  const lines: string[] = [];
  for (let offset = 0; offset < data.byteLength; offset += ROW) {
    let digits = "";
    let text = "";
    for (const byte of data.subarray(offset, offset + ROW)) {
      digits += DIGITS[byte];
      text += CHARACTERS[byte];
    }
    const start = offset.toString(16).padStart(4, "0");
    lines.push(`${start}  ${digits.padEnd(ROW * 3)} ${text}`);
  }
  return lines;
}

/** Break a line after `width` columns, the rest indented; 0 for no limit. */
export function folded(line: string, width: number): string[] {
  if (width === 0 || line.length <= width) return [line];
  const step = Math.max(width - 4, 8);
  const lines = [line.slice(0, width)];
  for (let at = width; at < line.length; at += step) {
    lines.push(`    ${line.slice(at, at + step)}`);
  }
  return lines;
}
