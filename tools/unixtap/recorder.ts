/**
 * What happens on connections, counted and told to the outputs.
 *
 * @module
 */

import type { Message } from "../../mod.ts";
import { describeFile } from "../inspect/file.ts";
import type { Process } from "../inspect/process.ts";
import { AnswerTimes } from "./answers.ts";
import {
  type ConnectionEvent,
  now,
  type Side,
  type Summary,
  type TapEvent,
  type Totals,
} from "./events.ts";

/** Where events go. */
export interface Sink {
  /** Take an event. Its data stays unchanged. */
  add(event: TapEvent): void;
  /** Resolves when there is space for more; `undefined` if there is now. */
  readonly space: Promise<void> | undefined;
  /** How many bytes of a message of this connection are wanted; negative if messages are not wanted at all. */
  wanted(connection: number): number;
  /** How many events it could not take. */
  readonly lost: number;
}

function noTotals(): Totals {
  return { messages: 0, bytes: 0, files: 0 };
}

/** Counts events, and passes them to the sinks. */
export class Recorder {
  readonly #sinks: readonly Sink[];
  readonly #start = now();
  readonly #totals = { client: noTotals(), server: noTotals() };
  readonly #answers = new AnswerTimes();
  #connections = 0;
  #open = 0;

  constructor(sinks: readonly Sink[]) {
    this.#sinks = sinks;
  }

  /** Begin a connection. */
  connect(process: Process): Account {
    this.#open++;
    return new Account(this, ++this.#connections, process);
  }

  /** Tell the sinks. */
  report(event: TapEvent): void {
    for (const sink of this.#sinks) sink.add(event);
  }

  /** How many bytes of a message the sinks want together; negative for no message. */
  wanted(connection: number): number {
    let most = -1;
    for (const sink of this.#sinks) most = Math.max(most, sink.wanted(connection));
    return most;
  }

  /** Resolves when all sinks have space; `undefined` if they have now. */
  get space(): Promise<void> | undefined {
    let waiting: Promise<void>[] | undefined;
    for (const { space } of this.#sinks) if (space !== undefined) (waiting ??= []).push(space);
    return waiting && Promise.all(waiting).then(() => {});
  }

  /** Count a message. */
  count(from: Side, bytes: number, files: number): void {
    add(this.#totals[from], bytes, files);
  }

  /** Count an answer. */
  answered(connection: number, process: Process, asked: number, answer: number): void {
    this.#answers.add(answer, connection, asked, process);
  }

  /** A connection is over. */
  closed(): void {
    this.#open--;
  }

  /** Return what was served so far. */
  summary(): Summary {
    const time = now();
    return {
      event: "summary",
      time,
      duration: time - this.#start,
      connections: this.#connections,
      open: this.#open,
      ...this.#totals,
      answers: this.#answers.summary,
      slowest: this.#answers.slowest,
      lost: this.#sinks.reduce((sum, it) => sum + it.lost, 0),
    };
  }
}

function add(totals: Totals, bytes: number, files: number): void {
  totals.messages++;
  totals.bytes += bytes;
  totals.files += files;
}

/** One connection's part. */
export class Account {
  readonly #recorder: Recorder;
  readonly #connection: number;
  readonly #process: Process;
  readonly #totals = { client: noTotals(), server: noTotals() };
  readonly #answers = new AnswerTimes();
  /** When the client began to ask what has no answer yet. */
  #asked: number | undefined;

  constructor(recorder: Recorder, connection: number, process: Process) {
    this.#recorder = recorder;
    this.#connection = connection;
    this.#process = process;
    this.#report({ event: "connect", ...this.#base(now()) });
  }

  #base(time: number): { time: number; connection: number; process: Process } {
    return { time, connection: this.#connection, process: this.#process };
  }

  #report(event: ConnectionEvent): void {
    this.#recorder.report(event);
  }

  /**
   * A message went through. Connections wait for this: it does what cannot be done later.
   *
   * @param usual The process ID that sends them all, unless a message's credentials say otherwise.
   * @param isBorrowed Whether the memory of its data is used again afterwards.
   */
  message(from: Side, message: Message, usual: number, isBorrowed: boolean): void {
    const { data, files, credentials } = message;
    const size = data.byteLength;
    add(this.#totals[from], size, files.length);
    this.#recorder.count(from, size, files.length);
    const time = now();
    const answer = this.#answerTime(from, time);
    const wanted = this.#recorder.wanted(this.#connection);
    if (wanted < 0) return;
    this.#report({
      event: "message",
      time,
      connection: this.#connection,
      process: this.#process,
      from,
      size,
      data: wanted < size || isBorrowed ? new Uint8Array(data.subarray(0, wanted)) : data,
      files: files.length === 0 ? NO_FILES : files.map(describeFile),
      ...(credentials && credentials.pid !== usual && credentials.pid > 0
        ? { sender: credentials }
        : {}),
      ...(answer === undefined ? {} : { answer }),
    });
  }

  /** The first message from the server after one from the client is taken for the answer. */
  #answerTime(from: Side, time: number): number | undefined {
    if (from === "client") {
      this.#asked ??= time;
      return undefined;
    }
    const asked = this.#asked;
    if (asked === undefined) return undefined;
    this.#asked = undefined;
    this.#answers.add(time - asked, this.#connection, asked, this.#process);
    this.#recorder.answered(this.#connection, this.#process, asked, time - asked);
    return time - asked;
  }

  /** One side will send no more. */
  end(from: Side): void {
    this.#report({ event: "end", ...this.#base(now()), from });
  }

  /** It is over. */
  close(error?: string): void {
    const why = error === undefined ? {} : { error };
    const answers = this.#answers.summary;
    this.#recorder.closed();
    this.#report({ event: "close", ...this.#base(now()), ...this.#totals, answers, ...why });
  }
}

const NO_FILES: readonly never[] = [];
