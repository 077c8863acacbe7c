/**
 * Receives from the socket for frames: the only file of this folder that does.
 *
 * @module
 */

import { type Outcome, perform } from "../descriptor/perform.ts";
import { check, ControlTruncatedError } from "../errors.ts";
import type { Message } from "../handle/message.ts";
import { type MessageReceiver, messageReceiver } from "../handle/message_receiver.ts";
import type { ReceiveState } from "../handle/receive_state.ts";
import type { Socket } from "../handle/socket.ts";
import { stateOf } from "../handle/socket_transfer.ts";
import type { Descriptor } from "../descriptor/descriptor.ts";
import { Companions } from "./companions.ts";
import { FrameBuffer } from "./frame_buffer.ts";

/** What has come from a socket: its bytes, their descriptors and their senders. */
export class Intake {
  readonly buffer: FrameBuffer = new FrameBuffer();
  readonly companions: Companions = new Companions();
  /** The error of a receive after the frames were disposed. */
  closed: Error | undefined = undefined;
  readonly descriptor: Descriptor;
  readonly #state: ReceiveState;
  readonly #files: number;

  /** @param files The most descriptors to accept with a message. */
  constructor(socket: Socket, files: number) {
    const state = stateOf(socket);
    this.descriptor = state.descriptor;
    this.#state = state.receiveState(socket);
    this.#files = files;
  }

  /** @throws {Deno.errors.InvalidData} If the framing detached the bytes that have come. */
  requireBytes(): void {
    if (!this.buffer.isDetached) return;
    throw new Deno.errors.InvalidData(
      `Cannot read a frame: the framing detached the memory of the ${this.buffer.length} bytes that are there, and they are lost; close the socket, and let the framing copy what it keeps or transfers`,
    );
  }

  /**
   * Receive once: false at the end of the stream. Nothing is lost if this fails or is aborted.
   *
   * @param whole How many bytes the frame at the front has, if that is known.
   */
  receive(whole: number | undefined, signal: AbortSignal): Promise<boolean> {
    return perform(this.descriptor.reading, new Receive(this, whole), signal);
  }

  /** Return what receives once, into space at the end of the buffer. */
  receiver(whole: number | undefined): MessageReceiver {
    const buffer = this.buffer.reserve(whole);
    return messageReceiver(this.#state, { buffer, files: this.#files, filesFirst: true });
  }

  /** Take a message that has come into that space; its descriptors belong to its first byte. */
  accept({ data, files, credentials, pidfd }: Message): void {
    pidfd?.close();
    this.companions.note(data.byteLength, files, credentials);
    this.buffer.commit(data.byteLength);
  }

  /** Take the bytes of a message whose descriptors could not be accepted. */
  acceptLoss({ data, credentials, message: reason, code }: ControlTruncatedError): void {
    this.companions.note(data.byteLength, [], credentials, { reason, code });
    this.buffer.commit(data.byteLength);
  }

  /** Close the descriptors that were not taken, and leave the bytes to the socket's next receive. */
  giveBack(reason: Error): void {
    this.closed = reason;
    const { buffer } = this;
    const senders = this.companions.close();
    if (buffer.isDetached) return;
    const parts = senders.map(({ size, credentials }) => ({
      bytes: buffer.take(size),
      credentials,
    }));
    for (const { bytes, credentials } of parts.reverse()) {
      this.#state.giveBack(bytes, credentials);
    }
  }
}

/**
 * One receive. What it takes is in the intake before anything else runs: a wait in between, for the next turn or
 * for the caller, has nothing that could be lost.
 */
class Receive implements Outcome<boolean> {
  readonly #intake: Intake;
  readonly #whole: number | undefined;
  #hasEnded = false;

  constructor(intake: Intake, whole: number | undefined) {
    this.#intake = intake;
    this.#whole = whole;
  }

  /** The space is reserved for one attempt only: a socket that waits keeps no memory. */
  attempt(): number {
    const intake = this.#intake;
    // deno-coverage-ignore -- only if the socket became ready in the turn that closes
    if (intake.closed !== undefined) throw intake.closed;
    intake.requireBytes();
    const receiver = intake.receiver(this.#whole);
    try {
      const result = receiver.attempt();
      if (result >= 0) this.#take(receiver, result);
      return result;
    } finally {
      receiver[Symbol.dispose]();
    }
  }

  #take(receiver: MessageReceiver, result: number): void {
    try {
      const message = receiver.outcome(result);
      if (message === null) this.#hasEnded = true;
      else this.#intake.accept(message);
    } catch (error) {
      // deno-coverage-ignore -- nothing else is thrown for what has come
      if (!(error instanceof ControlTruncatedError)) throw error;
      this.#intake.acceptLoss(error);
    }
  }

  outcome(result: number): boolean {
    check(result, "recvmsg");
    return !this.#hasEnded;
  }
}
