/**
 * Sends frames, and notices when one is left in the middle.
 *
 * @module
 */

import { type Obstacle, type Outcome, perform } from "../descriptor/perform.ts";
import type { Socket } from "../handle/socket.ts";
import { stateOf } from "../handle/socket_transfer.ts";
import { type OutgoingMessage, senderOf } from "../socket/outgoing_message.ts";
import type { Sender } from "../socket/sender.ts";

/** Sends frames on one socket, none after one that was left in the middle. */
export class FrameSender {
  readonly #socket: Socket;
  /** How sends end since a frame was left in the middle. */
  broken: Error | undefined = undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Send all of a message: the number of bytes. */
  send(message: OutgoingMessage, signal: AbortSignal | undefined): Promise<number> {
    const { descriptor, type } = stateOf(this.#socket);
    const sender = senderOf(descriptor, type, message, this.#socket);
    return perform(descriptor.writing, new Send(this, sender), signal);
  }
}

/** One send. Its result is checked before the next in the queue has its turn. */
class Send implements Outcome<number>, Disposable {
  readonly #frames: FrameSender;
  readonly #sender: Sender;
  #isWhole = false;

  constructor(frames: FrameSender, sender: Sender) {
    this.#frames = frames;
    this.#sender = sender;
  }

  get obstacle(): Obstacle | undefined {
    return this.#sender.obstacle;
  }

  attempt(): number {
    if (this.#frames.broken !== undefined) throw this.#frames.broken;
    const result = this.#sender.attempt();
    this.#isWhole = result >= 0;
    return result;
  }

  outcome(result: number): number {
    return this.#sender.outcome(result);
  }

  beforeWait(): void {
    this.#sender.beforeWait();
  }

  [Symbol.dispose](): void {
    const { sent } = this.#sender;
    this.#sender[Symbol.dispose]();
    if (sent > 0 && !this.#isWhole) this.#frames.broken ??= leftInTheMiddle(sent);
  }
}

function leftInTheMiddle(sent: number): Error {
  return new Deno.errors.BrokenPipe(
    `Cannot send: an earlier frame was left after ${sent} bytes, and the peer would take this one for its rest; close the socket`,
  );
}
