/**
 * The web streams of a socket, and what their ends mean for it.
 *
 * @module
 */

import { MISSING, platform } from "../../ffi/platform/mod.ts";
import { recv, shutdown } from "../../ffi/syscalls/sockets.ts";
import { check } from "../errors.ts";
import type { Descriptor } from "../descriptor/descriptor.ts";
import { type Outcome, perform } from "../descriptor/perform.ts";
import { readableFrom, writableTo } from "../fd/streams.ts";
import { isReadingShutDown } from "../socket/inspect.ts";
import { bytesAvailable } from "../socket/options.ts";
import type { SocketType } from "../socket/socket_type.ts";
import type { Socket } from "./socket.ts";

/**
 * The two streams of a socket: each is made when it is first asked for. In whatever way a stream ends, its
 * side of the socket is shut down; the socket is closed once both have ended.
 */
export class SocketStreams {
  readonly #socket: Socket;
  readonly #descriptor: Descriptor;
  #readable: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
  #writable: WritableStream<Uint8Array<ArrayBufferLike>> | undefined;
  #hasReadingEnded = false;
  #hasWritingEnded = false;

  constructor(socket: Socket, descriptor: Descriptor) {
    this.#socket = socket;
    this.#descriptor = descriptor;
  }

  /** What arrives. */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#readable ??= this.#newReadable();
  }

  #newReadable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const source = this.#socket.type === "stream"
      ? this.#socket
      : new WholeMessages(this.#socket, this.#descriptor);
    return readableFrom({
      read: (bytes, signal) => source.read(bytes, { signal }),
      readingEnded: () => {
        this.#hasReadingEnded = true;
        this.#end(platform.SHUT_RD);
      },
    });
  }

  /** What is to be sent. */
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
    if (this.#hasReadingEnded && this.#hasWritingEnded) return this.#descriptor.close();
    const result = shutdown(this.#descriptor.fd, how);
    // A peer that is gone already has shut down everything by itself.
    if (result !== -platform.ENOTCONN) check(result, "shutdown");
  }
}

/** Reads the bytes of messages, all of each: a part that does not fit one read comes with the next. */
class WholeMessages {
  readonly #socket: Socket;
  readonly #descriptor: Descriptor;
  #rest: Uint8Array | undefined;

  constructor(socket: Socket, descriptor: Descriptor) {
    this.#socket = socket;
    this.#descriptor = descriptor;
  }

  async read(bytes: Uint8Array, options: { signal: AbortSignal }): Promise<number | null> {
    if (this.#rest !== undefined) return this.#give(this.#rest, bytes);
    const length = await this.#nextLength(options.signal);
    if (length === null) return null;
    const fits = length <= bytes.byteLength;
    const buffer = fits ? bytes : new Uint8Array(length);
    const message = await this.#socket.receive({ buffer, ...options });
    try {
      if (message?.truncated) {
        throw new Deno.errors.InvalidData(
          `Cannot read a message of more than ${buffer.byteLength} bytes whole: another reader of the socket took the one before it; let only one read, or use \`receive\``,
        );
      }
      if (message === null) return null;
      return fits ? message.data.byteLength : this.#give(message.data, bytes);
    } finally {
      message?.[Symbol.dispose]();
    }
  }

  #give(data: Uint8Array, bytes: Uint8Array): number {
    const part = data.subarray(0, bytes.byteLength);
    bytes.set(part);
    this.#rest = part.byteLength < data.byteLength ? data.subarray(part.byteLength) : undefined;
    return part.byteLength;
  }

  #nextLength(signal: AbortSignal): Promise<number | null> {
    const { type } = this.#socket;
    return perform(this.#descriptor.reading, new NextLength(this.#descriptor, type), signal);
  }
}

const NOTHING = new Uint8Array(0);

/** Waits for a message, and tells its length: 0 for an empty one, and perhaps at the end. */
class NextLength implements Outcome<number | null> {
  #isOver = false;

  constructor(readonly descriptor: Descriptor, readonly type: SocketType) {}

  attempt(): number {
    const { fd } = this.descriptor;
    const { EAGAIN, MSG_DONTWAIT, MSG_PEEK, MSG_TRUNC } = platform;
    const length = recv(fd, NOTHING, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
    if (length === -EAGAIN) {
      // Once reading is shut down, a datagram socket stays readable and gives EAGAIN.
      this.#isOver = this.type === "dgram" && isReadingShutDown(fd);
      return this.#isOver ? 0 : length;
    }
    // Where MSG_TRUNC does not ask for the length, an option tells it.
    return length >= 0 && platform.SO_NREAD !== MISSING ? bytesAvailable(fd) : length;
  }

  outcome(length: number): number | null {
    return this.#isOver ? null : check(length, "recv");
  }
}
