/**
 * Passing on in both directions of a connection until both have ended.
 *
 * @module
 */

import type { ReceiveOptions, Socket, SocketType } from "../../mod.ts";
import { codeOf, oneLine } from "../cli/text.ts";
import type { Side } from "./events.ts";
import { ALL_FILES, MESSAGE_SIZE, passOn } from "./pass_on.ts";
import type { Account, Recorder } from "./recorder.ts";

/** The most that is taken from a stream at once, in bytes. */
const STREAM_SIZE = 1 << 16;

/** The same when much goes through. */
const BULK_SIZE = 1 << 17;

const SMALL: ReceiveOptions = { size: STREAM_SIZE, files: ALL_FILES };

/** The two ends of a connection, and what keeps account of it. */
export interface Ends {
  readonly client: Socket;
  readonly server: Socket;
  /** The process IDs of both, as the kernel tells them. */
  readonly pids: Readonly<Record<Side, number>>;
  readonly account: Account;
  readonly recorder: Recorder;
}

/** Pass on until both ends have finished; what went wrong, if anything did. */
export async function relay(ends: Ends): Promise<string | undefined> {
  let trouble: string | undefined;
  const direction = async (from: Side, source: Socket, sink: Socket) => {
    try {
      await passAll(from, source, sink, ends);
    } catch (error) {
      // The one that the other direction's end closed says nothing new.
      if (!(error instanceof Deno.errors.BadResource)) trouble ??= `${from}: ${oneLine(error)}`;
    }
    if (isGone(source)) {
      source.close();
      sink.close();
    }
  };
  const { client, server } = ends;
  await Promise.all([direction("client", client, server), direction("server", server, client)]);
  return trouble;
}

async function passAll(from: Side, source: Socket, sink: Socket, ends: Ends): Promise<void> {
  try {
    await passMessages(from, source, sink, ends);
  } catch (error) {
    // The sink takes no more: let the sender know.
    if (codeOf(error) === "EPIPE") source.shutdown("read");
    throw error;
  }
  ends.account.end(from);
  sink.shutdown("write");
}

/** A loop of few steps: each message waits for them. */
async function passMessages(
  from: Side,
  source: Socket,
  sink: Socket,
  { account, recorder, pids }: Ends,
): Promise<void> {
  const usual = pids[from];
  const intake = new Intake(source.type);
  for (;;) {
    using message = await source.receive(intake.options);
    if (message === null) return;
    if (message.truncated) {
      throw new Error(`Cannot pass on a message of more than ${MESSAGE_SIZE} bytes`);
    }
    const { isBorrowed } = intake;
    await passOn(sink, message);
    account.message(from, message, usual, isBorrowed);
    intake.adapt(message.data.byteLength);
    const { space } = recorder;
    if (space !== undefined) await space;
  }
}

/** What is received into: of a stream, memory of its own only as long as much goes through it. */
class Intake {
  readonly #isStream: boolean;
  options: ReceiveOptions;
  /** Whether the memory is used again for the next message. */
  isBorrowed: boolean;

  constructor(type: SocketType) {
    this.#isStream = type === "stream";
    this.isBorrowed = !this.#isStream;
    this.options = this.#isStream ? SMALL : {
      buffer: new Uint8Array(MESSAGE_SIZE),
      files: ALL_FILES,
    };
  }

  /** Choose for the next message by the length of this one. */
  adapt(length: number): void {
    if (!this.#isStream || this.isBorrowed === length > STREAM_SIZE / 4) return;
    this.isBorrowed = !this.isBorrowed;
    this.options = this.isBorrowed ? { ...SMALL, buffer: new Uint8Array(BULK_SIZE) } : SMALL;
  }
}

/**
 * Whether the peer has closed, not just shut down writing: it would not see an answer. On a stream,
 * sending nothing tells; a message of nothing would arrive, so elsewhere each end is taken for half of it.
 */
function isGone(socket: Socket): boolean {
  try {
    if (socket.type === "stream") socket.writeSync(new Uint8Array(0));
    return false;
  } catch (error) {
    return !(error instanceof Deno.errors.Busy);
  }
}
