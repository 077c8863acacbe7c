/**
 * What all kinds of sockets share: passing one message on, and telling about it.
 *
 * @module
 */

import type { Message, Socket } from "@denet/unix";
import { describeFile, type Process } from "../inspect.ts";
import type { ConnectionEvent, Passed, Side, Totals } from "./events.ts";

/** As many descriptors as a message can carry. */
export const ALL_FILES = 253;

/**
 * Microseconds to look for the next message before the thread sleeps: in a conversation it comes soon, and
 * waking up would take about as long as passing it on.
 */
export const BUSY_POLL = 100;

/** Gets told what happens. */
export interface Observer {
  /** What a message carries is the caller's again afterwards. */
  report(event: ConnectionEvent): void;
  /** Resolves when more may be reported; `undefined` at once. */
  readonly room: Promise<void> | undefined;
}

/** Tells an observer about one connection, and keeps its totals. */
export class Account {
  readonly client: Totals = { messages: 0, bytes: 0, files: 0 };
  readonly server: Totals = { messages: 0, bytes: 0, files: 0 };
  readonly #observer: Observer;
  readonly #connection: number;
  readonly #process: Process;

  constructor(observer: Observer, connection: number, process: Process) {
    this.#observer = observer;
    this.#connection = connection;
    this.#process = process;
    observer.report({ event: "connect", ...this.#base() });
  }

  #base(): { time: number; connection: number; process: Process } {
    return { time: Date.now(), connection: this.#connection, process: this.#process };
  }

  /** A message went through. `usual` is who sends them all, unless its credentials say otherwise. */
  message(from: Side, message: Message, usual: number): void {
    const { data, files, credentials } = message;
    const totals = this[from];
    totals.messages++;
    totals.bytes += data.byteLength;
    totals.files += files.length;
    const event: Passed = {
      event: "message",
      ...this.#base(),
      from,
      size: data.byteLength,
      data,
      files: files.map(describeFile),
      ...(credentials && credentials.pid !== usual ? { sender: credentials } : {}),
    };
    this.#observer.report(event);
  }

  /** One side will send no more. */
  end(from: Side): void {
    this.#observer.report({ event: "end", ...this.#base(), from });
  }

  /** It is over. */
  close(error?: string): void {
    const { client, server } = this;
    const why = error === undefined ? {} : { error };
    this.#observer.report({ event: "close", ...this.#base(), client, server, ...why });
  }
}

/** Whether the kernel lets this process send the credentials of others: known after the first try. */
let mayClaim = true;

/** Pass a message on: its data, its descriptors and, where that is allowed, its sender's credentials. */
export async function passOn(sink: Socket, message: Message, to?: string): Promise<void> {
  const { data, files, credentials } = message;
  const outgoing = to === undefined ? { data, files } : { data, files, to };
  if (mayClaim && credentials !== undefined) {
    try {
      await sink.send({ ...outgoing, credentials });
      return;
    } catch (error) {
      const code = codeOf(error);
      if (code === "EPERM") mayClaim = false;
      else if (code !== "ESRCH") throw error; // the sender has ended meanwhile
    }
  }
  await sink.send(outgoing);
}

/** Return the name of the error number behind an error of the module. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as { code?: string }).code : undefined;
}
