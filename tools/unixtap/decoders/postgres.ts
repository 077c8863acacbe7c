/**
 * The protocol of PostgreSQL, version 3: messages by their names, with what matters in them.
 *
 * @module
 */

import type { Side } from "../events.ts";
import { brief, type Decoder, Pieces, type Protocol, textOf } from "./decoder.ts";
import { CLIENT, SERVER } from "./postgres_names.ts";

const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;
const CANCEL_REQUEST = 80877102;
const VERSION_3 = 3;

/** The fields of an error that are shown: severity, SQLSTATE and message. */
const ERROR_FIELDS = ["S", "C", "M"];

class PostgresDecoder implements Decoder {
  readonly #pieces: Record<Side, Pieces> = { client: new Pieces(), server: new Pieces() };
  #hasStarted = false;
  #awaitsOneByte = false;
  #rows = 0;

  decode(from: Side, data: Uint8Array): string[] {
    const pieces = this.#pieces[from];
    pieces.add(data);
    const lines: string[] = [];
    for (;;) {
      const line = from === "client" && !this.#hasStarted
        ? this.#startup(pieces)
        : this.#message(from, pieces);
      if (line === undefined) break;
      if (line !== "") lines.push(line);
    }
    if (this.#rows > 0) lines.push(this.#rowText());
    return lines;
  }

  #startup(pieces: Pieces): string | undefined {
    if (pieces.length < 8) return undefined;
    const head = viewOf(pieces.view);
    const code = head.getUint32(4);
    const body = pieces.take(Math.max(head.getUint32(0), 8))?.subarray(8);
    if (body === undefined) return undefined;
    if (code === SSL_REQUEST || code === GSS_REQUEST) {
      this.#awaitsOneByte = true;
      return code === SSL_REQUEST ? "SSLRequest" : "GSSENCRequest";
    }
    if (code === CANCEL_REQUEST) return "CancelRequest";
    if (code >>> 16 !== VERSION_3) throw new Error("this is not version 3 of the protocol");
    this.#hasStarted = true;
    const words = strings(body);
    const pairs = words.flatMap((it, i) => i % 2 === 0 && it ? [`${it}=${words[i + 1]}`] : []);
    return `Startup ${pairs.join(" ")}`;
  }

  #message(from: Side, pieces: Pieces): string | undefined {
    if (from === "server" && this.#awaitsOneByte) {
      const answer = pieces.take(1);
      if (answer === undefined) return undefined;
      this.#awaitsOneByte = false;
      if (answer[0] !== 0x4e) throw new Error("the rest is encrypted");
      return "no encryption";
    }
    if (pieces.length < 5) return undefined;
    const length = viewOf(pieces.view).getUint32(1);
    if (length < 4) throw new Error("a length is too small");
    const bytes = pieces.take(1 + length);
    if (bytes === undefined) return undefined;
    const letter = String.fromCharCode(bytes[0] ?? 0);
    const body = bytes.subarray(5);
    if (from === "server" && letter === "D") {
      this.#rows++;
      return "";
    }
    const text = from === "client" ? clientText(letter, body) : serverText(letter, body);
    return this.#rows === 0 ? text : `${this.#rowText()}, then ${text}`;
  }

  #rowText(): string {
    const rows = this.#rows;
    this.#rows = 0;
    return rows === 1 ? "DataRow" : `${rows} × DataRow`;
  }
}

function clientText(letter: string, body: Uint8Array): string {
  if (letter === "Q") return `Query ${brief(strings(body)[0] ?? "")}`;
  if (letter === "P") return `Parse ${strings(body).slice(0, 2).map((it) => brief(it)).join(" ")}`;
  if (letter === "p") return `Password (${body.byteLength} bytes)`;
  return named(CLIENT, letter, body);
}

function serverText(letter: string, body: Uint8Array): string {
  switch (letter) {
    case "R":
      return `Authentication ${viewOf(body).getUint32(0)}`;
    case "S":
      return `ParameterStatus ${strings(body).slice(0, 2).join("=")}`;
    case "T":
      return `RowDescription of ${viewOf(body).getUint16(0)} columns`;
    case "C":
      return `CommandComplete ${strings(body)[0]}`;
    case "Z":
      return `ReadyForQuery ${textOf(body)}`;
    case "A":
      return `Notification ${strings(body.subarray(4)).slice(0, 2).join(" ")}`;
    case "E":
    case "N": {
      const fields = strings(body);
      const found = ERROR_FIELDS.map((it) => fields.find((field) => field.startsWith(it)) ?? it);
      return `${letter === "E" ? "Error" : "Notice"} ${found.map((it) => it.slice(1)).join(" ")}`;
    }
    default:
      return named(SERVER, letter, body);
  }
}

function named(names: Readonly<Record<string, string>>, letter: string, body: Uint8Array): string {
  const name = names[letter];
  if (name === undefined) throw new Error("this is no message of PostgreSQL");
  return body.byteLength === 0 ? name : `${name} (${body.byteLength} bytes)`;
}

/** Strings that end with NUL. */
function strings(bytes: Uint8Array): string[] {
  return textOf(bytes).split("\0");
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** PostgreSQL. */
export const postgres: Protocol = {
  name: "postgres",
  recognizes(from, head): boolean {
    if (from !== "client" || head.byteLength < 8) return false;
    const view = viewOf(head);
    const [length, code] = [view.getUint32(0), view.getUint32(4)];
    const isRequest = length === 8 && (code === SSL_REQUEST || code === GSS_REQUEST);
    return isRequest || (length === 16 && code === CANCEL_REQUEST) ||
      (code >>> 16 === VERSION_3 && length >= 9 && length < 10_000);
  },
  create: () => new PostgresDecoder(),
};
