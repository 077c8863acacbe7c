/**
 * What unixtap sees.
 *
 * @module
 */

import type { Credentials, SocketType } from "@denet/unix";
import type { PassedFile, Process } from "../inspect.ts";

/** Which end of a connection something came from. */
export type Side = "client" | "server";

/** What went through in one direction. */
export interface Totals {
  messages: number;
  bytes: number;
  files: number;
}

interface Base {
  /** When, in milliseconds since 1970. */
  readonly time: number;
  /** Which connection, counted from 1. */
  readonly connection: number;
  readonly process: Process;
}

/** A client came. */
export interface Connected extends Base {
  readonly event: "connect";
}

/** A message, or a piece of a stream, passed. */
export interface Passed extends Base {
  readonly event: "message";
  readonly from: Side;
  /** Its length in bytes. */
  readonly size: number;
  /** Its bytes, or those at its start that are shown. */
  readonly data: Uint8Array;
  readonly files: readonly PassedFile[];
  /** Who sent it, where that is known and not the process that connected. */
  readonly sender?: Credentials;
}

/** One side will send no more. */
export interface Ended extends Base {
  readonly event: "end";
  readonly from: Side;
}

/** The connection is over. */
export interface Closed extends Base {
  readonly event: "close";
  readonly client: Readonly<Totals>;
  readonly server: Readonly<Totals>;
  /** Why, unless both sides had finished. */
  readonly error?: string;
}

/** Something about a connection. */
export type ConnectionEvent = Connected | Passed | Ended | Closed;

/** unixtap is ready. */
export interface Listening {
  readonly event: "listen";
  readonly time: number;
  readonly listen: string;
  readonly target: string;
  readonly type: SocketType;
}

/** Something that unixtap prints. */
export type TapEvent = Listening | ConnectionEvent;
