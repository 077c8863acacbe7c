/**
 * Web streams over anything that reads and writes.
 *
 * @module
 */

import { byteLengthOf } from "../../ffi/memory.ts";
import { isBytes, requireBytes } from "../descriptor/caller_buffer.ts";

/** What a readable stream needs. */
export interface Source {
  /** Read into new memory; `null` at the end. When `signal` aborts, reject and take nothing. */
  readChunk(signal: AbortSignal): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Read up to `bytes.byteLength` bytes into memory of the consumer's; else the same. */
  read(bytes: Uint8Array, signal: AbortSignal): Promise<number | null>;
  /** Called once when the stream is over: at the end, by a cancel, or by an error of `read`. */
  readingEnded(): void;
}

/** What a writable stream needs. */
export interface Sink {
  /** Write all of `bytes`. When `signal` aborts, reject. */
  writeAll(bytes: Uint8Array, signal: AbortSignal): Promise<unknown>;
  /** Called once when the stream is over: by a close, an abort, or an error of `writeAll`. */
  writingEnded(): void;
}

/** How much may be written ahead of the sink before the stream asks its writer to wait, in bytes. */
const HIGH_WATER_MARK = 65536;

/** Return a byte stream that reads only when its consumer asks for more. */
export function readableFrom(source: Source): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream(new Reading(source));
}

/** Return a stream whose writer waits until what it wrote has been taken. */
export function writableTo(sink: Sink): WritableStream<Uint8Array<ArrayBufferLike>> {
  return new WritableStream(new Writing(sink), { highWaterMark: HIGH_WATER_MARK, size });
}

/** Calls `end` once, however often the end is noticed. */
class Ending {
  isOver = false;

  constructor(readonly end: () => void) {}

  over(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.end();
  }

  /** The same after an error, which is the one to report. */
  failed(): void {
    try {
      this.over();
    } catch { /* what is over already cannot be ended */ }
  }
}

/** The stream's side of a source. The ways in which it ends are its end, `cancel` and an error. */
class Reading implements UnderlyingByteSource {
  readonly type = "bytes";
  readonly #source: Source;
  readonly #ending: Ending;
  readonly #cancelled = new AbortController();

  constructor(source: Source) {
    this.#source = source;
    this.#ending = new Ending(() => source.readingEnded());
  }

  async pull(controller: ReadableByteStreamController): Promise<void> {
    const request = controller.byobRequest;
    try {
      if (request?.view) await this.#fill(request, request.view, controller);
      else await this.#enqueueNext(controller);
    } catch (error) {
      this.#ending.failed();
      throw error;
    }
  }

  async #enqueueNext(controller: ReadableByteStreamController): Promise<void> {
    const { signal } = this.#cancelled;
    let chunk = await this.#source.readChunk(signal);
    // An empty message is no end, but a stream of bytes cannot show it.
    while (chunk?.byteLength === 0 && !signal.aborted) chunk = await this.#source.readChunk(signal);
    if (this.#ending.isOver) return;
    if (chunk !== null) return controller.enqueue(chunk);
    controller.close();
    this.#ending.over();
  }

  /** Read into memory of the consumer's. */
  async #fill(
    request: ReadableStreamBYOBRequest,
    view: ArrayBufferView,
    controller: ReadableByteStreamController,
  ): Promise<void> {
    const { signal } = this.#cancelled;
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    let count = await this.#source.read(bytes, signal);
    while (count === 0 && !signal.aborted) count = await this.#source.read(bytes, signal);
    if (this.#ending.isOver) return;
    if (count !== null) return request.respond(count);
    controller.close();
    request.respond(0);
    this.#ending.over();
  }

  cancel(reason: unknown): void {
    this.#cancelled.abort(reason);
    this.#ending.over();
  }
}

/**
 * The stream's side of a sink. The ways in which it ends are `close`, `abort` and an error. A chunk is
 * looked at when the stream hands it over, and not when its size is asked for: what the stream has
 * rejected by then is never sent.
 */
class Writing implements UnderlyingSink<Uint8Array> {
  readonly #sink: Sink;
  readonly #ending: Ending;

  constructor(sink: Sink) {
    this.#sink = sink;
    this.#ending = new Ending(() => sink.writingEnded());
  }

  async write(chunk: Uint8Array, controller: WritableStreamDefaultController): Promise<void> {
    try {
      requireBytes(chunk);
      await this.#sink.writeAll(chunk, controller.signal);
    } catch (error) {
      this.#ending.failed();
      throw error;
    }
  }

  close(): void {
    this.#ending.over();
  }

  abort(): void {
    this.#ending.over();
  }
}

/** An error in here would end the stream without a word to its sink: `write` refuses what is no memory. */
function size(chunk: unknown): number {
  return isBytes(chunk) ? byteLengthOf(chunk) : 1;
}
