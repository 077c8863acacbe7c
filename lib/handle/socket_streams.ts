/**
 * The web streams of a socket, and what their ends mean for it.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { shutdown } from "../../ffi/syscalls/sockets.ts";
import { check } from "../errors.ts";
import type { Descriptor } from "../descriptor/descriptor.ts";
import { readableFrom, writableTo } from "../fd/streams.ts";
import type { Socket } from "./socket.ts";

/** The two streams of a socket: each is made when it is first asked for. */
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
    return this.#readable ??= readableFrom({
      read: (bytes) => this.#socket.read(bytes),
      readingEnded: () => {
        this.#hasReadingEnded = true;
        this.#end(platform.SHUT_RD);
      },
    });
  }

  /** What is to be sent. */
  get writable(): WritableStream<Uint8Array<ArrayBufferLike>> {
    return this.#writable ??= writableTo({
      writeAll: (chunks) => this.#writeAll(chunks),
      writingEnded: () => {
        this.#hasWritingEnded = true;
        this.#end(platform.SHUT_WR);
      },
    });
  }

  /** A stream takes them all at once; elsewhere each is a message. */
  async #writeAll(chunks: readonly Uint8Array[]): Promise<void> {
    if (this.#socket.type === "stream") await this.#socket.send({ data: chunks });
    else for (const data of chunks) await this.#socket.send({ data });
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
