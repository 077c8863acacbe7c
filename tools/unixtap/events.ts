/**
 * What unixtap sees.
 *
 * @module
 */

import type { Credentials, SocketType } from "../../mod.ts";
import type { PassedFile } from "../inspect/file.ts";
import type { Process } from "../inspect/process.ts";

/** Which end of a connection something came from. */
export type Side = "client" | "server";

/** What went through in one direction. */
export interface Totals {
  messages: number;
  bytes: number;
  files: number;
}

interface Base {
  /** When, in milliseconds since 1970, with fractions. */
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
  /** Its bytes, or as many at its start as are wanted. */
  readonly data: Uint8Array;
  readonly files: readonly PassedFile[];
  /** The process that sent it, where that is known and not the process that connected. */
  readonly sender?: Credentials;
  /** Milliseconds since the client began to ask, on the first message of an answer. */
  readonly answer?: number;
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
  /** How many answers there were, and how long they took, in milliseconds. */
  readonly answers: Answers;
  /** Why, unless both sides had finished. */
  readonly error?: string;
}

/** How long answers took, in milliseconds. */
export interface Answers {
  readonly count: number;
  readonly mean: number;
  readonly slowest: number;
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

/** The output could not take everything. */
export interface Lost {
  readonly event: "lost";
  readonly time: number;
  /** How many events are missing here. */
  readonly count: number;
}

/** An answer that took long. */
export interface SlowAnswer {
  readonly connection: number;
  /** How long it took, in milliseconds. */
  readonly answer: number;
  /** When the client asked, in milliseconds since 1970. */
  readonly time: number;
  readonly command: string;
}

/** What was served. */
export interface Summary {
  readonly event: "summary";
  readonly time: number;
  /** For how long, in milliseconds. */
  readonly duration: number;
  readonly connections: number;
  /** How many of these are still open. */
  readonly open: number;
  readonly client: Readonly<Totals>;
  readonly server: Readonly<Totals>;
  readonly answers: Answers;
  readonly slowest: readonly SlowAnswer[];
  /** How many events the output could not take. */
  readonly lost: number;
}

/** Something that unixtap prints. */
export type TapEvent = Listening | ConnectionEvent | Lost | Summary;

const { timeOrigin } = performance;

/** Return the time in milliseconds since 1970, with fractions. */
export function now(): number {
  return timeOrigin + performance.now();
}
