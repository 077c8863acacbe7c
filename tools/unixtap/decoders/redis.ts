/**
 * The protocol of redis, RESP: commands and their answers.
 *
 * @module
 */

import type { Side } from "../events.ts";
import { brief, type Decoder, Pieces, type Protocol, startsWith, textOf } from "./decoder.ts";

const LF = 0x0a;

/** A longer array is cut. */
const MOST_ITEMS = 16;
const MAX_DEPTH = 8;

/** An incomplete array is parsed anew with each piece: what is longer is not decoded. */
const MAX_ITEMS = 10_000;

/** A parsed value with the offset behind it. */
interface Value {
  readonly text: string;
  readonly end: number;
}

class RedisDecoder implements Decoder {
  readonly #pieces: Record<Side, Pieces> = { client: new Pieces(), server: new Pieces() };

  decode(from: Side, data: Uint8Array): string[] {
    const pieces = this.#pieces[from];
    pieces.add(data);
    const lines: string[] = [];
    for (;;) {
      const value = parse(pieces.view, 0, from === "client", 0);
      if (value === undefined) return lines;
      pieces.skip(value.end);
      lines.push(brief(value.text, 1000));
    }
  }
}

/** Parse one value; `undefined` if it is not all there. */
function parse(
  bytes: Uint8Array,
  start: number,
  isCommand: boolean,
  depth: number,
): Value | undefined {
  const lineEnd = bytes.indexOf(LF, start);
  if (lineEnd < 0) return undefined;
  const line = textOf(bytes.subarray(start + 1, lineEnd)).replace(/\r$/, "");
  const kind = String.fromCharCode(bytes[start] ?? 0);
  const end = lineEnd + 1;
  switch (kind) {
    case "+":
    case ":":
    case ",":
    case "#":
    case "(":
      return { text: line, end };
    case "-":
      return { text: `error ${line}`, end };
    case "_":
      return { text: "(nil)", end };
    case "$":
    case "=":
    case "!":
      return bulk(bytes, end, lengthIn(line), isCommand);
    case "*":
    case "~":
    case ">":
      return array(bytes, end, lengthIn(line), isCommand, depth);
    case "%":
      return array(bytes, end, lengthIn(line) * 2, isCommand, depth);
    default:
      // A command as a person types it.
      if (isCommand && depth === 0 && /[a-z\r\n]/i.test(kind)) return { text: kind + line, end };
      throw new Error("this is no value of RESP");
  }
}

function lengthIn(line: string): number {
  if (!/^-?\d{1,10}$/.test(line)) throw new Error("a length is no number");
  return Number(line);
}

function bulk(bytes: Uint8Array, start: number, size: number, bare: boolean): Value | undefined {
  if (size < 0) return { text: "(nil)", end: start };
  if (start + size + 2 > bytes.length) return undefined;
  const text = brief(textOf(bytes.subarray(start, start + size)));
  return {
    text: bare && /^[^\s"]+$/.test(text) ? text : JSON.stringify(text),
    end: start + size + 2,
  };
}

function array(
  bytes: Uint8Array,
  start: number,
  count: number,
  isCommand: boolean,
  depth: number,
): Value | undefined {
  if (count < 0) return { text: "(nil)", end: start };
  if (count > MAX_ITEMS) throw new Error("an array is too long");
  if (depth >= MAX_DEPTH) throw new Error("arrays are nested too deeply");
  const items: string[] = [];
  let end = start;
  for (let i = 0; i < count; i++) {
    const item = parse(bytes, end, isCommand, depth + 1);
    if (item === undefined) return undefined;
    if (i < MOST_ITEMS) items.push(item.text);
    end = item.end;
  }
  if (count > MOST_ITEMS) items.push(`… (${count} items)`);
  return { text: isCommand && depth === 0 ? items.join(" ") : `[${items.join(", ")}]`, end };
}

/** RESP, versions 2 and 3. */
export const redis: Protocol = {
  name: "redis",
  recognizes: (from, head) =>
    from === "client" && startsWith(head, "*") &&
    /^\*\d{1,7}\r\n\$\d{1,9}\r\n/.test(textOf(head.subarray(0, 32))),
  create: () => new RedisDecoder(),
};
