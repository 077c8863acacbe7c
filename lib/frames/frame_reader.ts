/**
 * Reads frames from a socket, in the order of the calls.
 *
 * @module
 */

import { isBytes } from "../descriptor/caller_buffer.ts";
import { requireSignal } from "../descriptor/signal.ts";
import { OperationQueue } from "../descriptor/operation_queue.ts";
import { ControlTruncatedError } from "../errors.ts";
import { yieldIfBudgetSpent } from "../reactor/mod.ts";
import type { Socket } from "../handle/socket.ts";
import { type Frame, ReceivedFrame } from "./frame.ts";
import { builtInBody, type FrameEnd, frameEndOf, type Framing } from "./framing.ts";
import { Intake } from "./intake.ts";

/** What bounds the frames of one reader. */
export interface FrameLimits {
  /** The most descriptors to accept with a message. */
  readonly files: number;
  /** The most bytes of a frame. */
  readonly maxSize: number;
}

/** Reads frames from a socket. Taking and waiting are apart, so that a frame that is there costs no promise. */
export class FrameReader {
  readonly #framing: Framing;
  readonly #frameEnd: FrameEnd;
  /** What makes the body of a frame when it is asked for, if that cannot fail. */
  readonly #bodyOf: ((frame: Uint8Array) => Uint8Array) | undefined;
  readonly #intake: Intake;
  readonly #limits: FrameLimits;
  /** The calls that wait for a frame that is not there yet. */
  readonly #queue = new OperationQueue();
  /** What ends waits: one for those that cannot be ended by anything else, and one for each iterator. */
  readonly #cancels = new Set<AbortController>();
  #ownCancel: AbortController | undefined = undefined;
  /** The length of the frame that has begun, once its framing has told. */
  #length: number | undefined = undefined;
  /** How many bytes of it the framing has seen without telling. */
  #seen = 0;

  constructor(socket: Socket, framing: Framing, limits: FrameLimits) {
    this.#framing = framing;
    this.#frameEnd = frameEndOf(framing);
    this.#bodyOf = builtInBody(framing);
    this.#limits = limits;
    this.#intake = new Intake(socket, limits.files);
  }

  /** The error that every use ends with since {@linkcode FrameReader.close}. */
  get closed(): Error | undefined {
    return this.#intake.closed;
  }

  /**
   * Take a frame, or `size` bytes as one, if it is there and no earlier call waits: `undefined` if it takes
   * {@linkcode FrameReader.waitFor}.
   */
  takeNow(size: number | undefined, signal: AbortSignal | undefined): Frame | undefined {
    this.#requireOpen();
    requireSignal(signal);
    if (this.#queue.isBusy || !this.#isThere(size) || yieldIfBudgetSpent() !== undefined) {
      return undefined;
    }
    return this.#take(size);
  }

  /** Wait for a frame, or for `size` bytes; `null` at the end. */
  async waitFor(
    size: number | undefined,
    signal: AbortSignal | undefined,
    cancel: AbortController = this.#ownCancel ??= new AbortController(),
  ): Promise<Frame | null> {
    this.#cancels.add(cancel);
    const either = signal === undefined ? cancel.signal : AbortSignal.any([signal, cancel.signal]);
    await this.#queue.enter(either);
    try {
      for (;;) {
        const pause = yieldIfBudgetSpent();
        if (pause !== undefined) await pause;
        either.throwIfAborted();
        this.#requireOpen();
        if (this.#isThere(size)) return this.#take(size);
        if (!await this.#intake.receive(size ?? this.#length, either)) return this.#end(size);
      }
    } finally {
      this.#queue.leave();
    }
  }

  #requireOpen(): void {
    const { closed } = this.#intake;
    if (closed !== undefined) throw closed;
    // Throws if the socket is closed: the bytes that came before are gone with it.
    void this.#intake.descriptor.fd;
  }

  /** Whether the whole frame is there. */
  #isThere(size: number | undefined): boolean {
    const { length } = this.#intake.buffer;
    this.#intake.requireBytes();
    const whole = size ?? (this.#length ??= this.#measure(length));
    return whole !== undefined && length >= whole;
  }

  #measure(there: number): number | undefined {
    if (there === 0) return undefined;
    const { maxSize } = this.#limits;
    const length = this.#ask(there);
    // The framing may have disposed the frames: then the bytes are the socket's again.
    if (this.closed !== undefined) throw this.closed;
    this.#intake.requireBytes();
    if (length === undefined) {
      this.#seen = there;
      if (there < maxSize) return undefined;
      throw invalid(`has no end in the ${maxSize} bytes of \`maxSize\``, there);
    }
    if (
      typeof length !== "number" || !(length >= 1) ||
      (length < maxSize && !Number.isInteger(length))
    ) {
      throw invalid(
        `has no length: the framing gave ${String(length)}; return an integer above 0`,
        there,
      );
    }
    if (length > maxSize) {
      throw invalid(`has ${length} bytes, more than the ${maxSize} of \`maxSize\``, there);
    }
    return length;
  }

  #ask(there: number): number | undefined {
    const { bytes, start, end } = this.#intake.buffer;
    try {
      return this.#frameEnd(bytes, start, end, this.#seen);
    } catch (cause) {
      throw invalid(`has no length: ${reasonOf(cause)}`, there, cause);
    }
  }

  #take(size: number | undefined): Frame {
    const length = size ?? this.#length ?? 0;
    const data = this.#intake.buffer.take(length);
    const companions = this.#intake.companions.take(length);
    this.#length = undefined;
    this.#seen = 0;
    if (companions?.loss !== undefined) {
      const { loss: { reason, code }, credentials } = companions;
      throw new ControlTruncatedError(reason, credentials ? { data, credentials } : { data }, code);
    }
    const bodyOf = size === undefined ? this.#bodyOf : undefined;
    const frame = new ReceivedFrame(data, companions?.files ?? [], bodyOf);
    if (companions?.credentials !== undefined) frame.credentials = companions.credentials;
    if (size === undefined && bodyOf === undefined) readBody(frame, this.#framing);
    return frame;
  }

  /** Nothing more comes: an end between two frames, or else an error. */
  #end(size: number | undefined): null {
    const there = this.#intake.buffer.length;
    if (there === 0) return null;
    const whole = size ?? this.#length;
    const of = whole === undefined ? "" : ` of ${whole}`;
    throw new Deno.errors.UnexpectedEof(
      `Cannot read a frame: the stream ends in the middle of one, after ${there}${of} bytes`,
    );
  }

  /** Let an iterator's waits end with it. */
  forget(cancel: AbortController): void {
    this.#cancels.delete(cancel);
  }

  /** End all waits with `reason`, and leave to the socket what was not taken. */
  close(reason: Error): void {
    this.#intake.giveBack(reason);
    for (const cancel of this.#cancels) cancel.abort(reason);
  }
}

/** Make the body by the caller's framing at once: its errors belong to the call that takes the frame. */
function readBody(frame: ReceivedFrame, framing: Framing): void {
  if (framing.body === undefined) return;
  try {
    const body: unknown = framing.body(frame.data);
    if (!isBytes(body)) {
      throw new TypeError(
        "`body` of the framing returned no Uint8Array; return a view of the frame",
      );
    }
    frame.body = body;
  } catch (cause) {
    frame[Symbol.dispose]();
    throw invalid(`has no body: ${reasonOf(cause)}`, frame.data.byteLength, cause);
  }
}

function invalid(what: string, there: number, cause?: unknown): Error {
  const message = `Cannot read a frame: it ${what}; ${there} bytes of it are there`;
  const error = new Deno.errors.InvalidData(message);
  if (cause !== undefined) error.cause = cause;
  return error;
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
