/**
 * HTTP/1: request and status lines with their headers, and the length of bodies.
 *
 * @module
 */

import type { Side } from "../events.ts";
import { brief, type Decoder, Pieces, type Protocol, textOf } from "./decoder.ts";

const REQUEST = /^[A-Z]{2,20} \S+ HTTP\/1\.[01]\r?\n/;
const STATUS = /^HTTP\/1\.[01] \d{3}[ \r]/;

const LF = 0x0a;

/** What comes next in one direction. */
type State = "head" | "chunk" | "chunk end" | "trailer" | "opaque";

interface Direction {
  readonly pieces: Pieces;
  state: State;
  /** The lines of a head so far. */
  head: string[];
  body: number;
}

class HttpDecoder implements Decoder {
  readonly #directions: Record<Side, Direction> = {
    client: { pieces: new Pieces(), state: "head", head: [], body: 0 },
    server: { pieces: new Pieces(), state: "head", head: [], body: 0 },
  };
  /** Methods of requests that have no answer yet. */
  readonly #methods: string[] = [];

  decode(from: Side, data: Uint8Array): string[] {
    const direction = this.#directions[from];
    if (direction.state === "opaque") return [`${data.byteLength} bytes after the upgrade`];
    const wasSkipping = direction.pieces.skipping;
    direction.pieces.add(data);
    const lines: string[] = [];
    if (wasSkipping > 0) lines.push(`body, ${direction.pieces.skipping} bytes still to come`);
    while (this.#step(from, direction, lines));
    return lines;
  }

  /** Take one line or chunk; whether there was one. */
  #step(from: Side, direction: Direction, lines: string[]): boolean {
    const { pieces } = direction;
    if (direction.state === "opaque") {
      if (pieces.length > 0) lines.push(`${pieces.length} bytes after the upgrade`);
      pieces.skip(pieces.length);
      return false;
    }
    if (pieces.skipping > 0) return false;
    const bytes = pieces.takeThrough(LF);
    if (bytes === undefined) return false;
    const line = textOf(bytes).replace(/\r?\n$/, "");
    if (direction.state === "head") this.#headLine(from, direction, line, lines);
    else this.#chunkLine(direction, line, lines);
    return true;
  }

  #headLine(from: Side, direction: Direction, line: string, lines: string[]): void {
    const { head } = direction;
    if (line !== "") {
      head.push(line);
      if (head.length > 1000) throw new Error("there are too many headers");
      return;
    }
    if (head.length === 0) return; // an empty line before a request
    direction.head = [];
    const [first = ""] = head;
    if (!REQUEST.test(`${first}\n`) && !STATUS.test(`${first}\r`)) {
      throw new Error("this is no line of HTTP/1");
    }
    lines.push(...head.map((it) => brief(it)));
    this.#expectBody(from, direction, head, lines);
  }

  #expectBody(from: Side, direction: Direction, head: string[], lines: string[]): void {
    const header = (name: string): string | undefined =>
      head.find((it) => it.toLowerCase().startsWith(`${name}:`))?.slice(name.length + 1).trim();
    const [first = ""] = head;
    const status = from === "server" ? Number(first.split(" ")[1]) : 0;
    if (from === "client") this.#methods.push(first.split(" ", 1)[0] ?? "");
    const isFinal = status >= 200 || status === 101;
    const method = isFinal ? this.#methods.shift() : undefined;
    if (status === 101 || (method === "CONNECT" && status < 300)) {
      this.#directions.client.state = this.#directions.server.state = "opaque";
      return;
    }
    const hasNoBody = method === "HEAD" || status === 204 || status === 304 ||
      (status > 0 && status < 200);
    if (hasNoBody) return;
    const length = header("content-length");
    if (/chunked$/i.test(header("transfer-encoding") ?? "")) {
      direction.state = "chunk";
      direction.body = 0;
    } else if (length !== undefined && /^\d{1,15}$/.test(length)) {
      if (length !== "0") lines.push(`body of ${length} bytes`);
      direction.pieces.skip(Number(length));
    } else if (from === "server") {
      lines.push("body up to the end");
      direction.pieces.skip(Infinity);
    }
  }

  #chunkLine(direction: Direction, line: string, lines: string[]): void {
    switch (direction.state) {
      case "chunk": {
        const size = /^[0-9a-f]{1,12}/i.exec(line)?.[0];
        if (size === undefined) throw new Error("this is no chunk");
        const length = parseInt(size, 16);
        direction.body += length;
        direction.pieces.skip(length);
        direction.state = length === 0 ? "trailer" : "chunk end";
        if (length > 0) lines.push(`chunk of ${length} bytes`);
        return;
      }
      case "chunk end":
        direction.state = "chunk";
        return;
      default:
        if (line !== "") return;
        lines.push(`end of a body of ${direction.body} bytes`);
        direction.state = "head";
    }
  }
}

/** HTTP/1. */
export const http: Protocol = {
  name: "http",
  recognizes(_, head): boolean {
    const text = textOf(head.subarray(0, 2048));
    return REQUEST.test(text) || STATUS.test(text);
  },
  create: () => new HttpDecoder(),
};
