/**
 * JSON objects that end with a newline, as QMP has them, or with a NUL, as varlink has them.
 *
 * @module
 */

import type { Side } from "../events.ts";
import { brief, type Decoder, Pieces, type Protocol, textOf } from "./decoder.ts";

const NUL = 0x00;
const LF = 0x0a;
const OPENING_BRACE = 0x7b;
const OPENING_BRACKET = 0x5b;

/** A longer object is cut, in UTF-16 units. */
const LONGEST = 2000;

class JsonLinesDecoder implements Decoder {
  readonly #pieces: Record<Side, Pieces> = { client: new Pieces(), server: new Pieces() };
  #delimiter: number | undefined;

  decode(from: Side, data: Uint8Array): string[] {
    const pieces = this.#pieces[from];
    pieces.add(data);
    const lines: string[] = [];
    for (;;) {
      const delimiter = this.#delimiter ??= firstDelimiter(pieces.view);
      const bytes = delimiter === undefined ? undefined : pieces.takeThrough(delimiter);
      if (bytes === undefined) return lines;
      const text = textOf(bytes.subarray(0, -1)).trim();
      if (text !== "") lines.push(delimiter === NUL ? varlinkText(text) : brief(text, LONGEST));
    }
  }
}

/** A varlink message has no NUL inside, but may have newlines; a line has no NUL. */
function firstDelimiter(bytes: Uint8Array): number | undefined {
  if (bytes.includes(NUL)) return NUL;
  const end = bytes.lastIndexOf(LF);
  if (end < 0) return undefined;
  const first = bytes.subarray(0, bytes.indexOf(LF));
  try {
    JSON.parse(textOf(first));
    return LF;
  } catch {
    return undefined; // a newline inside an object
  }
}

function varlinkText(text: string): string {
  const message: unknown = JSON.parse(text);
  if (typeof message !== "object" || message === null) return brief(text, LONGEST);
  const { method, error, parameters = {}, ...rest } = message as Record<string, unknown>;
  const flags = Object.entries(rest).filter(([, it]) => it === true).map(([name]) => ` ${name}`);
  const what = method !== undefined
    ? `call ${method}`
    : error !== undefined
    ? `error ${error}`
    : "reply";
  return brief(`${what}${flags.join("")} ${JSON.stringify(parameters)}`, LONGEST);
}

/** JSON lines and varlink. */
export const jsonLines: Protocol = {
  name: "json",
  recognizes(_, head): boolean {
    if (head[0] !== OPENING_BRACE && head[0] !== OPENING_BRACKET) return false;
    const start = textOf(head.subarray(0, 256));
    return /^(?:\{\s*(?:"|\}|$)|\[\s*(?:["{[\d\]]|$))/.test(start);
  },
  create: () => new JsonLinesDecoder(),
};
