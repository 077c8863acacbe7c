/**
 * Which decoder reads which connection.
 *
 * @module
 */

import { printable } from "../../cli/text.ts";
import { type Decoder, PROTOCOLS } from "../decoders/mod.ts";
import type { ProtocolName } from "../decoders/names.ts";
import type { WaylandProtocol } from "../decoders/wayland_protocol.ts";
import type { Passed } from "../events.ts";

/** What is decoded, and how. */
export interface DecodingOptions {
  /** A protocol; `"auto"` looks at the first bytes, `"raw"` decodes nothing. */
  readonly as: ProtocolName | "auto" | "raw";
  readonly wayland: WaylandProtocol;
}

/** With as many messages that no decoder knows, a connection stays undecoded. */
const TRIES = 2;

interface State {
  decoder: Decoder | undefined;
  name: ProtocolName | undefined;
  tries: number;
}

/** Chooses a decoder for each connection, and keeps it. */
export class Decoding {
  readonly #options: DecodingOptions;
  readonly #states = new Map<number, State>();

  constructor(options: DecodingOptions) {
    this.#options = options;
  }

  /** Whether all bytes of a connection's messages are wanted. */
  wantsAll(connection: number): boolean {
    if (this.#options.as === "raw") return false;
    const state = this.#states.get(connection);
    return state === undefined || state.tries > 0 || state.decoder !== undefined;
  }

  /** Return the protocol of a connection, where it is known. */
  nameOf(connection: number): ProtocolName | undefined {
    return this.#states.get(connection)?.name;
  }

  /** Return what a message says, a line for each thing; `undefined` if it is not decoded. */
  decode(event: Passed): string[] | undefined {
    if (this.#options.as === "raw") return undefined;
    const state = this.#stateOf(event);
    const { decoder } = state;
    if (decoder === undefined) return undefined;
    try {
      if (event.data.byteLength < event.size) throw new Error("bytes are missing");
      return decoder.decode(event.from, event.data, event.files).map(printable);
    } catch (error) {
      state.decoder = undefined;
      const why = error instanceof Error ? error.message : String(error);
      return [`(not decoded as ${state.name} any more: ${printable(why)})`];
    }
  }

  #stateOf({ connection, from, data }: Passed): State {
    let state = this.#states.get(connection);
    if (state === undefined) {
      state = { decoder: undefined, name: undefined, tries: TRIES };
      this.#states.set(connection, state);
    }
    if (state.tries === 0 || data.byteLength === 0) return state;
    const { as, wayland } = this.#options;
    const protocol = PROTOCOLS.find((it) =>
      as === "auto" ? it.recognizes(from, data) : it.name === as
    );
    state.tries = protocol === undefined ? state.tries - 1 : 0;
    state.decoder = protocol?.create({ wayland });
    state.name = protocol?.name;
    return state;
  }

  /** A connection is over. */
  forget(connection: number): void {
    this.#states.delete(connection);
  }

  /** Events are missing: no decoder knows where it is. */
  lose(): void {
    for (const state of this.#states.values()) {
      state.decoder = undefined;
      state.tries = 0;
    }
  }
}
