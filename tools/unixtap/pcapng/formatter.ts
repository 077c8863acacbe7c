/**
 * Events as a pcapng file. Each stream becomes a TCP connection with ports of its own, each message of other
 * sockets a UDP datagram; what IP has no place for is in comments.
 *
 * @module
 */

import { fileText } from "../../inspect/file.ts";
import { processText } from "../../inspect/process.ts";
import type { ProtocolName } from "../decoders/names.ts";
import type { Connected, ConnectionEvent, Passed, Side, TapEvent } from "../events.ts";
import type { Decoding } from "../format/decoding.ts";
import type { Formatter } from "../output.ts";
import { concatenated, fileHeader, packetBlock } from "./blocks.ts";
import {
  ACK,
  FIN,
  MAX_DATAGRAM,
  MAX_SEGMENT,
  PSH,
  SYN,
  tcpHeaders,
  udpHeaders,
} from "./packets.ts";

/** The ports by which Wireshark knows protocols; those of others stand for nothing. */
const PORTS: Partial<Record<ProtocolName, number>> = { http: 80, postgres: 5432, redis: 6379 };
const HTTP2_PREFACE = "PRI * HTTP/2.0";
const OTHER_PORT = 65_432;

/** Clients' ports are counted from here. */
const FIRST_PORT = 10_000;
const PORT_COUNT = 50_000;

interface Connection {
  readonly connected: Connected;
  readonly clientPort: number;
  serverPort: number | undefined;
  readonly sequence: Record<Side, number>;
  readonly hasEnded: Record<Side, boolean>;
}

/** Writes events as packets. */
export class PcapFormatter implements Formatter {
  readonly #decoding: Decoding;
  readonly #connections = new Map<number, Connection>();
  #isStream = true;
  #hasHeader = false;
  #comment = "";

  /** @param decoding Finds out which protocol is spoken. */
  constructor(decoding: Decoding) {
    this.#decoding = decoding;
  }

  accepts(): boolean {
    return true;
  }

  wanted(): number {
    return Infinity;
  }

  format(event: TapEvent): Uint8Array {
    switch (event.event) {
      case "listen": {
        this.#isStream = event.type === "stream";
        if (this.#hasHeader) return new Uint8Array(0);
        this.#hasHeader = true;
        return fileHeader("unixtap", `${event.listen} for ${event.target}`);
      }
      case "lost":
        this.#comment = `${event.count} events are missing before this one`;
        return new Uint8Array(0);
      case "summary":
        return new Uint8Array(0);
      default:
        return concatenated(this.#packets(event));
    }
  }

  #packets(event: ConnectionEvent): Uint8Array[] {
    if (event.event === "connect") {
      this.#connections.set(event.connection, newConnection(event));
      return [];
    }
    const connection = this.#connections.get(event.connection);
    if (connection === undefined) return [];
    if (event.event === "message") return this.#message(event, connection);
    if (!this.#isStream) {
      if (event.event === "close") this.#connections.delete(event.connection);
      return [];
    }
    const opening = this.#opening(connection);
    if (event.event === "end") {
      return [...opening, ...this.#ending(event.from, connection, event.time)];
    }
    this.#connections.delete(event.connection);
    this.#decoding.forget(event.connection);
    return [
      ...opening,
      ...this.#ending("client", connection, event.time),
      ...this.#ending("server", connection, event.time, event.error),
    ];
  }

  /** The handshake: as late as possible, as the port tells the protocol. */
  #opening(connection: Connection, event?: Passed): Uint8Array[] {
    if (connection.serverPort !== undefined) return [];
    connection.serverPort = this.#port(event);
    const { connected: { time, process } } = connection;
    const flags: [Side, number, string?][] = [
      ["client", SYN, processText(process)],
      ["server", SYN | ACK],
      ["client", ACK],
    ];
    return flags.map(([from, flag, comment]) =>
      this.#segment(from, connection, flag, time, [], comment)
    );
  }

  #port(event: Passed | undefined): number {
    if (event === undefined) return OTHER_PORT;
    this.#decoding.decode(event);
    const name = this.#decoding.nameOf(event.connection);
    const head = new TextDecoder().decode(event.data.subarray(0, HTTP2_PREFACE.length));
    if (head === HTTP2_PREFACE) return PORTS.http ?? OTHER_PORT;
    return (name && PORTS[name]) ?? OTHER_PORT;
  }

  #message(event: Passed, connection: Connection): Uint8Array[] {
    const { from, data, files, sender, time } = event;
    let comment = [
      ...(sender === undefined
        ? []
        : [`from pid ${sender.pid} uid ${sender.uid} gid ${sender.gid}`]),
      ...files.map((it) => `+ ${fileText(it)}`),
    ].join("\n");
    if (!this.#isStream) return this.#datagrams(from, connection, event, comment);
    const packets = this.#opening(connection, event);
    for (let offset = 0; offset < data.byteLength; offset += MAX_SEGMENT) {
      const piece = data.subarray(offset, offset + MAX_SEGMENT);
      packets.push(this.#segment(from, connection, PSH | ACK, time, [piece], comment));
      comment = "";
    }
    return packets;
  }

  #datagrams(from: Side, connection: Connection, event: Passed, comment: string): Uint8Array[] {
    const { data, time } = event;
    const ports = [connection.clientPort, OTHER_PORT];
    if (from === "server") ports.reverse();
    const [source = 0, destination = 0] = ports;
    const packets: Uint8Array[] = [];
    let text = connection.sequence.client++ === 0
      ? `${processText(connection.connected.process)}\n${comment}`.trim()
      : comment;
    let offset = 0;
    do {
      const piece = data.subarray(offset, offset + MAX_DATAGRAM);
      const headers = udpHeaders(source, destination, piece.byteLength);
      packets.push(packetBlock(time, [headers, piece], this.#withNote(text)));
      text = "(the same message goes on)";
      offset += MAX_DATAGRAM;
    } while (offset < data.byteLength);
    return packets;
  }

  #ending(from: Side, connection: Connection, time: number, comment?: string): Uint8Array[] {
    if (connection.hasEnded[from]) return [];
    connection.hasEnded[from] = true;
    return [this.#segment(from, connection, FIN | ACK, time, [], comment)];
  }

  #segment(
    from: Side,
    { clientPort, serverPort = OTHER_PORT, sequence }: Connection,
    flags: number,
    time: number,
    data: readonly Uint8Array[],
    comment = "",
  ): Uint8Array {
    const to = from === "client" ? "server" : "client";
    const ports: Record<Side, number> = { client: clientPort, server: serverPort };
    const length = data.reduce((sum, it) => sum + it.byteLength, 0);
    const headers = tcpHeaders({
      from: ports[from],
      to: ports[to],
      sequence: sequence[from],
      acknowledged: (flags & ACK) === 0 ? 0 : sequence[to],
      flags,
    }, length);
    const consumed = length + ((flags & (SYN | FIN)) === 0 ? 0 : 1);
    sequence[from] = (sequence[from] + consumed) >>> 0;
    return packetBlock(time, [headers, ...data], this.#withNote(comment));
  }

  #withNote(comment: string): string {
    if (this.#comment === "") return comment;
    const text = `${this.#comment}\n${comment}`.trim();
    this.#comment = "";
    return text;
  }
}

function newConnection(connected: Connected): Connection {
  return {
    connected,
    clientPort: FIRST_PORT + connected.connection % PORT_COUNT,
    serverPort: undefined,
    sequence: { client: 0, server: 0 },
    hasEnded: { client: false, server: false },
  };
}
