/**
 * One frame with its descriptors and its sender.
 *
 * @module
 */

import type { Credentials } from "../message/cmsg.ts";
import { closeWithMessage, type OwnedFd } from "../handle/owned_fd.ts";

/**
 * A frame that arrived, with the descriptors that were sent with a byte of it. They belong to it until they
 * are detached or taken out of `files`; disposing it closes the rest.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 * import { type Frame, Frames, lengthPrefixed } from "@denet/unix/frames";
 * import { assertEquals } from "@std/assert";
 *
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * using frames = new Frames(b, lengthPrefixed({ bytes: 1 }), { files: 1 });
 * await a.send({ data: new Uint8Array([1, 7]), files: [0] });
 * using frame: Frame | null = await frames.next();
 * assertEquals([frame?.data, frame?.body], [new Uint8Array([1, 7]), new Uint8Array([7])]);
 * using kept = frame?.files.shift(); // taken out, it outlives the frame
 * console.log(kept?.kind());
 * ```
 */
export interface Frame extends Disposable {
  /** The whole frame, prefix and delimiter included, in memory of its own. */
  data: Uint8Array;
  /** The frame without its prefix or delimiter: a view of `data`. */
  body: Uint8Array;
  /** The descriptors, in the order the sender gave them. */
  files: OwnedFd[];
  /**
   * The sender, checked by the kernel, if the socket's `passCredentials` is on. Missing as well where parts of
   * the frame came from different senders.
   */
  credentials?: Credentials;
}

/** {@linkcode Frame}, and what disposing does. */
export class ReceivedFrame implements Frame {
  data: Uint8Array;
  files: OwnedFd[];
  declare credentials?: Credentials;
  readonly #bodyOf: ((frame: Uint8Array) => Uint8Array) | undefined;
  #body: Uint8Array | undefined = undefined;

  /**
   * @param bodyOf Makes the body, at its first use: most programs need the whole frame or the body, not both. Without
   * it, that is the whole frame.
   */
  constructor(data: Uint8Array, files: OwnedFd[], bodyOf?: (frame: Uint8Array) => Uint8Array) {
    this.data = data;
    this.files = files;
    this.#bodyOf = bodyOf;
  }

  get body(): Uint8Array {
    return this.#body ??= this.#bodyOf === undefined ? this.data : this.#bodyOf(this.data);
  }

  set body(bytes: Uint8Array) {
    this.#body = bytes;
  }

  [Symbol.dispose](): void {
    for (const file of this.files) closeWithMessage(file);
  }
}
