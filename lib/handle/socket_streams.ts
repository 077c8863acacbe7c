/**
 * The web streams of a socket: at their ends they shut down or close it.
 *
 * @module
 */

import { MISSING, platform } from "../../ffi/platform/mod.ts";
import { check } from "../errors.ts";
import type { Descriptor } from "../descriptor/descriptor.ts";
import { copyOf } from "../descriptor/caller_buffer.ts";
import { type Outcome, perform } from "../descriptor/perform.ts";
import { CHUNK_SIZE, ChunkRead, sharedChunk } from "../fd/chunk.ts";
import { readableFrom, writableTo } from "../fd/streams.ts";
import { isReadingShutDown } from "../socket/inspect.ts";
import { bytesAvailable } from "../socket/options.ts";
import { peek } from "../socket/peek.ts";
import { noteTaken } from "../socket/seqpacket.ts";
import { discardUnread, shutDown } from "../socket/shutdown.ts";
import type { SocketType } from "../socket/socket_type.ts";
import { Read } from "./reading.ts";
import type { SocketState, StreamPair } from "./socket_state.ts";
import type { SocketTransfer } from "./socket_transfer.ts";

/**
 * The two streams of a socket: each is made when it is first asked for. In whatever way a stream ends, its
 * side of the socket is shut down; the socket is closed once both have ended.
 */
export class SocketStreams implements StreamPair {
  readonly #socket: SocketTransfer;
  readonly #state: SocketState;
  readonly #descriptor: Descriptor;
  #readable: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
  #writable: WritableStream<Uint8Array<ArrayBufferLike>> | undefined;
  #hasReadingEnded = false;
  #hasWritingEnded = false;

  constructor(socket: SocketTransfer, state: SocketState) {
    this.#socket = socket;
    this.#state = state;
    this.#descriptor = state.descriptor;
  }

  /** The received data as a stream. */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#readable ??= this.#newReadable();
  }

  #newReadable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const bytes = this.#socket.type === "stream"
      ? new Bytes(this.#socket, this.#state)
      : new WholeMessages(this.#socket, this.#state);
    return readableFrom({
      readChunk: (signal) => bytes.readChunk(signal),
      read: (into, signal) => bytes.read(into, signal),
      readingEnded: () => {
        this.#hasReadingEnded = true;
        this.#end(platform.SHUT_RD);
      },
    });
  }

  /** A stream for the data to send. */
  get writable(): WritableStream<Uint8Array<ArrayBufferLike>> {
    return this.#writable ??= writableTo({
      writeAll: (data, signal) => this.#socket.send({ data }, { signal }),
      writingEnded: () => {
        this.#hasWritingEnded = true;
        this.#end(platform.SHUT_WR);
      },
    });
  }

  /** Shut down a side that has ended, and close the socket once both have. */
  #end(how: number): void {
    if (this.#descriptor.closed) return;
    if (this.#hasReadingEnded && this.#hasWritingEnded) return this.#descriptor.close("streamed");
    const result = shutDown(this.#descriptor, how);
    // If the peer has closed, both directions are shut down already.
    if (result !== -platform.ENOTCONN) check(result, "shutdown");
    if (how === platform.SHUT_RD) this.#discardUnread();
  }

  #discardUnread(): void {
    discardUnread(this.#descriptor.fd, sharedChunk());
    const { receiving } = this.#state;
    if (receiving !== undefined) noteTaken(receiving, undefined);
  }
}

/** Reads a stream. */
class Bytes {
  readonly #socket: SocketTransfer;
  readonly #state: SocketState;

  constructor(socket: SocketTransfer, state: SocketState) {
    this.#socket = socket;
    this.#state = state;
  }

  readChunk(signal: AbortSignal): Promise<Uint8Array<ArrayBuffer> | null> {
    const read = new ChunkRead(new Read(this.#state, this.#socket, sharedChunk(), CHUNK_SIZE));
    return perform(this.#state.descriptor.reading, read, signal);
  }

  read(bytes: Uint8Array, signal: AbortSignal): Promise<number | null> {
    return this.#socket.read(bytes, { signal });
  }
}

/** Reads the bytes of whole messages: the rest of one that does not fit a read comes with the next read. */
class WholeMessages {
  readonly #socket: SocketTransfer;
  readonly #descriptor: Descriptor;
  #rest: Uint8Array<ArrayBuffer> | undefined;

  constructor(socket: SocketTransfer, state: SocketState) {
    this.#socket = socket;
    this.#descriptor = state.descriptor;
  }

  async readChunk(signal: AbortSignal): Promise<Uint8Array<ArrayBuffer> | null> {
    if (this.#rest !== undefined) return this.#take(this.#rest.byteLength);
    const length = await this.#nextLength(signal);
    if (length === null) return null;
    const message = await this.#socket.receive({ size: Math.max(length, 1), signal });
    try {
      if (message?.truncated) throw cutMessage(length);
      return message === null ? null : copyOf(message.data);
    } finally {
      message?.[Symbol.dispose]();
    }
  }

  async read(bytes: Uint8Array, signal: AbortSignal): Promise<number | null> {
    this.#rest ??= await this.readChunk(signal) ?? undefined;
    if (this.#rest === undefined) return null;
    const part = this.#take(bytes.byteLength);
    bytes.set(part);
    return part.byteLength;
  }

  /** Take so many bytes of what was received, at most. */
  #take(size: number): Uint8Array<ArrayBuffer> {
    const rest = this.#rest ?? NOTHING;
    this.#rest = rest.byteLength > size ? rest.subarray(size) : undefined;
    return rest.subarray(0, size);
  }

  #nextLength(signal: AbortSignal): Promise<number | null> {
    const { type } = this.#socket;
    return perform(this.#descriptor.reading, new NextLength(this.#descriptor, type), signal);
  }
}

function cutMessage(size: number): Error {
  return new Deno.errors.InvalidData(
    `Cannot read the whole message: it is longer than the ${size} bytes of the one before, which another reader of the socket took; let only one read, or use \`receive\``,
  );
}

const NOTHING = new Uint8Array(0);

/** Waits for a message and returns its length: 0 for an empty one, or at the end. */
class NextLength implements Outcome<number | null> {
  #isOver = false;

  constructor(readonly descriptor: Descriptor, readonly type: SocketType) {}

  attempt(): number {
    const { fd } = this.descriptor;
    const { EAGAIN, MSG_TRUNC } = platform;
    const length = peek(fd, NOTHING, MSG_TRUNC);
    if (length === -EAGAIN) {
      // Once reading is shut down, a datagram socket stays readable and gives EAGAIN.
      this.#isOver = this.type === "dgram" && isReadingShutDown(fd);
      return this.#isOver ? 0 : length;
    }
    // If MSG_TRUNC does not return the length, an option has it.
    return length >= 0 && platform.SO_NREAD !== MISSING ? bytesAvailable(fd) : length;
  }

  outcome(length: number): number | null {
    return this.#isOver ? null : check(length, "recv");
  }
}
