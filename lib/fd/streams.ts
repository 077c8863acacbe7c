/**
 * Web streams over anything that reads and writes.
 *
 * @module
 */

/** What a readable stream needs. */
export interface Source {
  /** Read up to `bytes.byteLength` bytes; `null` at the end. */
  read(bytes: Uint8Array): Promise<number | null>;
  /** Called once when the stream has ended or was cancelled. */
  readingEnded(): void;
}

/** What a writable stream needs. */
export interface Sink {
  /** Write all of `chunks`, in order. */
  writeAll(chunks: readonly Uint8Array[]): Promise<void>;
  /** Called once when the stream was closed or aborted. */
  writingEnded(): void;
}

/** How much is read at a time, in bytes. */
const CHUNK_SIZE = 65536;

/** Return a byte stream that reads only when its consumer wants more. */
export function readableFrom(source: Source): ReadableStream<Uint8Array<ArrayBuffer>> {
  let isCancelled = false;
  return new ReadableStream({
    type: "bytes",
    autoAllocateChunkSize: CHUNK_SIZE,
    async pull(controller): Promise<void> {
      const request = controller.byobRequest;
      const view = request?.view;
      if (!request || !view) return;
      const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
      let count = await source.read(bytes);
      // An empty message is no end, but a stream of bytes cannot show it.
      while (count === 0 && !isCancelled) count = await source.read(bytes);
      if (isCancelled) return;
      if (count === null) {
        controller.close();
        request.respond(0);
        source.readingEnded();
      } else {
        request.respond(count);
      }
    },
    cancel(): void {
      isCancelled = true;
      source.readingEnded();
    },
  });
}

/** How much may be written ahead of the sink before the stream asks its writer to wait, in bytes. */
const HIGH_WATER_MARK = 65536;

/**
 * Return a stream whose writer waits until what it wrote has been taken. Chunks that queue up while the
 * sink is busy go out together, in one call.
 */
export function writableTo(sink: Sink): WritableStream<Uint8Array<ArrayBufferLike>> {
  const batch = new Batch(sink);
  const stream = new WritableStream(batch, batch);
  // No subclass: naming the class when this file is loaded would make Deno load all of its streams.
  tellOfClose(stream, batch);
  const getWriter = stream.getWriter.bind(stream);
  stream.getWriter = () => {
    const writer = getWriter();
    tellOfClose(writer, batch);
    return writer;
  };
  return stream;
}

/** Make the `close` of a stream, or of its writer, tell the batch at once. */
function tellOfClose(target: { close(): Promise<void> }, batch: Batch): void {
  const close = target.close.bind(target);
  target.close = () => {
    batch.isClosing = true;
    return close();
  };
}

/**
 * The chunks that the stream holds. The stream hands them over one by one, but asks for the size of each
 * when it is written: that is when they are noted here.
 */
class Batch implements UnderlyingSink<Uint8Array>, QueuingStrategy<Uint8Array> {
  readonly highWaterMark = HIGH_WATER_MARK;
  /** No chunk that comes after the close is ever handed over: none may be noted. */
  isClosing = false;
  readonly #sink: Sink;
  #noted: Uint8Array[] = [];
  #sentAhead = 0;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  readonly size = (chunk: Uint8Array): number => {
    if (!(chunk instanceof Uint8Array)) throw new TypeError("Cannot write: give a Uint8Array");
    if (!this.isClosing) this.#noted.push(chunk);
    return chunk.byteLength;
  };

  async write(): Promise<void> {
    if (this.#sentAhead > 0) {
      this.#sentAhead--;
      return;
    }
    const chunks = this.#noted;
    this.#noted = [];
    await this.#sink.writeAll(chunks);
    this.#sentAhead = chunks.length - 1;
  }

  close(): void {
    this.#sink.writingEnded();
  }

  abort(): void {
    this.#sink.writingEnded();
  }
}
