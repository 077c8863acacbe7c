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

/** A byte or a character as it is shown. */
interface Shown {
  readonly text: string;
  /** How many bytes it stands for. */
  readonly length: number;
}

/** Return what begins at `offset` as it is shown, if it is not usual: a byte that is no text as `\xNN`. */
function shownAt(data: Uint8Array, offset: number): Shown {
  const byte = data[offset] ?? 0;
  const length = lengthInUtf8(byte);
  const character = byte >= 0x20 ? decodedCharacter(data, offset, length) : undefined;
  if (character === undefined) return { text: `\\x${hex(byte, 2)}`, length: 1 };
  if (!STEERING.test(character)) return { text: character, length };
  return { text: `\\u${hex(character.codePointAt(0) ?? 0, 4)}`, length };
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

/** Bytes that are shown in one way always: characters of ASCII, some of them escaped. */
const USUAL: readonly (Shown | undefined)[] = Array.from({ length: 127 }, (_, byte) => {
  const text = ESCAPES[byte] ?? (byte >= 0x20 ? String.fromCharCode(byte) : undefined);
  return text === undefined ? undefined : { text, length: 1 };
});

function decodedCharacter(data: Uint8Array, offset: number, length: number): string | undefined {
  if (length === 0 || offset + length > data.length) return undefined;
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
  const flush = (): void => {
    lines.push(`"${line}"`);
    line = "";
  };
  for (let at = 0; at < data.length;) {
    const { text, length } = USUAL[data[at] ?? 0] ?? shownAt(data, at);
    if (line.length + text.length > limit) flush();
    line += text;
    at += length;
    if (text === "\\n") flush();
  }
  if (line !== "") flush();
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
    const start = hex(offset, 4);
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
