/**
 * Sizes of control messages, for programs that reserve capacity themselves.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import * as codec from "../message/cmsg.ts";
import { MAX_CONTROL } from "./state.ts";

/**
 * Return what the kernel writes into the header of a control message with a payload of `length` bytes: `CMSG_LEN`
 * of cmsg(3), padding not included.
 *
 * @param length The size of the payload, in bytes, from 0 to 131072.
 * @throws {RangeError} If `length` is out of range.
 *
 * @example
 * ```ts
 * import { cmsgLen, cmsgSpace } from "@denet/unix/msghdr";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(cmsgLen(4) <= cmsgSpace(4), true);
 * ```
 */
export function cmsgLen(length: number): number {
  return codec.cmsgLen(checkedLength(length), platform);
}

/**
 * Return the control capacity that a control message with a payload of `length` bytes takes, header and padding
 * included: `CMSG_SPACE` of cmsg(3). It is what to add up for `controlCapacity` of a `Msghdr`.
 *
 * @param length The size of the payload, in bytes, from 0 to 131072.
 * @throws {RangeError} If `length` is out of range.
 *
 * @example Capacity for credentials, which are three C ints
 * ```ts
 * import { cmsgSpace, Msghdr } from "@denet/unix/msghdr";
 *
 * using message = new Msghdr({ controlCapacity: cmsgSpace(12) });
 * ```
 */
export function cmsgSpace(length: number): number {
  return codec.cmsgSpace(checkedLength(length), platform);
}

function checkedLength(length: number): number {
  if (Number.isInteger(length) && length >= 0 && length <= MAX_CONTROL) return length;
  throw new RangeError(
    `Cannot reserve ${
      String(length)
    } bytes for control data: give an integer from 0 to ${MAX_CONTROL}`,
  );
}
