/**
 * Descriptors and credentials that came with the bytes of a stream, and which bytes they came with.
 *
 * @module
 */

import { type Credentials, isSameSender } from "../message/cmsg.ts";
import type { OwnedFd } from "../handle/owned_fd.ts";
import { MAX_FILES } from "../fd/file_like.ts";

/** What belongs to one frame. */
export interface FrameCompanions {
  /** The descriptors, in the order they were sent. */
  files: OwnedFd[];
  /** The sender, if all of the frame came from it. */
  credentials: Credentials | undefined;
  /** Why descriptors are missing, if some are. Then there are no others. */
  loss: Loss | undefined;
}

/** Descriptors that were sent and could not be accepted. */
export interface Loss {
  readonly reason: string;
  readonly code: string | undefined;
}

/** Bytes that follow each other and have one sender, if that is known. */
export interface SentPart {
  readonly size: number;
  readonly credentials: Credentials | undefined;
}

const TOO_MANY: Loss = {
  reason: `more than ${MAX_FILES} descriptors came with it, the most for a frame`,
  code: undefined,
};

interface Placed<T> {
  /** Counts the bytes of the stream. */
  readonly at: number;
  readonly what: T;
}

/** Descriptors and senders by the place in the stream of the byte they came with. */
export class Companions {
  /** How many bytes of the stream have come, and how many of them were taken. */
  #came = 0;
  #taken = 0;
  readonly #files: Placed<OwnedFd[]>[] = [];
  #fileCount = 0;
  readonly #losses: Placed<Loss>[] = [];
  /** The sender of the next byte, and where another one follows. */
  #sender: Credentials | undefined = undefined;
  readonly #senders: Placed<Credentials | undefined>[] = [];

  /**
   * Note `size` bytes, and what came with the first of them. More are received only for a frame that is not whole, so
   * all descriptors that were not taken belong to it: they are closed at once when they are too many for a frame, lest
   * a peer that never ends its frame use up all descriptors of this process.
   */
  note(size: number, files: OwnedFd[], credentials?: Credentials, loss?: Loss): void {
    const at = this.#came;
    this.#came += size;
    if (files.length > 0) this.#files.push({ at, what: files });
    if (loss !== undefined) this.#losses.push({ at, what: loss });
    this.#fileCount += files.length;
    if (this.#fileCount > MAX_FILES) this.#loseFiles();
    const last = this.#senders.length > 0 ? this.#senders.at(-1)?.what : this.#sender;
    if (!isSameSender(credentials, last)) this.#senders.push({ at, what: credentials });
  }

  /** Take `size` bytes: what came with them, or `undefined` for nothing. */
  take(size: number): FrameCompanions | undefined {
    const start = this.#taken;
    const end = this.#taken = start + size;
    if (this.#isPlain()) return undefined;
    const losses = takeBefore(this.#losses, end);
    const files = takeBefore(this.#files, end).flatMap(({ what }) => what);
    this.#fileCount -= files.length;
    const credentials = this.#takeSender(start, end);
    const loss = losses[0]?.what;
    if (loss !== undefined) closeAll(files);
    return { files: loss === undefined ? files : [], credentials, loss };
  }

  /** Close all descriptors, and note with each byte they came with that they are missing. */
  #loseFiles(): void {
    for (const { at, what } of this.#files.splice(0)) {
      closeAll(what);
      this.#losses.push({ at, what: TOO_MANY });
    }
    this.#losses.sort((one, other) => one.at - other.at);
    this.#fileCount = 0;
  }

  #isPlain(): boolean {
    return this.#sender === undefined &&
      this.#files.length + this.#losses.length + this.#senders.length === 0;
  }

  /** The one sender of all bytes from `start` to `end`, or `undefined`. */
  #takeSender(start: number, end: number): Credentials | undefined {
    let isOne = true;
    for (const { at, what } of takeBefore(this.#senders, end)) {
      isOne &&= at <= start;
      this.#sender = what;
    }
    return isOne ? this.#sender : undefined;
  }

  /** Close every descriptor that was not taken, and return the senders of the bytes that were not, in order. */
  close(): SentPart[] {
    for (const { what } of this.#files.splice(0)) closeAll(what);
    const starts = [{ at: this.#taken, what: this.#sender }, ...this.#senders];
    return starts.map(({ at, what }, i) => ({
      size: (starts[i + 1]?.at ?? this.#came) - at,
      credentials: what,
    })).filter(({ size }) => size > 0);
  }
}

function takeBefore<T>(placed: Placed<T>[], end: number): Placed<T>[] {
  const rest = placed.findIndex(({ at }) => at >= end);
  return placed.splice(0, rest < 0 ? placed.length : rest);
}

function closeAll(files: readonly OwnedFd[]): void {
  for (const file of files) file.close();
}
