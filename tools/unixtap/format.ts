/**
 * Events as lines: for people, and for machines.
 *
 * @module
 */

import { printable } from "../cli.ts";
import { count, fileText, processText } from "../inspect.ts";
import type { Listening, Passed, TapEvent, Totals } from "./events.ts";
import type { Options } from "./options.ts";

/** Turns an event into text that ends with a newline. */
export type Format = (event: TapEvent) => string;

type FormatOptions = Pick<Options, "json" | "view" | "time">;

/** Choose how events are written. */
export function formatFor(options: FormatOptions, colored: boolean, start: number): Format {
  if (options.json) return (event) => `${JSON.stringify(toJson(event, options))}\n`;
  const paint = colored ? color : (_: Color, text: string) => text;
  return (event) => toText(event, options, paint, start);
}

// For machines.

function toJson(event: TapEvent, options: FormatOptions): Record<string, unknown> {
  const json: Record<string, unknown> = { ...event, time: new Date(event.time).toISOString() };
  if (event.event !== "connect") delete json.process;
  if (event.event !== "message") return json;
  delete json.data;
  return { ...json, ...shownData(event, options.view) };
}

function shownData({ size, data }: Passed, view: Options["view"]): Record<string, unknown> {
  if (view === "none") return {};
  const text = view === "hex" ? undefined : asText(data, view === "text");
  const content = text === undefined ? { hex: data.toHex() } : { text };
  return data.byteLength < size ? { ...content, cut: true } : content;
}

// For people.

type Color = "dim" | "client" | "server" | "file" | "error";
type Paint = (color: Color, text: string) => string;

const CODES: Record<Color, number> = { dim: 2, client: 36, server: 33, file: 35, error: 31 };

const color: Paint = (name, text) => `\x1b[${CODES[name]}m${text}\x1b[0m`;

function toText(event: TapEvent, options: FormatOptions, paint: Paint, start: number): string {
  const time = timeText(event.time, options.time, start);
  const stamp = time === "" ? "" : `${paint("dim", time)} `;
  if (event.event === "listen") return `${stamp}${listenText(event)}\n`;
  const head = `${stamp}#${event.connection}`;
  switch (event.event) {
    case "connect":
      return `${head} connect ${processText(event.process)}\n`;
    case "end":
      return `${head} ${paint(event.from, `${event.from} will send no more`)}\n`;
    case "close": {
      const why = event.error === undefined ? "" : ` ${paint("error", printable(event.error))}`;
      const totals = `client ${totalsText(event.client)}, server ${totalsText(event.server)}`;
      return `${head} close   ${totals}${why}\n`;
    }
    case "message":
      return `${head} ${messageText(event, options, paint)}`;
  }
}

function listenText({ listen, target, type }: Listening): string {
  return `listening on "${printable(listen)}" for "${printable(target)}" (${type})`;
}

function messageText(event: Passed, options: FormatOptions, paint: Paint): string {
  const { from, size, files, sender } = event;
  const direction = from === "client" ? "client → server" : "server → client";
  const by = sender === undefined ? "" : ` from pid ${sender.pid} uid ${sender.uid}`;
  const lines = [`${paint(from, direction)} ${count(size, "byte")}${by}`];
  for (const file of files) lines.push(paint("file", `    + ${fileText(file)}`));
  lines.push(...viewLines(event, options.view).map((it) => `    ${it}`));
  return `${lines.join("\n")}\n`;
}

function timeText(time: number, format: Options["time"], start: number): string {
  if (format === "none") return "";
  if (format === "elapsed") return ((time - start) / 1000).toFixed(3).padStart(9);
  const it = new Date(time);
  const parts = [it.getHours(), it.getMinutes(), it.getSeconds()];
  const clock = parts.map((part) => String(part).padStart(2, "0")).join(":");
  return `${clock}.${String(it.getMilliseconds()).padStart(3, "0")}`;
}

function totalsText({ messages, bytes, files }: Totals): string {
  const carried = files === 0 ? "" : ` with ${count(files, "file")}`;
  return `${count(messages, "message")} of ${count(bytes, "byte")}${carried}`;
}

// Data.

function viewLines({ size, data }: Passed, view: Options["view"]): string[] {
  if (view === "none" || data.byteLength === 0) return [];
  const hidden = size - data.byteLength;
  const rest = hidden > 0 ? [`… ${count(hidden, "byte")} more`] : [];
  const text = view === "hex" ? undefined : asText(data, view === "text");
  return [...(text === undefined ? hexLines(data) : [printable(JSON.stringify(text))]), ...rest];
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Decode text; `undefined` if it is none and `anyway` is off. */
function asText(data: Uint8Array, anyway: boolean): string | undefined {
  if (anyway) return new TextDecoder("utf-8", { ignoreBOM: true }).decode(data);
  // Most data that is no text shows it here, and throwing is slow.
  if (!data.every(isInText)) return undefined;
  try {
    // `stream`: a character may be cut at the end of what is shown.
    return decoder.decode(data, { stream: true });
  } catch {
    return undefined;
  } finally {
    resetDecoder();
  }
}

/** Whether a byte may be part of text, in UTF-8: all but most control characters. */
function isInText(byte: number): boolean {
  return byte >= 0x20 ? byte !== 0x7f : byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

function resetDecoder(): void {
  try {
    decoder.decode();
  } catch {
    // Half a character was left.
  }
}

const ROW = 16;

/** Each byte in a dump: its digits, and itself if it is a character. */
const DIGITS = Array.from({ length: 256 }, (_, it) => `${it.toString(16).padStart(2, "0")} `);
const CHARACTERS = Array.from(
  { length: 256 },
  (_, it) => it > 0x1f && it < 0x7f ? String.fromCharCode(it) : ".",
);

/** The usual dump: offset, bytes, and the characters among them. */
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
