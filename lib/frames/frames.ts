/**
 * Frames over a stream socket: the class.
 *
 * @module
 */

import { requireOptions } from "../errors.ts";
import { MAX_FILES } from "../fd/file_like.ts";
import { Socket } from "../handle/socket.ts";
import type { SendOptions } from "../handle/socket_transfer.ts";
import type { OutgoingMessage } from "../socket/outgoing_message.ts";
import type { Frame } from "./frame.ts";
import { FrameIterator } from "./frame_iterator.ts";
import { FrameReader } from "./frame_reader.ts";
import { FrameSender } from "./frame_sender.ts";
import type { Framing } from "./framing.ts";

/**
 * What {@linkcode Frames} accepts.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 * import { Frames, type FramesOptions, lengthPrefixed } from "@denet/unix/frames";
 *
 * const options: FramesOptions = { files: 4, maxSize: 65536 };
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * using frames = new Frames(b, lengthPrefixed(), options);
 * await a.write(new Uint8Array([0, 0, 0, 1, 7]));
 * using frame = await frames.next();
 * console.log(frame?.body);
 * ```
 */
export interface FramesOptions {
  /**
   * The most descriptors to accept with one message of the peer's, at most 253. The default is 0: the kernel
   * closes what a peer sends.
   */
  files?: number;
  /** The most bytes of a whole frame, at most 1 GiB. The default is 1 MiB. */
  maxSize?: number;
}

/**
 * How {@linkcode Frames.next} waits.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 * import { delimited, Frames } from "@denet/unix/frames";
 * import { assertRejects } from "@std/assert";
 *
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * using frames = new Frames(b, delimited());
 * const options = { signal: AbortSignal.timeout(20) };
 * await assertRejects(() => frames.next(options), DOMException);
 * console.log(a.type);
 * ```
 */
export interface NextOptions {
  /** Ends the wait; the promise is rejected with the signal's reason. What has come is kept for the next call. */
  signal?: AbortSignal;
}

const DEFAULT_MAX_SIZE = 1 << 20;
const LARGEST_MAX_SIZE = 1 << 30;

/** The sockets that are being read in frames: two readers of one stream would each get parts of it. */
const inUse = new WeakSet<Socket>();

/**
 * Reads and writes a stream socket in frames, and keeps passed descriptors with the frame they belong to.
 *
 * A stream keeps no boundaries: what a peer sends as one frame arrives in pieces, or several in one piece. A
 * frame has the descriptors that were sent with a byte of it, in order. Where a sender puts several frames
 * into one message with descriptors, all of them come with the first of those frames: protocols that count
 * their descriptors (D-Bus, Wayland) keep a queue of their own.
 *
 * Read the socket through this object alone until it is disposed: it takes more from the socket than the frame
 * that was asked for. Disposing leaves the socket open, ends waiting calls with `Deno.errors.BadResource`,
 * closes descriptors that were not taken, and leaves bytes that were not used to the socket's next receive.
 *
 * @example Lines, in a loop
 * ```ts
 * import { unix } from "@denet/unix";
 * import { delimited, Frames } from "@denet/unix/frames";
 * import { assertEquals } from "@std/assert";
 *
 * const [a, b] = unix.socketpair();
 * using _b = b;
 * await a.write(new TextEncoder().encode("one\ntwo\n"));
 * a.close();
 *
 * using frames = new Frames(b, delimited());
 * const lines: string[] = [];
 * for await (using frame of frames) lines.push(new TextDecoder().decode(frame.body));
 * assertEquals(lines, ["one", "two"]);
 * ```
 *
 * @example Descriptors with their frames
 * ```ts
 * import { OwnedFd, unix } from "@denet/unix";
 * import { Frames, lengthPrefixed } from "@denet/unix/frames";
 * import { assertEquals } from "@std/assert";
 *
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * using frames = new Frames(b, lengthPrefixed({ bytes: 1 }), { files: 4 });
 * using letter = OwnedFd.memfd("letter");
 * await a.send({ data: new Uint8Array([2, 1, 1]) });
 * await a.send({ data: new Uint8Array([2, 2, 2]), files: [letter] });
 * using first = await frames.next();
 * using second = await frames.next();
 * assertEquals([first?.files.length, second?.files.length], [0, 1]);
 * assertEquals(second?.body, new Uint8Array([2, 2]));
 * ```
 */
export class Frames implements AsyncIterable<Frame>, Disposable {
  readonly #socket: Socket;
  readonly #reader: FrameReader;
  readonly #maxSize: number;
  readonly #sender: FrameSender;

  /**
   * Start to read `socket` in frames. Bytes that it has are part of the first frame.
   *
   * @param socket A stream socket; it stays the caller's to close.
   * @param framing How frames end.
   * @param options What to accept.
   * @throws {TypeError} If `socket` is no stream socket, or `framing` no function.
   * @throws {RangeError} If `files` or `maxSize` is out of range.
   * @throws {Deno.errors.Busy} If other frames read this socket, and are not disposed.
   * @throws {Deno.errors.BadResource} If the socket is closed.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   * import { delimited, Frames } from "@denet/unix/frames";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * using frames = new Frames(b, delimited("\n".charCodeAt(0)), { files: 1, maxSize: 65536 });
   * await a.write(new TextEncoder().encode("hello\n"));
   * using frame = await frames.next();
   * console.log(frame?.body.byteLength);
   * ```
   */
  constructor(socket: Socket, framing: Framing, options: FramesOptions = {}) {
    requireOptions(options, "read frames");
    const { files = 0, maxSize = DEFAULT_MAX_SIZE } = options;
    requireStream(socket);
    void socket.fd; // throws once it is closed
    if (typeof framing !== "function") {
      throw new TypeError(
        "Cannot read frames: the framing is no function; give one, as made by `lengthPrefixed` or `delimited`",
      );
    }
    requireInteger("accept", files, 0, MAX_FILES, "descriptors");
    requireInteger("read frames of", maxSize, 1, LARGEST_MAX_SIZE, "bytes");
    if (inUse.has(socket)) {
      throw new Deno.errors.Busy(
        "Cannot read frames: another `Frames` reads this socket; dispose that first",
      );
    }
    this.#socket = socket;
    this.#maxSize = maxSize;
    this.#reader = new FrameReader(socket, framing, { files, maxSize });
    this.#sender = new FrameSender(socket);
    inUse.add(socket);
  }

  /**
   * Read the next frame. Calls that wait get their frames in the order they were made.
   *
   * @param options What ends the wait.
   * @returns The frame, or `null` at the end of the stream, if that is between two frames.
   * @throws {Deno.errors.InvalidData} If the frame is longer than `maxSize`, or the framing throws, which is the
   * `cause` then, or gives no length. Nothing is taken: each further call fails as well, while `readExactly`, and
   * the socket after disposing, give the bytes.
   * @throws {Deno.errors.UnexpectedEof} If the stream ends in the middle of a frame.
   * @throws {ControlTruncatedError} If descriptors of this frame are missing: more came in one message than
   * `files`, or this process has too many open. Its `data` is the whole frame; the next call goes on behind it.
   * @throws {Deno.errors.BadResource} If the frames are disposed, or the socket is closed, also while waiting.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   * import { Frames, lengthPrefixed } from "@denet/unix/frames";
   * import { assertEquals } from "@std/assert";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * using frames = new Frames(b, lengthPrefixed({ bytes: 2 }), { maxSize: 4096 });
   * await a.write(new Uint8Array([0, 1, 7]));
   * using frame = await frames.next({ signal: AbortSignal.timeout(5000) });
   * assertEquals(frame?.body, new Uint8Array([7]));
   * ```
   */
  next(options: NextOptions = NO_OPTIONS): Promise<Frame | null> {
    return this.#read(undefined, options);
  }

  /**
   * Read the next `size` bytes as one frame, whatever the framing says about them, with the descriptors that were
   * sent with one of them: for parts of a protocol that are framed otherwise.
   *
   * @param size Bytes, from 0 to `maxSize`.
   * @param options What ends the wait.
   * @returns The bytes, or `null` if the stream has ended before the first of them.
   * @throws {RangeError} If `size` is out of range.
   * @throws {Deno.errors.UnexpectedEof} If the stream ends after some of them.
   * @throws {ControlTruncatedError} If descriptors are missing, as for `next`.
   * @throws {Deno.errors.BadResource} If the frames are disposed, or the socket is closed, also while waiting.
   *
   * @example A payload whose size is in the line before
   * ```ts
   * import { unix } from "@denet/unix";
   * import { delimited, Frames } from "@denet/unix/frames";
   * import { assertEquals } from "@std/assert";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * await a.write(new TextEncoder().encode("size 3\nabc"));
   * using frames = new Frames(b, delimited());
   * using line = await frames.next();
   * const size = Number(new TextDecoder().decode(line?.body).split(" ")[1]);
   * using payload = await frames.readExactly(size);
   * assertEquals(new TextDecoder().decode(payload?.data), "abc");
   * ```
   */
  readExactly(size: number, options: NextOptions = NO_OPTIONS): Promise<Frame | null> {
    return this.#read(size ?? NaN, options); // nothing is no size: it would read a frame
  }

  #read(size: number | undefined, options: NextOptions): Promise<Frame | null> {
    try {
      requireOptions(options, "read a frame");
      const { signal } = options;
      if (size !== undefined) requireInteger("read", size, 0, this.#maxSize, "bytes");
      const frame = this.#reader.takeNow(size, signal);
      return frame === undefined ? this.#reader.waitFor(size, signal) : Promise.resolve(frame);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Send one frame, or several, prefixes and delimiters included: all of it, never mixed with other sends. The
   * descriptors go with its first byte, and stay open here.
   *
   * @param message What to send.
   * @param options What ends the wait. If a part of the frame is on the stream by then, nothing can follow it, and
   * further calls fail.
   * @returns The number of bytes sent.
   * @throws {TypeError} If there are descriptors and no data.
   * @throws {RangeError} If there are more than 253 descriptors.
   * @throws {Deno.errors.BrokenPipe} If the peer has closed, or an earlier send ended in the middle of a frame.
   * @throws {Deno.errors.BadResource} If the frames are disposed, or the socket or one of the files is closed.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   * import { Frames, lengthPrefixed } from "@denet/unix/frames";
   * import { assertEquals } from "@std/assert";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * using near = new Frames(a, lengthPrefixed());
   * using far = new Frames(b, lengthPrefixed(), { files: 1 });
   * await near.send({ data: [new Uint8Array([0, 0, 0, 2]), new Uint8Array([5, 6])], files: [0] });
   * using frame = await far.next();
   * assertEquals([frame?.body, frame?.files.length], [new Uint8Array([5, 6]), 1]);
   * ```
   */
  send(message: OutgoingMessage, options: SendOptions = {}): Promise<number> {
    try {
      if (this.#reader.closed !== undefined) throw this.#reader.closed;
      requireOptions(options, "send a frame");
      return this.#sender.send(message, options.signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Go through the frames until the end of the stream. Leaving the loop leaves everything open, and another
   * loop goes on with the next frame.
   *
   * @throws {Error} If `next` throws it.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   * import { delimited, Frames } from "@denet/unix/frames";
   *
   * const [a, b] = unix.socketpair();
   * using _b = b;
   * await a.write(new TextEncoder().encode("one\ntwo\n"));
   * a.close();
   * using frames = new Frames(b, delimited());
   * for await (using frame of frames) console.log(frame.body);
   * ```
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Frame> {
    return new FrameIterator(this.#reader);
  }

  /** Stop reading in frames: the socket stays open, and gets back the bytes that were not used. */
  [Symbol.dispose](): void {
    if (this.#reader.closed !== undefined) return;
    inUse.delete(this.#socket);
    this.#reader.close(
      new Deno.errors.BadResource(
        "Cannot use the frames: they are disposed; make new ones for the socket",
      ),
    );
  }
}

/** The options of calls without any, shared: an object for each call would be garbage at once. */
const NO_OPTIONS: NextOptions = {};

function requireStream(socket: Socket): void {
  if (!(socket instanceof Socket)) {
    throw new TypeError("Cannot read frames: the first argument is no socket; give a `Socket`");
  }
  if (socket.type === "stream") return;
  throw new TypeError(
    `Cannot read frames from a ${socket.type} socket: it keeps the boundaries of messages; use \`receive\` or \`messages\``,
  );
}

function requireInteger(
  what: string,
  value: number,
  least: number,
  most: number,
  unit: string,
): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(
    `Cannot ${what} ${String(value)} ${unit}: give an integer from ${least} to ${most}`,
  );
}
