/**
 * Passing on in both directions of a connection until both have ended.
 *
 * @module
 */

import type { Socket } from "../../mod.ts";
import { oneLine } from "../cli/text.ts";
import type { Side } from "./events.ts";
import { MessageIntake, StreamIntake } from "./intake.ts";
import { passOn } from "./pass_on.ts";
import type { Account, Recorder } from "./recorder.ts";

/** The two ends of a connection, and what keeps account of it. */
export interface Ends {
  readonly client: Socket;
  readonly server: Socket;
  /** The process IDs of both, as the kernel reports them. */
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
    // Nothing more goes this way: let both ends know.
    source.shutdown("read");
    sink.shutdown("write");
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
  const intake = source.type === "stream" ? new StreamIntake(source) : new MessageIntake(source);
  for (;;) {
    using message = await intake.next();
    if (message === null) return;
    const { isBorrowed } = intake;
    await passOn(sink, message);
    account.message(from, message, usual, isBorrowed);
    const { space } = recorder;
    if (space !== undefined) await space;
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
