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
  /** Write all of `bytes`. */
  writeAll(bytes: Uint8Array): Promise<void>;
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

/** Return a stream whose writer waits until what it wrote has been taken. */
export function writableTo(sink: Sink): WritableStream<Uint8Array<ArrayBufferLike>> {
  return new WritableStream({
    write: (chunk) => sink.writeAll(chunk),
    close: () => sink.writingEnded(),
    abort: () => sink.writingEnded(),
  });
}
