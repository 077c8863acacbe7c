/**
 * Events as text.
 *
 * @module
 */

import { count, printable } from "../../cli/text.ts";
import { fileText } from "../../inspect/file.ts";
import { processText } from "../../inspect/process.ts";
import type { Answers, Passed, Side, Summary, TapEvent, Totals } from "../events.ts";
import { passes } from "../filter.ts";
import type { Filter, Options } from "../options.ts";
import type { Formatter } from "../output.ts";
import { asText, folded, hexLines, quotedLines, wholeCharacters } from "./data.ts";
import type { Decoding } from "./decoding.ts";
import { type Color, type Paint, painter } from "./paint.ts";
import { clockText, Stamp } from "./stamp.ts";

/** How events are shown. */
export interface TextOptions extends Pick<Options, "view" | "bytes" | "time"> {
  readonly filter: Filter;
  readonly isColored: boolean;
  /** Columns of a line; 0 for no limit. */
  readonly width: number;
  /** When the tool was started, in milliseconds since 1970. */
  readonly start: number;
}

/** What stands before the data of a message. */
const INDENT = "    ";

/** The fixed part of a "connect" line: the number, the word, the process and its user. */
const CONNECT_WIDTH = 48;

/** The fixed part of a "close" line: the time, the number and the word. */
const CLOSE_WIDTH = 28;

/** Writes events as text. */
export class TextFormatter implements Formatter {
  readonly #options: TextOptions;
  readonly #decoding: Decoding;
  readonly #paint: Paint;
  readonly #stamp: Stamp;

  constructor(options: TextOptions, decoding: Decoding) {
    this.#options = options;
    this.#decoding = decoding;
    this.#paint = painter(options.isColored);
    this.#stamp = new Stamp(options.time, options.start);
  }

  accepts(event: TapEvent): boolean {
    return passes(event, this.#options.filter);
  }

  wanted(connection: number): number {
    const { bytes, filter, view } = this.#options;
    const isDecoded = view === "auto" && this.#decoding.wantsAll(connection);
    return filter.match !== undefined || isDecoded ? Infinity : view === "none" ? 0 : bytes;
  }

  format(event: TapEvent): string {
    if (event.event === "lost") this.#decoding.lose();
    if (event.event === "close") this.#decoding.forget(event.connection);
    const [color, lines] = this.#lines(event);
    const time = this.#stamp.text(event.time);
    const stamp = time === "" ? "" : `${this.#paint("dim", time)} `;
    return `${stamp}${lines.map((it) => this.#paint(color, it)).join("\n")}\n`;
  }

  #lines(event: TapEvent): [Color, string[]] {
    const { width } = this.#options;
    switch (event.event) {
      case "listen": {
        const [listen, target] = [event.listen, event.target].map(printable);
        return ["plain", [`listening on "${listen}" for "${target}" (${event.type})`]];
      }
      case "connect": {
        const space = width === 0 ? undefined : Math.max(width - CONNECT_WIDTH, 20);
        return ["plain", [`#${event.connection} connect ${processText(event.process, space)}`]];
      }
      case "end":
        return [event.from, [`#${event.connection} ${event.from} will send no more`]];
      case "close": {
        const { answers, error } = event;
        const [totals, ...others] = totalsLines(event, width === 0 ? 0 : width - CLOSE_WIDTH);
        const head = `#${event.connection} close   ${totals}`;
        const rest = [
          ...others,
          ...(answers.count > 0 ? [answersText(answers)] : []),
          ...(error === undefined ? [] : [printable(error)]),
        ];
        return [error === undefined ? "plain" : "error", [
          head,
          ...rest.map((it) => `${INDENT}${it}`),
        ]];
      }
      case "message":
        return [event.from, this.#messageLines(event)];
      case "lost":
        return ["error", [`${count(event.count, "event")} left out: the output was too slow`]];
      case "summary":
        return ["plain", summaryLines(event, width)];
    }
  }

  #messageLines(event: Passed): string[] {
    const { from, size, files, sender, answer, connection } = event;
    const by = sender === undefined ? "" : ` from pid ${sender.pid} uid ${sender.uid}`;
    const after = answer === undefined ? "" : ` after ${millisecondsText(answer)}`;
    const { width } = this.#options;
    const lines = [`#${connection} ${DIRECTIONS[from]} ${count(size, "byte")}${by}${after}`];
    for (const file of files) lines.push(...folded(`${INDENT}+ ${fileText(file)}`, width));
    const inner = width === 0 ? 0 : Math.max(width - INDENT.length, 16);
    const decoded = this.#options.view === "auto" ? this.#decoding.decode(event) : undefined;
    const shown = decoded?.flatMap((it) => folded(it, inner)) ?? this.#dataLines(event, inner);
    for (const line of shown) lines.push(INDENT + line);
    return lines;
  }

  #dataLines({ size, data }: Passed, width: number): string[] {
    const { view, bytes } = this.#options;
    let shown = data.byteLength > bytes ? data.subarray(0, bytes) : data;
    if (view === "none" || shown.byteLength === 0) return [];
    const isCut = shown.byteLength < size;
    const isText = view === "text" || (view === "auto" && asText(shown, isCut) !== undefined);
    if (isText && isCut) shown = shown.subarray(0, wholeCharacters(shown));
    const lines = isText ? quotedLines(shown, width) : hexLines(shown);
    const hidden = size - shown.byteLength;
    return hidden > 0 ? [...lines, `… ${count(hidden, "byte")} more`] : lines;
  }
}

const DIRECTIONS: Record<Side, string> = {
  client: "client → server",
  server: "server → client",
};

/** Return a time span as text. */
export function millisecondsText(time: number): string {
  if (time < 1) return `${Math.round(time * 1000)} µs`;
  return time < 1000 ? `${time.toPrecision(3)} ms` : `${(time / 1000).toFixed(1)} s`;
}

function totalsText({ messages, bytes, files }: Totals): string {
  const carried = files === 0 ? "" : ` with ${count(files, "file")}`;
  return `${count(messages, "message")} of ${count(bytes, "byte")}${carried}`;
}

/** What both sides sent: a line each if there is no `space` for one line. */
function totalsLines({ client, server }: Pick<Summary, Side>, space: number): string[] {
  const both = [`client ${totalsText(client)}`, `server ${totalsText(server)}`];
  const line = both.join(", ");
  return space === 0 || line.length <= space ? [line] : both;
}

function answersText({ count: number, mean, slowest }: Answers): string {
  const [average, longest] = [mean, slowest].map(millisecondsText);
  return `${count(number, "answer")} after ${average} on average, ${longest} at most`;
}

function summaryLines(summary: Summary, width: number): string[] {
  const { duration, connections, open, answers, slowest, lost } = summary;
  const totals = totalsLines(summary, width === 0 ? 0 : width - INDENT.length);
  const still = open === 0 ? "" : `, ${open} still open`;
  const lines = [
    `served ${count(connections, "connection")} in ${millisecondsText(duration)}${still}`,
    ...totals.map((it) => INDENT + it),
  ];
  if (answers.count > 0) lines.push(INDENT + answersText(answers));
  for (const { connection, answer, time, command } of slowest) {
    const what = printable(command).slice(0, 40);
    lines.push(
      `${INDENT}${millisecondsText(answer).padStart(8)} #${connection} at ${
        clockText(time)
      } ${what}`,
    );
  }
  if (lost > 0) lines.push(`${INDENT}${count(lost, "event")} left out of the output`);
  return lines;
}
