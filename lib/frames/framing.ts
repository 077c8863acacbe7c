/**
 * How a protocol marks its frames: by a length in front of each, or by a delimiter behind it.
 *
 * @module
 */

import { isBytes } from "../descriptor/caller_buffer.ts";
import { checkedFlag, requireOptions, shown } from "../errors.ts";

/**
 * Tells where the frames of a protocol end.
 *
 * A framing of your own is a function of the bytes at hand. It is called with everything that is there from
 * the beginning of a frame on, which may be less than the frame or several of them, each time more has come,
 * until it has told the length. The bytes are a view of memory that belongs to {@linkcode Frames}: neither
 * keep nor change them. To end the connection over bytes that are not of the protocol, throw: `next()`
 * rejects, and the error is its `cause`.
 *
 * @example A header of 4 bytes, whose last two are the length of the whole
 * ```ts
 * import { type Framing, Frames } from "@denet/unix/frames";
 * import { unix } from "@denet/unix";
 * import { assertEquals } from "@std/assert";
 *
 * const framing: Framing = (head) => head.length < 4 ? undefined : head[2]! << 8 | head[3]!;
 *
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * using frames = new Frames(b, framing);
 * await a.write(new Uint8Array([1, 0, 0, 6, 7, 7]));
 * using frame = await frames.next();
 * assertEquals(frame?.data.byteLength, 6);
 * ```
 */
export interface Framing {
  /**
   * Return the length in bytes of the whole frame that begins with `head`, or `undefined` if it takes more
   * bytes to tell.
   */
  (head: Uint8Array): number | undefined;
  /**
   * Return the frame without its prefix or delimiter, best as a view. Without this function the body of a
   * frame is the whole of it.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   * import { Frames, type Framing } from "@denet/unix/frames";
   * import { assertEquals } from "@std/assert";
   *
   * const framing: Framing = Object.assign(
   *   (head: Uint8Array) => head.length < 2 ? undefined : 2,
   *   { body: (frame: Uint8Array) => frame.subarray(1) },
   * );
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * using frames = new Frames(b, framing);
   * await a.write(new Uint8Array([0, 7]));
   * using frame = await frames.next();
   * assertEquals(frame?.body, new Uint8Array([7]));
   * ```
   */
  body?(frame: Uint8Array): Uint8Array;
}

/**
 * How {@linkcode lengthPrefixed} reads a length.
 *
 * @example
 * ```ts
 * import { lengthPrefixed } from "@denet/unix/frames";
 * import { assertEquals } from "@std/assert";
 *
 * // A type in 4 bytes, then the length of the whole in 4 bytes.
 * const framing = lengthPrefixed({ bytes: 4, littleEndian: true, offset: 4, counts: "frame" });
 * assertEquals(framing(new Uint8Array([1, 0, 0, 0, 12, 0, 0, 0])), 12);
 * ```
 */
export interface LengthPrefixedOptions {
  /** The size of the length, in bytes. The default is 4. */
  bytes?: 1 | 2 | 4 | 8;
  /** Whether its least significant byte comes first. The default is false: network byte order. */
  littleEndian?: boolean;
  /** Where in the frame it begins, in bytes. The default is 0. */
  offset?: number;
  /**
   * What it counts: the bytes after it (`"body"`), or the whole frame, itself and what is in front of it
   * included (`"frame"`). The default is `"body"`.
   */
  counts?: "body" | "frame";
}

/**
 * Finds the end of a frame in memory, without a view of it. `seen` is the number of bytes, from `start` on,
 * that were searched before without a result.
 */
export interface FrameEnd {
  (bytes: Uint8Array, start: number, end: number, seen: number): number | undefined;
}

/** How to find the end of a frame of this file's framings: without a view, from where the last search ended. */
const ends = new WeakMap<Framing, FrameEnd>();
const bodies = new WeakSet<Body>();

type Body = (frame: Uint8Array) => Uint8Array;

/** Return how to find the end of a frame: quicker for the framings of this file. */
export function frameEndOf(framing: Framing): FrameEnd {
  return ends.get(framing) ?? ((bytes, start, end) => framing(bytes.subarray(start, end)));
}

/** Return the `body` of a framing if it is of this file's, and so does not fail. */
export function builtInBody(framing: Framing): Body | undefined {
  const { body } = framing;
  return body !== undefined && bodies.has(body) ? body : undefined;
}

function framing(frameEnd: FrameEnd, body: Body): Framing {
  const made: Framing = Object.assign(
    (head: Uint8Array) => frameEnd(head, 0, head.byteLength, 0),
    { body },
  );
  ends.set(made, frameEnd);
  bodies.add(body);
  return made;
}

const LARGEST_OFFSET = 65536;

/**
 * Make a framing of frames that begin with their length, as those of most binary protocols.
 *
 * @param options Size, byte order, place and meaning of the length.
 * @throws {RangeError} If `bytes`, `offset` or `counts` is not one of the values it may have.
 * @throws {TypeError} If `littleEndian` is no boolean.
 *
 * @example The header of Wayland: 32 bits of something else, then 16 bits, then the size of the whole
 * ```ts
 * import { lengthPrefixed } from "@denet/unix/frames";
 * import { assertEquals } from "@std/assert";
 *
 * const framing = lengthPrefixed({ bytes: 2, offset: 6, littleEndian: true, counts: "frame" });
 * assertEquals(framing(new Uint8Array([1, 0, 0, 0, 0, 0, 12, 0])), 12);
 * assertEquals(framing(new Uint8Array([1, 0, 0, 0])), undefined);
 * ```
 */
export function lengthPrefixed(options: LengthPrefixedOptions = {}): Framing {
  requireOptions(options, "make a framing");
  const { bytes: size = 4, littleEndian = false, offset = 0, counts = "body" } = options;
  if (size !== 1 && size !== 2 && size !== 4 && size !== 8) {
    throw new RangeError(`Cannot read a length of ${shown(size)} bytes: give 1, 2, 4 or 8`);
  }
  if (!Number.isInteger(offset) || offset < 0 || offset > LARGEST_OFFSET) {
    throw new RangeError(
      `Cannot read a length at ${shown(offset)}: give an integer from 0 to ${LARGEST_OFFSET}`,
    );
  }
  if (counts !== "body" && counts !== "frame") {
    throw new RangeError(
      `Cannot count ${shown(counts)}: give "body" or "frame"`,
    );
  }
  checkedFlag("littleEndian", littleEndian);
  const prefix = offset + size;
  const from = littleEndian ? prefix - 1 : offset;
  const step = littleEndian ? -1 : 1;
  const frameEnd: FrameEnd = (bytes, start, end) => {
    if (end - start < prefix) return undefined;
    let value = 0;
    let at = start + from;
    // Beyond 2 ** 53 it becomes inexact, and is far more than a frame may have.
    for (let i = 0; i < size; i++, at += step) value = value * 256 + (bytes[at] ?? 0);
    if (counts === "body") return prefix + value;
    if (value >= prefix) return value;
    throw new RangeError(`Its length is ${value}, but its prefix alone has ${prefix} bytes`);
  };
  return framing(frameEnd, (frame) => frame.subarray(prefix));
}

/**
 * Make a framing of frames that end with a delimiter, such as lines.
 *
 * @param delimiter A byte, or several; the default is 0x0a, the end of a line.
 * @throws {TypeError} If `delimiter` is neither a number nor a `Uint8Array`.
 * @throws {RangeError} If it is not a byte, or has none.
 *
 * @example
 * ```ts
 * import { delimited } from "@denet/unix/frames";
 * import { assertEquals } from "@std/assert";
 *
 * const framing = delimited(new TextEncoder().encode("\r\n"));
 * const line = new TextEncoder().encode("OK\r\n");
 * assertEquals(framing(line), 4);
 * assertEquals(framing.body?.(line), line.subarray(0, 2));
 * ```
 */
export function delimited(delimiter: number | Uint8Array = 0x0a): Framing {
  const mark = delimiterBytes(delimiter);
  const size = mark.byteLength;
  const frameEnd: FrameEnd = (bytes, start, end, seen) => {
    // A part of the delimiter may have been there before.
    const from = start + Math.max(0, seen - size + 1);
    const found = indexOf(bytes, mark, from, end);
    return found < 0 ? undefined : found + size - start;
  };
  return framing(frameEnd, (frame) => frame.subarray(0, Math.max(0, frame.byteLength - size)));
}

function delimiterBytes(delimiter: number | Uint8Array): Uint8Array {
  if (typeof delimiter === "number") {
    if (delimiter === (delimiter & 0xff)) return Uint8Array.of(delimiter);
    throw new RangeError(`Cannot delimit by ${delimiter}: give an integer from 0 to 255`);
  }
  if (!isBytes(delimiter)) {
    throw new TypeError(
      `Cannot delimit by ${shown(delimiter)}: give a byte as a number, or a Uint8Array`,
    );
  }
  if (delimiter.byteLength > 0) return new Uint8Array(delimiter);
  throw new RangeError("Cannot delimit by an empty Uint8Array: give at least one byte");
}

function indexOf(bytes: Uint8Array, mark: Uint8Array, from: number, end: number): number {
  const first = mark[0] ?? 0;
  // A search must not go on into memory behind the end, which is used for nothing yet.
  const part = bytes.subarray(from, end);
  for (let at = 0; (at = part.indexOf(first, at)) >= 0; at++) {
    if (isAt(part, at, mark)) return from + at;
  }
  return -1;
}

function isAt(bytes: Uint8Array, at: number, mark: Uint8Array): boolean {
  for (let i = 1; i < mark.byteLength; i++) if (bytes[at + i] !== mark[i]) return false;
  return true;
}
