/**
 * Passing one message on: its data, its descriptors and, where that is allowed, its sender's credentials.
 *
 * @module
 */

import type { Address, Message, Socket } from "../../mod.ts";
import { codeOf } from "../cli/text.ts";

/**
 * Microseconds to busy-poll for the next message before blocking: in a conversation it comes soon, and waking
 * up would take about as long as passing it on.
 */
export const BUSY_POLL = 100;

/** Whether the kernel lets this process send the credentials of others: known after the first try. */
let mayClaim = true;

/** Pass a message on; on a datagram socket, to an address. */
export async function passOn(sink: Socket, message: Message, to?: Address): Promise<void> {
  const { data, files, credentials } = message;
  const outgoing = to === undefined ? { data, files } : { data, files, to };
  // A process ID of 0 stands for one that the kernel did not tell.
  if (mayClaim && credentials !== undefined && credentials.pid > 0) {
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
